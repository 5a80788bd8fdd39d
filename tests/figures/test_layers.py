"""The layer figure shows the frame's numbers, and never more than they are."""

import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from backend.figures.labels import METRIC_TITLES, series_titles
from backend.figures.layer_levels import spread_labels
from backend.figures.layers import layer_figure
from tests.figures.conftest import Results

LANES = {"y3", "y4"}


def panels(figure: go.Figure) -> set[str]:
    return {axis for axis in figure.to_dict()["layout"] if axis.startswith("xaxis")}


def texts(figure: go.Figure) -> list[str]:
    return [annotation.text.replace("<b>", "").replace("</b>", "") for annotation in
            figure.layout.annotations]  # fmt: skip


def levels(figure: go.Figure) -> list[float]:
    """Heights of the horizontal lines of levels."""
    return [float(s.y0) for s in figure.layout.shapes if s.type == "line" and s.yref != "paper"]


def drawn(figure: go.Figure) -> list[go.Scatter]:
    """The curves, without their ribbons."""
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def with_peaks(curves: pd.DataFrame) -> pd.DataFrame:
    """A peak for each curve, from layer 0 to 2."""
    highest = curves.loc[curves.groupby("run_id")["mean"].idxmax()]
    titles = series_titles(curves)
    return highest.assign(low=0.0, high=2.0, last=2, title=highest["run_id"].map(titles))


