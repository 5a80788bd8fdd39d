"""Compression: sentence, figures and tables follow the controls, and the URL says so."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from backend.catalog import compressions
from backend.store.shards import RunTables, write_quality, write_run
from tests.helpers import make_config, make_tables
from tests.pages.conftest import Open, add_run, chart, is_well, words

COMPRESSION = "pages/compression.py"
FOUR_BITS = ("rtn-w4a16", "gptq-w4a16", "awq-w4a16", "bnb-nf4", "bnb-fp4")
CALIBRATION = {"text": "demo", "sha256": "c" * 64}
ROIS = ("left_ifg", "left_ptl")


def add_runs(
    store: Path,
    effects: Mapping[str, float],
    models: Sequence[str] = ("tiny",),
    subjects: Sequence[str] = ("sub-01",),
    **changes: object,
) -> None:
    """Put runs into a store whose compressions have known effects."""
    random = np.random.default_rng(0)
    for model in models:
        for subject in subjects:
            base = random.normal(0.3, 0.05, (3, len(ROIS), 6))
            for name in ("none", *effects):
                config = make_config(
                    model=model, subject=subject, compression=name, n_folds=6,
                    calibration=CALIBRATION if compressions()[name].needs_calibration else None,
                    **changes,
                )  # fmt: skip
                scores = base + effects.get(name, 0.0) + random.normal(0, 0.003, base.shape)
                tables = make_tables(
                    config, bits_per_weight=32.0 if name == "none" else 8.0, model_family=model
                )
                rows = []
                for row in tables.roi_scores:
                    place = row["layer"], ROIS.index(str(row["roi"])), row["fold"]
                    rows.append({**row, "r": float(scores[place])})  # type: ignore[index]
                write_run(
                    store,
                    config.run_id,
                    RunTables(
                        tables.runs, rows, tables.baseline_scores, tables.target_scores,
                        tables.spaces,
                    ),
                )  # fmt: skip


def add_quality(store: Path, compression: str, model: str = "tiny", corpus: str = "demo") -> None:
    name = f"{model}-{compression}-{corpus}"
    row = {
        "quality_id": name, "model": model, "compression": compression, "corpus": corpus,
        "corpus_sha256": corpus, "perplexity": 20.0 + len(name), "bytes_on_disk": 10_000_000,
        "bytes_in_memory": 20_000_000, "tokens_per_second": 5.0, "device": "CPU",
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    write_quality(store, name, row)


def charts(app: AppTest) -> list[str]:
    return [e.proto.id.rpartition("figure-")[2] for e in app.get("plotly_chart")]


def test_the_results_that_ship_are_judged_at_once(open_app: Open) -> None:
    app = open_app(COMPRESSION)
    assert is_well(app)
    assert "Of 2 methods of compressing MiniLM-L6: **2** equivalent to full precision" in words(app)
    assert "(n = 10 folds)" in words(app)
    # One region: no map of regions.
    assert charts(app) == ["compression", "trade-off", "compression-layers"]
    assert "Data set: Pereira 2018, language network, n = 627 sentences" in words(app)
    assert "GPTQ cannot be judged here" in words(app)


def test_known_effects_are_counted_in_the_headline(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-int8": 0.0, "bnb-nf4": 0.0, "wanda-50": -0.1, "magnitude-50": 0.1})
    app = open_app(COMPRESSION, data="toy")
    assert is_well(app)
    assert (
        "Of 4 methods of compressing tiny: **2** equivalent to full precision within 0.02, "
        "**1** worse and **1** better (n = 6 folds)."
    ) in words(app)
    assert {trace.name for trace in chart(app, "compression").data} == {
        "equivalent", "worse", "better",
    }  # fmt: skip
    assert charts(app) == [
        "compression", "trade-off", "compression-regions", "compression-layers",
    ]  # fmt: skip


def test_a_narrow_margin_leaves_methods_undecided_and_the_url_says_which(
    open_app: Open, store: Path
) -> None:
    add_runs(store, {"bnb-int8": 0.0, "bnb-nf4": 0.0})
    app = open_app(COMPRESSION, data="toy")
    app.number_input(key="margin").set_value(0.001).run()
    assert is_well(app)
    assert app.query_params["margin"] == "0.001"
    assert "**0** equivalent to full precision within 0.001" in words(app)
    assert "**2** undecided at this n" in words(app)
    again = open_app(COMPRESSION, data="toy", margin="0.001")
    assert "**2** undecided at this n" in words(again)


def test_a_fixed_depth_is_said_and_kept(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0})
    app = open_app(COMPRESSION, data="toy", layer="fixed", depth="0.50")
    assert is_well(app)
    assert "at relative depth 0.5" in words(app)
    assert app.query_params["depth"] == "0.50"


def test_units_are_subjects_where_three_have_the_pairs(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0}, subjects=("a", "b", "c"))
    app = open_app(COMPRESSION, data="toy")
    assert "(n = 6 folds)" in words(app)
    app.segmented_control(key="units").set_value("subjects").run()
    assert is_well(app)
    assert "(n = 3 subjects)" in words(app)
    assert app.query_params["units"] == "subjects"


def test_two_subjects_are_no_units(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0}, subjects=("a", "b"))
    app = open_app(COMPRESSION, data="toy")
    assert "units" not in [widget.key for widget in app.segmented_control]


def test_another_model_is_another_answer(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0}, models=("tiny", "large"))
    add_run(store, model="never-compressed", subject="sub-01", n_folds=6)
    app = open_app(COMPRESSION, data="toy")
    assert set(app.selectbox(key="of").options) == {"tiny", "large"}
    app.selectbox(key="of").set_value("large").run()
    assert "compressing large" in words(app)
    assert app.query_params["of"] == "large"


def test_full_precision_is_paired_though_the_sidebar_leaves_it_out(
    open_app: Open, store: Path
) -> None:
    add_runs(store, {"bnb-nf4": 0.0, "bnb-int8": 0.0})
    app = open_app(COMPRESSION, data="toy", compressions="bnb-nf4")
    assert "Of 1 method of compressing tiny" in words(app)


# Costs


def test_costs_that_were_measured_can_be_set_against_predictivity(
    open_app: Open, store: Path
) -> None:
    add_runs(store, {"bnb-nf4": 0.0, "bnb-int8": 0.0})
    app = open_app(COMPRESSION, data="toy")
    assert not [box for box in app.selectbox if box.key == "cost"]
    assert "Bits per weight" in chart(app, "trade-off").layout.xaxis.title.text
    for name in ("none", "bnb-nf4"):
        add_quality(store, name)
    app.run()
    app.selectbox(key="cost").set_value("perplexity").run()
    assert is_well(app)
    assert chart(app, "trade-off").layout.xaxis.title.text == "Perplexity; less is better"
    assert "against perplexity on demo" in words(app)
    assert app.query_params["cost"] == "perplexity"
    # What is not measured says how to measure it.
    assert "Not measured yet: int8" in words(app)
    assert (
        app.main.code[-1].value == "python -m backend quality --model tiny --compression bnb-int8"
    )


def test_perplexity_is_told_of_one_text(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0})
    for corpus in ("novel", "web"):
        for name in ("none", "bnb-nf4"):
            add_quality(store, name, corpus=corpus)
    app = open_app(COMPRESSION, data="toy", cost="perplexity")
    app.selectbox(key="text").set_value("web").run()
    assert is_well(app)
    assert "against perplexity on web" in words(app)
    assert app.query_params["text"] == "web"


# The exception


def test_a_planted_exception_is_found_across_models(open_app: Open, store: Path) -> None:
    effects = {**dict.fromkeys(FOUR_BITS, 0.0), "gptq-w4a16": -0.08}
    add_runs(store, effects, models=("a", "b", "c", "d"))
    app = open_app(COMPRESSION, data="toy")
    assert is_well(app)
    assert "**Yes: GPTQ W4A16 is an exception here, lower than its peers**" in words(app)
    assert "Tested across 4 models of 4 families." in words(app)
    assert "the same test calls none an exception" in words(app)
    table = app.dataframe[0].value.set_index("Method")["Verdict"]
    assert table["GPTQ W4A16"] == "EXCEPTION, lower"
    assert set(table.drop("GPTQ W4A16")) == {"in line"}


def test_an_absent_exception_is_not_found_and_another_one_is(open_app: Open, store: Path) -> None:
    effects = {**dict.fromkeys(FOUR_BITS, 0.0), "bnb-fp4": -0.08}
    add_runs(store, effects, models=("a", "b", "c", "d"))
    app = open_app(COMPRESSION, data="toy")
    assert "**No: GPTQ W4A16 is in line with its peers within 0.02**" in words(app)
    assert "the same test calls out FP4 (−0.08" in words(app)


def test_one_model_speaks_for_itself_alone(open_app: Open, store: Path) -> None:
    add_runs(store, {**dict.fromkeys(FOUR_BITS, 0.0), "gptq-w4a16": -0.08})
    app = open_app(COMPRESSION, data="toy")
    assert "**Yes: GPTQ W4A16" in words(app)
    assert "over the folds of tiny alone, and about that model only" in words(app)


# Nothing to show


@pytest.mark.usefixtures("nothing_shipped")
def test_an_empty_store_says_what_fills_it(open_app: Open) -> None:
    app = open_app(COMPRESSION)
    assert is_well(app)
    assert "--compression bnb-nf4" in app.main.code[0].value
    assert [link.label for link in app.main.get("page_link")] == ["Start a run"]
    assert not charts(app)


def test_a_store_without_compressed_runs_says_what_fills_it(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(COMPRESSION, data="toy")
    assert is_well(app)
    assert "both compressed and at full precision" in app.main.info[0].value
    assert "--compression bnb-nf4" in app.main.code[0].value


def test_runs_of_two_designs_are_no_pair(open_app: Open, store: Path) -> None:
    add_run(store, n_folds=6)
    add_run(store, compression="bnb-nf4")
    app = open_app(COMPRESSION, data="toy")
    assert is_well(app)
    assert "has a partner at full precision" in app.main.info[0].value
    assert "(of another design: 1)" in words(app)
    assert not charts(app)


def test_simulated_results_are_marked(open_app: Open, store: Path) -> None:
    add_runs(store, {"bnb-nf4": 0.0}, evidence="simulated")
    app = open_app(COMPRESSION, data="toy")
    for name in charts(app):
        assert "SIMULATED" in [note.text for note in chart(app, name).layout.annotations]
