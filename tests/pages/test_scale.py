"""Scale: the answer is said with its n, every control changes it, and the URL keeps them all."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from backend import catalog
from backend.figures.labels import METRIC_TITLES
from tests.comparisons.scale_stores import FAMILY, TWINS, write_models, write_perplexities
from tests.pages.conftest import Open, add_run, chart, is_well, words

SCALE = "pages/scale.py"
SUBJECTS = ("sub-01", "sub-02", "sub-03")


@pytest.fixture
def family(store: Path) -> Path:
    """The family, its twins and MiniLM, two responses, three subjects, two perplexities."""
    write_models(store, {**FAMILY, **TWINS}, SUBJECTS, [("AC", "left"), ("TP", "left")])
    known = {name: 100 - 15.0 * i for i, name in enumerate(FAMILY) if name != "minilm-l6"}
    write_perplexities(store, "held-out text", known)
    return store


def headline(app: AppTest) -> str:
    """The answer, which stands after the badge of its evidence."""
    return str(app.main.markdown[1].value)


def open_tales(open_app: Open, **query: str) -> AppTest:
    app = open_app(SCALE, data="tales", **query)
    assert is_well(app)
    return app


@pytest.mark.usefixtures("family")
def test_the_answer_names_the_minimal_model_with_its_n(open_app: Open) -> None:
    app = open_tales(open_app)
    assert "Minimal model: " in headline(app)
    assert "(7M parameters)" in headline(app)
    assert "equivalent to the largest, MiniLM-L6 (22.7M parameters), within ±0.02" in headline(app)
    assert "n = 8 folds" in headline(app)
    figure = chart(app, "scale")
    assert {"CortexScale", "CortexScale, random weights", "MiniLM", "minimal model"} <= {
        trace.name for trace in figure.data
    }
    assert "SIMULATED" in [a.text for a in figure.layout.annotations]
    assert "n = 300 TRs; whole stories held out (8). Evidence: simulated" in words(app)


@pytest.mark.usefixtures("family")
def test_the_margin_decides_and_is_kept_in_the_url(open_app: Open) -> None:
    app = open_tales(open_app)
    assert app.query_params["margin"] == "0.02"
    app.number_input(key="margin").set_value(0.04).run()
    assert is_well(app)
    assert "(3M parameters)" in headline(app)
    assert "So are all sizes between" in headline(app)
    assert app.query_params["margin"] == "0.04"
    app.number_input(key="margin").set_value(0.001).run()
    assert "No minimal model is shown" in headline(app)
    assert "MiniLM-L6" in headline(app)


def test_a_model_below_a_gap_is_told_with_its_correction(open_app: Open, store: Path) -> None:
    planted = {"cortexscale-3m": 0.3, "cortexscale-7m": 0.2}
    gap = {name: FAMILY[name]._replace(score=score) for name, score in planted.items()}
    write_models(store, {**FAMILY, **gap})
    app = open_tales(open_app)
    assert "(3M parameters)" in headline(app)
    assert "sizes between the two are not shown to be equivalent (Holm p" in headline(app)


@pytest.mark.usefixtures("family")
def test_a_link_opens_the_same_view(open_app: Open) -> None:
    app = open_tales(
        open_app, margin="0.04", units="subjects", x="perplexity", layer="fixed", depth="0.50",
        fit="CortexScale",
    )  # fmt: skip
    assert not app.sidebar.warning
    assert app.number_input(key="margin").value == 0.04
    assert app.segmented_control(key="units").value == "subjects"
    assert app.select_slider(key="depth").value == "0.50"
    assert "n = 3 subjects" in headline(app)
    assert "equivalent to the largest, " in headline(app)
    assert "MiniLM" not in headline(app)
    assert "at relative depth 0.5" in words(app)
    assert chart(app, "scale").layout.xaxis.title.text.startswith("Perplexity")


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("margin", ["wide", "-1", "nan", "7"])
def test_a_link_with_an_unusable_margin_says_so(open_app: Open, margin: str) -> None:
    app = open_app(SCALE, data="tales", margin=margin)
    assert is_well(app)
    assert f"margin `'{margin}'`" in app.sidebar.warning[0].value
    assert app.number_input(key="margin").value == 0.02


@pytest.mark.usefixtures("family")
def test_another_layer_changes_the_numbers(open_app: Open) -> None:
    app = open_tales(open_app)
    before = chart(app, "scale").data[-1].y
    app.segmented_control(key="layer").set_value("fixed").run()
    app.select_slider(key="depth").set_value("1.00").run()
    assert is_well(app)
    assert chart(app, "scale").data[-1].y != before
    assert app.query_params["depth"] == "1.00"


@pytest.mark.usefixtures("family")
def test_subjects_are_all_subjects_of_the_data_set(open_app: Open) -> None:
    app = open_tales(open_app)
    assert "sub-02" not in words(app)
    app.segmented_control(key="units").set_value("subjects").run()
    assert is_well(app)
    assert "sub-01, sub-02 and sub-03" in words(app)
    assert "n = 3 subjects" in headline(app)


def test_two_subjects_are_too_few_to_be_units(open_app: Open, store: Path) -> None:
    write_models(store, FAMILY, SUBJECTS[:2])
    app = open_tales(open_app, units="subjects")
    assert "units `'subjects'`" in app.sidebar.warning[0].value
    assert app.query_params["units"] == "folds"


@pytest.mark.usefixtures("family")
def test_perplexity_is_an_axis_and_says_who_has_none(open_app: Open) -> None:
    app = open_tales(open_app)
    app.segmented_control(key="x").set_value("perplexity").run()
    assert is_well(app)
    assert "Without a perplexity on this text: MiniLM-L6 and random twins" in words(app)
    assert "against perplexity on held-out text" in words(app)
    assert "MiniLM" not in {trace.name for trace in chart(app, "scale").data}


def test_without_perplexities_there_is_no_such_axis(open_app: Open, store: Path) -> None:
    write_models(store, FAMILY)
    app = open_tales(open_app)
    assert "x" not in [control.key for control in app.get("button_group")]
    assert app.query_params["x"] == "n_parameters"


@pytest.mark.usefixtures("family")
def test_all_regions_have_a_panel_and_a_row_each(open_app: Open) -> None:
    app = open_tales(open_app)
    app.segmented_control(key="regions").set_value("all").run()
    assert is_well(app)
    assert "A minimal model in 2 of 2 responses" in headline(app)
    assert len(app.dataframe[0].value) == 2
    assert {trace.yaxis for trace in chart(app, "scale").data} == {"y", "y2"}
    assert len(app.dataframe[1].value) == 22


@pytest.mark.usefixtures("family")
def test_the_table_gives_every_model_its_verdict(open_app: Open) -> None:
    table = open_tales(open_app).dataframe[0].value.set_index(["Model", "Family"])
    assert len(table) == 11
    assert table.loc[("MiniLM-L6", "MiniLM"), "Verdict"] == "the largest"
    trained = table[table.index.get_level_values("Family") == "CortexScale"]
    assert trained["Verdict"].iloc[-1] == "equivalent"
    assert trained["Verdict"].iloc[0] == "lower by more than the margin"
    # Random twins come last, and are compared with nobody.
    assert set(table["Verdict"].iloc[6:]) == {"not compared"}
    assert set(table["TOST p"].iloc[6:]) == {""}


@pytest.mark.usefixtures("family")
def test_the_fits_are_told_with_equation_weight_and_interval(open_app: Open) -> None:
    fits = open_tales(open_app).dataframe[1].value
    assert set(fits["Fit"]) == {"log-linear", "saturating"}
    assert fits["Weight"].sum() == pytest.approx(1)
    (slope,) = fits.loc[fits["Fit"] == "log-linear", "Estimate with 95% interval"]
    assert slope.endswith("per tenfold size")
    assert "[" in slope


@pytest.mark.usefixtures("family")
def test_too_few_models_for_a_fit_are_said(open_app: Open) -> None:
    app = open_tales(open_app, fit="CortexScale")
    assert "No saturating fit: AICc needs 6 models, there are 5." in words(app)
    assert "Weight" not in app.dataframe[1].value


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("metric", ["r", "r_normalized", "unique_r2"])
def test_the_sidebars_metric_is_the_axis(open_app: Open, metric: str) -> None:
    app = open_tales(open_app, metric=metric)
    assert chart(app, "scale").layout.yaxis.title.text == METRIC_TITLES[metric]
    wide = [warning.value for warning in app.main.warning]
    # 0.02 is two thirds of a unique variance of 0.03.
    assert bool(wide) == (metric == "unique_r2")


def test_one_size_says_what_to_run(open_app: Open) -> None:
    app = open_app(SCALE)
    assert is_well(app)
    assert "No answer about a minimal model**: there is one size" in headline(app)
    assert "encode --dataset FILE_OR_FOLDER --model cortexscale-1m" in app.main.info[0].value
    assert "Start a run" in [link.label for link in app.main.get("page_link")]
    assert "No log-linear fit: AICc needs 5 models, there is 1." in words(app)


def test_a_data_set_that_can_be_named_is_named(open_app: Open, store: Path) -> None:
    write_models(store, {"minilm-l6": FAMILY["minilm-l6"]}, dataset="demo-cortex")
    app = open_app(SCALE, data="demo-cortex")
    assert is_well(app)
    assert "encode --dataset demo-cortex --model cortexscale-1m" in app.main.info[0].value


def test_sentences_have_folds_without_names(open_app: Open, store: Path) -> None:
    for seed, model in enumerate(("tiny", "large")):
        add_run(store, seed, model=model)
    app = open_app(SCALE, data="toy")
    assert is_well(app)
    assert "there is one size" in headline(app)


def test_compressed_weights_are_shown_by_themselves(open_app: Open) -> None:
    app = open_app(SCALE)
    assert app.selectbox(key="weights").value == "none"
    app.selectbox(key="weights").set_value("bnb-nf4").run()
    assert is_well(app)
    assert app.query_params["weights"] == "bnb-nf4"


def test_a_response_without_a_ceiling_says_that_nothing_fits(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(SCALE, data="toy", roi="left_ptl", metric="r_normalized")
    assert is_well(app)
    assert "Nothing in the store fits this selection" in app.main.info[0].value
    assert not app.get("plotly_chart")


@pytest.mark.usefixtures("nothing_shipped")
def test_an_empty_store_leads_to_the_run_page_and_keeps_the_citations(open_app: Open) -> None:
    app = open_app(SCALE)
    assert is_well(app)
    assert "Nothing in the store fits this selection" in app.main.info[0].value
    assert [link.label for link in app.main.get("page_link")] == ["Start a run"]
    for key in ("log-linear", "left-right", "small-match-large"):
        assert catalog.findings()[key].claim in words(app)


@pytest.mark.usefixtures("family")
def test_files_of_figures_and_of_the_page_are_offered(open_app: Open) -> None:
    offered = open_tales(open_app).get("download_button")
    assert [button.label for button in offered] == ["PNG", "CSV", "Export this page"]
