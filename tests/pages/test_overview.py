"""The Overview: what the store holds, and what others have published."""

from pathlib import Path

import pytest

from backend import catalog
from backend.store.queries import layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.pages.conftest import Open, add_run, cards, chart, is_well, words


def test_every_published_finding_is_shown_with_its_evidence_and_citation(open_app: Open) -> None:
    app = open_app()
    shown = words(app)
    assert len(catalog.findings()) >= 6
    for finding in catalog.findings().values():
        citation = catalog.citations()[finding.citation]
        assert finding.claim in shown
        assert f"{finding.scope}. [{citation.short}]({citation.url})" in shown
    assert shown.count("[published]") == len(catalog.findings())


def test_the_results_that_ship_are_marked_as_measured(open_app: Open) -> None:
    app = open_app()
    assert is_well(app)
    assert ":blue-badge[measured]" in [m.value for m in app.main.markdown]
    assert ":blue-badge[measured]" in [m.value for m in app.sidebar.markdown]
    assert app.subheader[0].value == "Pereira 2018, language network"


def test_the_headline_is_the_best_uncompressed_layer_in_the_store(
    open_app: Open, store: Path
) -> None:
    config = add_run(store)
    app = open_app(data="toy")
    curves = layer_curves(ResultStore(store), Selection(dataset="toy", rois=("left_ifg",)))
    best = curves.loc[curves["mean"].idxmax()]
    assert config.run_id == best["run_id"]
    assert cards(app)["Best layer, r"] == f"{best['mean']:.2f}"
    assert f"tiny, full precision, layer {best['layer']}" in words(app)


def test_the_chart_shows_honest_folds_alone(open_app: Open) -> None:
    figure = chart(open_app(shuffled="true"), "overview-layers")
    assert {trace.xaxis for trace in figure.data} == {"x"}


def test_the_lesson_of_the_folds_stands_beside_the_published_one(open_app: Open) -> None:
    figure = chart(open_app(), "folds")
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles == ["<b>Measured here</b>", "<b>Published</b>"]
    assert {"GPT2-XL", "sample order", "sentence length"} <= {trace.name for trace in figure.data}


def test_the_lesson_is_drawn_for_whole_groups_held_out_too(open_app: Open, store: Path) -> None:
    for split in ("grouped", "shuffled"):
        add_run(store, split=split, group="passage")
    figure = chart(open_app(data="toy"), "folds")
    measured = [trace for trace in figure.data if trace.xaxis == "x"]
    assert len(measured) == 3
    for trace in measured:
        assert list(trace.x) == ["grouped", "shuffled"]
        assert "nan" not in trace.text


def test_simulated_results_are_never_set_beside_published_brains(
    open_app: Open, store: Path
) -> None:
    for split in ("contiguous", "shuffled"):
        add_run(store, split=split, evidence="simulated")
    app = open_app(data="toy")
    assert is_well(app)
    assert ":orange-badge[simulated]" in words(app)
    assert [e.proto.id.rsplit("figure-")[-1] for e in app.get("plotly_chart")] == [
        "overview-layers"
    ]
    titles = [a.text for a in chart(app, "overview-layers").layout.annotations]
    assert "SIMULATED" in titles


def test_a_shard_that_cannot_be_read_is_named_and_the_rest_is_shown(
    open_app: Open, store: Path
) -> None:
    whole, broken = add_run(store), add_run(store, model="other")
    shard = store / "roi_scores" / f"{broken.run_id}.parquet"
    shard.write_bytes(shard.read_bytes()[:100])
    app = open_app(data="toy")
    assert is_well(app)
    (warning,) = app.warning
    assert shard.name in warning.value
    assert "roi_scores/" in warning.value
    assert "Delete it and compute the run again" in warning.value
    assert app.sidebar.multiselect(key="models").options == [f"{whole.model} (1)"]


def test_every_run_in_the_store_is_listed_on_request(open_app: Open, store: Path) -> None:
    add_run(store, model="mine")
    app = open_app()
    (expander,) = [e for e in app.get("expander") if e.label == "All 10 runs"]
    assert not expander.dataframe
    assert "| toy | measured | mine | full precision | contiguous folds | 1 |" in words(app)


@pytest.mark.usefixtures("nothing_shipped")
def test_an_empty_store_is_an_invitation(open_app: Open) -> None:
    app = open_app()
    assert is_well(app)
    assert [info.value for info in app.sidebar.info] == ["No results yet: start a run."]
    assert "No runs yet." in [info.value for info in app.main.info]
    assert not app.get("plotly_chart")
    assert words(app).count("[published]") == len(catalog.findings())


def test_many_compressions_share_one_card_that_names_the_worst(open_app, store, nothing_shipped):
    for number, method in enumerate(("none", "bnb-int8", "bnb-nf4", "magnitude-50")):
        add_run(store, seed=number, compression=method)
    app = open_app()
    assert is_well(app)
    labels = list(cards(app))
    assert "Worst of 3 methods, Δr" in labels
    assert not [label for label in labels if label.startswith("NF4")]


def test_more_series_than_a_figure_bears_are_left_out_and_counted(open_app, store, nothing_shipped):
    for number in range(10):
        add_run(store, seed=number, model=f"model-{number}")
    app = open_app()
    assert is_well(app)
    assert any("8 of 10 models and compressions are drawn" in each.value for each in app.caption)
