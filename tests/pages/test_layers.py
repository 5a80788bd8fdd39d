"""Layers: every widget changes what is drawn, and the URL says what is selected."""

from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from backend.figures.labels import METRIC_TITLES
from backend.store.queries import layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.pages.conftest import LAYERS, Open, add_run, chart, is_well, words


def names(app: AppTest) -> set[str]:
    return {trace.name for trace in chart(app, "layers").data}


def curves_on(app: AppTest) -> list[go.Scatter]:
    """Curves of a figure of one panel, without ribbons and peaks."""
    return [t for t in chart(app, "layers").data if t.mode == "lines+markers" and t.yaxis == "y"]


def test_the_results_that_ship_are_drawn_at_once(open_app: Open) -> None:
    app = open_app(LAYERS)
    assert is_well(app)
    assert names(app) == {"MiniLM-L6, full precision", "MiniLM-L6, int8", "MiniLM-L6, NF4"}
    assert not app.warning
    assert "Data set: Pereira 2018, language network, n = 627 sentences" in words(app)


def test_another_data_set_changes_the_chart_and_the_url(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(LAYERS)
    app.selectbox(key="data").set_value("toy").run()
    assert is_well(app)
    assert names(app) == {"tiny, full precision"}
    assert app.query_params["data"] == "toy"
    assert app.query_params["roi"] == "left_ifg"
    # A choice in the sidebar is not a link that went wrong.
    assert not app.warning
    app.selectbox(key="data").set_value("pereira2018-language-network").run()
    assert is_well(app)
    assert not app.warning
    assert app.query_params["roi"] == "language_network_response"


def test_another_response_changes_the_numbers(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy")
    before = curves_on(app)[0].y
    app.multiselect(key="roi").set_value(["left_ptl"]).run()
    assert is_well(app)
    expected = layer_curves(ResultStore(store), Selection(dataset="toy", rois=("left_ptl",)))
    assert list(curves_on(app)[0].y) == pytest.approx(list(expected["mean"]))
    assert list(before) != pytest.approx(list(expected["mean"]))
    assert app.query_params["roi"] == "left_ptl"
    assert "left_ptl: predictivity by layer" in chart(app, "layers").layout.title.text


def test_compressions_choose_the_curves_and_the_rows_of_the_table(open_app: Open) -> None:
    app = open_app(LAYERS)
    app.multiselect(key="compressions").set_value(["bnb-nf4"]).run()
    assert is_well(app)
    assert names(app) == {"MiniLM-L6, NF4"}
    assert list(app.dataframe[0].value["Model"]) == ["MiniLM-L6, NF4"]
    assert app.query_params["compressions"] == "bnb-nf4"


def test_no_compression_at_all_means_all_of_them(open_app: Open) -> None:
    app = open_app(LAYERS)
    app.multiselect(key="compressions").set_value([]).run()
    assert is_well(app)
    assert len(names(app)) == 3


def test_models_choose_the_curves(open_app: Open, store: Path) -> None:
    for model in ("tiny", "large"):
        add_run(store, model=model)
    app = open_app(LAYERS, data="toy")
    assert names(app) == {"tiny", "large"}
    assert chart(app, "layers").layout.title.text.endswith(", full precision")
    app.multiselect(key="models").set_value(["large"]).run()
    assert names(app) == {"large, full precision"}
    assert app.query_params["models"] == "large"


@pytest.mark.parametrize("metric", ["r", "r_normalized", "unique_r2"])
def test_the_metric_changes_the_axis_the_caption_and_the_numbers(
    open_app: Open, store: Path, metric: str
) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy")
    app.segmented_control(key="metric").set_value(metric).run()
    assert is_well(app)
    figure = chart(app, "layers")
    assert figure.layout.yaxis.title.text == METRIC_TITLES[metric]
    expected = layer_curves(
        ResultStore(store), Selection(dataset="toy", rois=("left_ifg",)), metric
    )
    assert list(curves_on(app)[0].y) == pytest.approx(list(expected["mean"]))
    assert f"{METRIC_TITLES[metric]} by layer" in words(app)
    assert app.query_params["metric"] == metric


def test_normalized_predictivity_is_offered_where_a_ceiling_is_known(
    open_app: Open, store: Path
) -> None:
    add_run(store)
    app = open_app(LAYERS)
    assert "r / ceiling" not in app.segmented_control(key="metric").options
    assert "No noise ceiling is known" in words(app)
    app.selectbox(key="data").set_value("toy").run()
    assert "r / ceiling" in app.segmented_control(key="metric").options
    assert "No noise ceiling is known" not in words(app)


def test_a_metric_that_another_data_set_lacks_gives_way_to_r(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy", metric="r_normalized")
    assert app.segmented_control(key="metric").value == "r_normalized"
    app.selectbox(key="data").set_value("pereira2018-language-network").run()
    assert is_well(app)
    assert app.query_params["metric"] == "r"


def test_a_response_without_a_ceiling_has_no_normalized_curve_and_says_so(
    open_app: Open, store: Path
) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy", roi="left_ptl", metric="r_normalized")
    assert is_well(app)
    assert "Nothing in the store fits this selection" in app.main.info[0].value
    assert not app.get("plotly_chart")


def test_shuffled_folds_add_a_panel_and_the_lesson(open_app: Open) -> None:
    app = open_app(LAYERS)
    assert {trace.xaxis for trace in chart(app, "layers").data} == {"x"}
    app.toggle(key="shuffled").set_value(True).run()
    assert is_well(app)
    assert {trace.xaxis for trace in chart(app, "layers").data} == {"x", "x2"}
    (lesson,) = app.main.warning
    assert "Sample order alone scores r = 0.31 with shuffled folds, and -0.06" in lesson.value
    assert app.query_params["shuffled"] == "true"
    assert set(app.dataframe[0].value["Folds"]) == {"contiguous folds", "shuffled folds (leak)"}


def test_shuffled_folds_cannot_stand_in_for_honest_ones(open_app: Open) -> None:
    app = open_app(LAYERS, folds="shuffled")
    assert app.query_params["folds"] == "contiguous"
    assert {trace.xaxis for trace in chart(app, "layers").data} == {"x"}


def test_shuffled_folds_that_were_never_run_cannot_be_compared(open_app: Open, store: Path) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy", shuffled="true")
    assert is_well(app)
    assert app.toggle(key="shuffled").disabled
    assert {trace.xaxis for trace in chart(app, "layers").data} == {"x"}


def test_only_shuffled_folds_are_called_a_leak(open_app: Open, store: Path) -> None:
    add_run(store, split="shuffled")
    app = open_app(LAYERS, data="toy")
    assert is_well(app)
    assert "4 shuffled folds (leak)" in words(app)


def test_kinds_of_honest_folds_can_be_chosen_where_there_are_two(
    open_app: Open, store: Path
) -> None:
    add_run(store)
    add_run(store, split="grouped", group="passage", n_folds=5)
    app = open_app(LAYERS, data="toy")
    app.selectbox(key="folds").set_value("grouped").run()
    assert is_well(app)
    assert "over 5 whole groups held out" in words(app)
    assert app.query_params["folds"] == "grouped"


def test_measured_and_simulated_results_of_one_name_are_shown_apart(
    open_app: Open, store: Path
) -> None:
    for seed, evidence in enumerate(("measured", "simulated")):
        add_run(store, seed=seed, evidence=evidence)
    app = open_app(LAYERS, data="toy")
    assert is_well(app)
    assert names(app) == {"tiny, full precision"}
    measured = curves_on(app)[0].y
    app.selectbox(key="evidence").set_value("simulated").run()
    assert is_well(app)
    assert names(app) == {"tiny, full precision"}
    assert curves_on(app)[0].y != measured
    assert "SIMULATED" in [a.text for a in chart(app, "layers").layout.annotations]
    assert app.query_params["evidence"] == "simulated"
    assert is_well(app.switch_page("pages/overview.py").run())


def test_runs_that_differ_in_something_unseen_are_told_apart(open_app: Open, store: Path) -> None:
    runs = [add_run(store, seed=seed, pooling=pooling)
            for seed, pooling in enumerate(("mean", "last"))]  # fmt: skip
    app = open_app(LAYERS, data="toy")
    assert names(app) == {f"tiny, full precision ({run.run_id[:6]})" for run in runs}


def test_the_table_says_who_beats_the_baselines_by_the_interval(
    open_app: Open, store: Path
) -> None:
    add_run(store)
    rows = open_app(LAYERS, data="toy").dataframe[0].value
    assert list(rows["Beats baselines"]) == ["yes" if low > 0 else "NO" for low in rows["95% low"]]
    low, middle, high = rows.iloc[0][["95% low", "Unique R²", "95% high"]]
    assert low < middle < high


def test_the_summary_names_the_best_layer_of_the_honest_folds(open_app: Open, store: Path) -> None:
    add_run(store, seed=1)
    add_run(store, seed=2, split="shuffled")
    app = open_app(LAYERS, data="toy", shuffled="true")
    curves = layer_curves(ResultStore(store), Selection(dataset="toy", rois=("left_ifg",)))
    honest = curves[curves["split"] == "contiguous"]
    best = honest.loc[honest["mean"].idxmax()]
    said = words(app)
    assert f"layer **{best['layer']}** (95%: " in said
    assert f"**{best['mean']:.3f}** [{best['low']:.3f}, {best['high']:.3f}] over 4" in said


def test_relative_depth_is_a_choice_that_the_url_keeps(open_app: Open) -> None:
    app = open_app(LAYERS)
    assert list(curves_on(app)[0].x) == list(range(7))
    app.segmented_control(key="axis").set_value("depth").run()
    assert is_well(app)
    assert list(curves_on(app)[0].x) == pytest.approx([layer / 6 for layer in range(7)])
    assert app.query_params["axis"] == "depth"
    assert list(curves_on(open_app(LAYERS, axis="depth"))[0].x)[-1] == 1


def test_the_table_of_peaks_says_what_the_figure_draws(open_app: Open) -> None:
    app = open_app(LAYERS, compressions="bnb-nf4")
    (bar,) = [t for t in chart(app, "layers").data if t.yaxis == "y2"]
    (row,) = app.dataframe[1].value.to_dict("records")
    assert list(bar.x) == [int(row["95% interval"].split()[0]), row["Peak layer"],
                           int(row["95% interval"].split()[-1])]  # fmt: skip
    assert row["Counts"] == "yes"


def test_responses_without_an_order_have_a_map_and_no_hierarchy(
    open_app: Open, store: Path
) -> None:
    add_run(store)
    app = open_app(LAYERS, data="toy")
    assert is_well(app)
    assert list(chart(app, "layer-map").layout.yaxis.ticktext) == ["left_ifg", "left_ptl"]
    assert "No hierarchy" not in words(app)


def test_hostile_controls_in_a_link_are_left_out(open_app: Open) -> None:
    app = open_app(LAYERS, by="<script>", axis="[x](http://a)", of="'; DROP TABLE runs")
    assert is_well(app)
    assert names(app) == {"MiniLM-L6, full precision", "MiniLM-L6, int8", "MiniLM-L6, NF4"}


def test_files_of_figures_and_of_the_page_are_offered(open_app: Open) -> None:
    offered = open_app(LAYERS).get("download_button")
    assert [button.label for button in offered] == ["PNG", "CSV", "Export this page"]
    assert not any(button.proto.disabled for button in offered)


def test_without_a_browser_html_and_csv_remain(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.shared.export.images_available", lambda: False)
    app = open_app(LAYERS)
    assert is_well(app)
    usable = [b.label for b in app.get("download_button") if not b.proto.disabled]
    assert usable == ["CSV", "Export this page"]
    assert "apt-get install chromium" in app.get("download_button")[0].proto.help


@pytest.mark.usefixtures("nothing_shipped")
def test_an_empty_store_leads_to_the_run_page(open_app: Open) -> None:
    app = open_app(LAYERS)
    assert is_well(app)
    assert "Nothing in the store fits this selection" in app.main.info[0].value
    assert [link.label for link in app.main.get("page_link")] == ["Start a run"]
    assert not app.get("plotly_chart")


@pytest.mark.usefixtures("nothing_shipped")
def test_the_first_result_appears_without_a_restart(open_app: Open, store: Path) -> None:
    app = open_app(LAYERS)
    add_run(store)
    app.run()
    assert is_well(app)
    assert names(app) == {"tiny, full precision"}