def test_every_curve_shows_the_means_of_its_run_by_layer(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    figure = layer_figure(curves, baselines)
    titles = series_titles(curves)
    of_run = {(trace.name, trace.xaxis): trace for trace in drawn(figure)}
    assert len(of_run) == len(drawn(figure)) == 3
    for run_id, rows in curves.groupby("run_id"):
        axis = {"contiguous": "x", "shuffled": "x2"}[rows["split"].iloc[0]]
        trace = of_run[titles[str(run_id)], axis]
        assert list(trace.y) == list(rows["mean"])
        assert list(trace.x) == list(rows["layer"])


def test_ribbons_are_t_intervals_over_the_folds_that_were_written(
    results: Results, baselines: pd.DataFrame
) -> None:
    curves = results.curves()
    figure = layer_figure(curves, baselines)
    titles = series_titles(curves)
    for run_id, tables in results.written.items():
        split = curves[curves["run_id"] == run_id]["split"].iloc[0]
        axis = {"contiguous": "x", "shuffled": "x2"}[split]
        (ribbon,) = [
            t for t in figure.data if t.fill and (t.name, t.xaxis) == (titles[run_id], axis)
        ]
        for layer in range(3):
            folds = [
                row["r"] for row in tables.roi_scores
                if row["layer"] == layer and row["roi"] == "left_ifg"
            ]  # fmt: skip
            low, high = stats.t.interval(0.95, len(folds) - 1, np.mean(folds), stats.sem(folds))
            # There along the upper bounds, and back along the lower ones.
            assert ribbon.y[layer] == pytest.approx(high, abs=1e-6)
            assert ribbon.y[5 - layer] == pytest.approx(low, abs=1e-6)
            assert ribbon.x[layer] == ribbon.x[5 - layer] == layer


def test_curves_that_know_no_interval_have_no_ribbon(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    figure = layer_figure(curves.assign(low=np.nan, high=np.nan), baselines)
    assert len(figure.data) == len(drawn(figure)) == 3


def test_relative_depth_lays_the_last_layers_over_each_other(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    deep = curves.assign(run_id=curves["run_id"] + "deep", model="deep", layer=curves["layer"] * 6)
    both = pd.concat([curves, deep])
    figure = layer_figure(both, baselines, axis="depth")
    assert {tuple(trace.x) for trace in drawn(figure)} == {(0.0, 0.5, 1.0)}
    assert figure.layout.xaxis.title.text.startswith("Relative depth")


def test_each_peak_has_a_bar_of_its_own_below_the_curves(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    peaks = with_peaks(curves)
    figure = layer_figure(curves, baselines, peaks=peaks)
    bars = [trace for trace in figure.data if trace.yaxis in LANES]
    assert len(bars) == 3
    for bar in bars:
        (row,) = peaks[
            (peaks["title"] == bar.name)
            & (peaks["split"] == {"x": "contiguous", "x2": "shuffled"}[bar.xaxis])
        ].to_dict("records")
        assert list(bar.x) == [row["low"], row["layer"], row["high"]]
        (curve,) = [
            t
            for t in drawn(figure)
            if t.name == bar.name and t.yaxis == bar.xaxis.replace("x", "y")
        ]
        assert bar.line.color == curve.line.color
    assert len({bar.y[0] for bar in bars if bar.yaxis == "y3"}) == 2
    lane, panel = figure.layout.yaxis3.domain, figure.layout.yaxis.domain
    assert lane[1] < panel[0]
    assert "peak layer [95%]" in texts(figure)


def test_peaks_follow_the_axis_and_need_no_interval(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    honest = curves[curves["split"] == "contiguous"]
    peaks = with_peaks(honest).assign(layer=1, low=np.nan, high=np.nan)
    figure = layer_figure(honest, baselines, peaks=peaks, axis="depth")
    bars = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert [list(bar.x) for bar in bars] == [[0.5], [0.5]]


def test_each_kind_of_fold_has_a_panel_that_says_so(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    both = layer_figure(curves, baselines)
    assert len(panels(both)) == 2
    assert {"Contiguous folds", "Shuffled folds (leak)"} <= set(texts(both))
    honest = layer_figure(curves[curves["split"] == "contiguous"], baselines)
    assert len(panels(honest)) == 1
    assert not [text for text in texts(honest) if "folds" in text]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_simulated_is_written_across_simulated_results(
    simulated: tuple[pd.DataFrame, pd.DataFrame], mode: str
) -> None:
    (mark,) = [a for a in layer_figure(*simulated, mode=mode).layout.annotations
               if a.text == "SIMULATED"]  # fmt: skip
    # In the middle of the plot area, where no crop loses it.
    assert (mark.xref, mark.yref, mark.x, mark.y) == ("paper", "paper", 0.5, 0.5)
    assert mark.font.size >= 40


def test_simulated_is_not_written_across_measured_results(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    assert "SIMULATED" not in texts(layer_figure(curves, baselines))


def test_measured_and_simulated_results_are_never_joined(
    curves: pd.DataFrame, simulated: tuple[pd.DataFrame, pd.DataFrame], baselines: pd.DataFrame
) -> None:
    with pytest.raises(ValueError, match="cannot join measured and simulated"):
        layer_figure(pd.concat([curves, simulated[0]]), baselines)


def test_an_empty_frame_is_refused(curves: pd.DataFrame, baselines: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        layer_figure(curves.iloc[:0], baselines)


def test_every_baseline_has_a_line_at_its_score_and_a_label_with_it(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    honest = curves[curves["split"] == "contiguous"]
    figure = layer_figure(honest, baselines)
    means = baselines[baselines["split"] == "contiguous"].groupby("baseline")["mean"].mean()
    for name, title in (("length", "sentence length"), ("oasm", "sample order"),
                        ("all nuisance", "all nuisance")):  # fmt: skip
        assert means[name] in levels(figure)
        assert f"{title} {means[name]:.2f}" in texts(figure)


def test_the_ceiling_is_drawn_where_it_is_known(
    results: Results, curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    assert 0.8 in np.round(levels(layer_figure(curves, baselines)), 6)
    assert "noise ceiling 0.80" in texts(layer_figure(curves, baselines))
    normalized = layer_figure(results.curves("r_normalized"), baselines, "r_normalized")
    assert "noise ceiling 1.00" in texts(normalized)
    unknown = layer_figure(curves.assign(ceiling=np.nan), baselines)
    assert not [text for text in texts(unknown) if "ceiling" in text]


def test_baselines_stand_in_bands_of_their_intervals_unless_another_holds_them(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    honest = curves[curves["split"] == "contiguous"]
    figure = layer_figure(honest, baselines)
    bands = [(float(s.y0), float(s.y1)) for s in figure.layout.shapes if s.type == "rect"]
    of_split = baselines[baselines["split"] == "contiguous"].groupby("baseline")[["low", "high"]]
    means = of_split.mean()
    for name in ("oasm", "all nuisance"):
        assert (means.loc[name, "low"], means.loc[name, "high"]) in bands
    # Sentence length is a part of all nuisance.
    assert (means.loc["length", "low"], means.loc["length", "high"]) not in bands


def test_the_ceiling_stands_in_the_band_of_its_spread(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    spread = curves.assign(ceiling=0.8, ceiling_low=0.7, ceiling_high=1.1)
    bands = [(s.y0, s.y1) for s in layer_figure(spread, baselines).layout.shapes]
    # No correlation is beyond 1.
    assert any(band == pytest.approx((0.7, 1.0)) for band in bands)


def test_unique_variance_is_set_against_zero_and_not_against_correlations(
    results: Results, baselines: pd.DataFrame
) -> None:
    figure = layer_figure(results.curves("unique_r2"), baselines, "unique_r2")
    assert set(levels(figure)) == {0.0}
    assert not [text for text in texts(figure) if "sample order" in text or "ceiling" in text]


@pytest.mark.parametrize("metric", ["r", "r_normalized", "unique_r2"])
def test_the_axis_names_the_metric(results: Results, baselines: pd.DataFrame, metric: str) -> None:
    figure = layer_figure(results.curves(metric), baselines, metric)
    assert figure.layout.yaxis.title.text == METRIC_TITLES[metric]
    assert figure.layout.xaxis.title.text == "Layer (0 = embeddings)"


def test_series_are_told_apart_without_colour(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    honest = layer_figure(curves[curves["split"] == "contiguous"], baselines)
    styles = [(trace.marker.symbol, trace.line.dash) for trace in drawn(honest)]
    assert len(set(styles)) == len(styles) == 2


def test_a_run_keeps_its_look_on_both_panels_and_one_place_in_the_legend(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    figure = layer_figure(curves, baselines)
    twins = [t for t in drawn(figure) if t.name == "tiny, full precision"]
    assert len(twins) == 2
    assert twins[0].line == twins[1].line
    assert twins[0].marker == twins[1].marker
    assert [t.showlegend for t in twins] == [True, False]


def test_no_curve_has_the_colour_that_stands_for_sample_order(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    for mode in ("light", "dark"):
        many = pd.concat(
            [curves.assign(run_id=f"{copy}", model=f"model {copy}") for copy in range(8)]
        )
        figure = layer_figure(many[many["split"] == "contiguous"], baselines, mode=mode)
        (order,) = [a for a in figure.layout.annotations if "sample order" in a.text]
        assert order.font.color not in {trace.line.color for trace in drawn(figure)}


def test_dark_mode_changes_the_look_and_no_number(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    light, dark = (layer_figure(curves, baselines, mode=mode) for mode in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color
    assert levels(light) == levels(dark)
    assert texts(light) == texts(dark)
    for one, other in zip(light.data, dark.data, strict=True):
        assert list(one.y) == list(other.y)


def test_labels_of_baselines_and_ceiling_at_one_height_are_moved_apart(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    alike = baselines.assign(mean=0.799)
    figure = layer_figure(curves, alike)
    for axis in ("y", "y2"):
        places = sorted(a.y for a in figure.layout.annotations if a.yref == axis)
        assert len(places) == 4
        assert all(b - a > 0.01 for a, b in itertools.pairwise(places))


@pytest.mark.parametrize("height", [-0.1, 0.799])
def test_no_label_of_a_level_runs_over_an_end_of_its_panel(
    curves: pd.DataFrame, baselines: pd.DataFrame, height: float
) -> None:
    alike = baselines.assign(mean=height)
    figure = layer_figure(curves, alike, peaks=with_peaks(curves))
    bottom, top = figure.layout.yaxis.range
    places = [a.y for a in figure.layout.annotations if a.yref == "y"]
    assert len(places) == 4
    assert all(bottom < place < top for place in places)


def cases() -> list[tuple[list[float], float]]:
    """Ascending values, some of them tied, and gaps from tiny to larger than their range."""
    random = np.random.default_rng(0)
    found: list[tuple[list[float], float]] = [([], 0.1), ([0.3], 0.1), ([0.0] * 7, 0.1)]
    for _ in range(300):
        values = random.uniform(-0.2, 0.8, random.integers(1, 9))
        if random.random() < 0.3:
            values = np.round(values, 1)
        found.append((sorted(values.tolist()), float(random.choice([0.001, 0.02, 0.1, 1.0]))))
    return found


CASES = cases()


def test_spread_labels_never_touch_and_keep_their_order() -> None:
    for values, gap in CASES:
        places = spread_labels(values, gap)
        assert len(places) == len(values)
        assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(places))


def test_labels_that_have_room_stay_where_they_were() -> None:
    with_room = [(v, g) for v, g in CASES if all(b - a >= g for a, b in itertools.pairwise(v))]
    assert len(with_room) > 50
    for values, gap in with_room:
        assert spread_labels(values, gap) == pytest.approx(values)


def test_labels_move_as_little_as_keeps_them_apart() -> None:
    # The least squares optimum: isotonic regression of what is left when gaps are taken out.
    for values, gap in CASES:
        if values:
            gaps = gap * np.arange(len(values))
            best = IsotonicRegression().fit_transform(gaps, np.asarray(values) - gaps) + gaps
            assert spread_labels(values, gap) == pytest.approx(best, abs=1e-9)
