"""One model's curves in every region: a panel each, on one scale, with its peaks below."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backend.comparisons.layer_curves import baseline_table, layer_curves_by
from backend.comparisons.layer_scores import baseline_units, layer_runs, layer_scores
from backend.figures.hierarchy import hierarchy_figure
from backend.figures.layer_facets import region_figure
from backend.figures.layer_map import layer_map_figure, map_order
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.story_helpers import make_story_config, write_story_run

KNOWN = {"model": "minilm-l6", "dataset": "tales", "evidence": "simulated"}
Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Curves, peaks and baselines of two regions, one of them in both hemispheres."""
    folder: Path = tmp_path_factory.mktemp("store")
    write_story_run(folder, make_story_config())
    store = ResultStore(folder)
    runs = layer_runs(store, Selection(), ["leave-story-out"])
    found = layer_curves_by(layer_scores(store, runs, Selection()), "region")
    floors = baseline_table(baseline_units(store, runs, Selection()))
    return found.table().assign(**KNOWN), found.peaks().assign(**KNOWN), floors


def test_each_region_has_a_panel_and_each_hemisphere_a_curve(parts: Parts) -> None:
    curves, peaks, floors = parts
    figure = region_figure(curves, floors, peaks=peaks)
    drawn = [t for t in figure.data if t.mode == "lines+markers" and t.yaxis in ("y", "y2")]
    assert [(t.xaxis, t.name) for t in drawn] == [("x", "left"), ("x", "right"), ("x2", "left")]
    of_ac = curves[(curves["roi"] == "AC") & (curves["hemisphere"] == "left")]
    assert list(drawn[0].y) == list(of_ac["mean"])
    assert {"<b>AC</b>", "<b>TP</b>", "SIMULATED"} == {a.text for a in figure.layout.annotations}


def test_the_legend_names_hemispheres_and_levels_once(parts: Parts) -> None:
    curves, peaks, floors = parts
    named = [t.name for t in region_figure(curves, floors, peaks=peaks).data if t.showlegend]
    assert sorted(named) == ["all nuisance", "left", "noise ceiling", "right"]


def test_peaks_stand_below_their_panel_with_their_intervals(parts: Parts) -> None:
    curves, peaks, floors = parts
    figure = region_figure(curves, floors, peaks=peaks)
    bars = [t for t in figure.data if t.yaxis in ("y3", "y4")]
    assert len(bars) == len(peaks)
    assert [list(bar.x) for bar in bars] == peaks[["low", "layer", "high"]].to_numpy().tolist()


def test_every_mark_lies_within_the_shared_range(parts: Parts) -> None:
    curves, peaks, floors = parts
    low, high = region_figure(curves, floors, peaks=peaks).layout.yaxis.range
    assert low < curves["low"].min()
    assert high > curves["high"].max()


def test_one_hemisphere_needs_no_legend(parts: Parts) -> None:
    curves, _, floors = parts
    left = curves[curves["hemisphere"] == "left"]
    named = [t.name for t in region_figure(left, floors).data if t.showlegend]
    assert "left" not in named


def test_unique_variance_is_set_against_zero(parts: Parts) -> None:
    curves, _, floors = parts
    figure = region_figure(curves, floors, "unique_r2")
    lines = {float(s.y0) for s in figure.layout.shapes if s.type == "line"}
    assert lines == {0.0}


def test_nothing_and_a_mixture_are_refused(parts: Parts) -> None:
    curves, peaks, floors = parts
    mixed = pd.concat([curves, curves.assign(evidence="measured")])
    for figure in (
        lambda rows: region_figure(rows, floors), lambda rows: layer_map_figure(rows, peaks)
    ):  # fmt: skip
        with pytest.raises(ValueError, match="at least one row"):
            figure(curves.iloc[:0])
        with pytest.raises(ValueError, match="cannot join"):
            figure(mixed)


# The map


def test_the_map_holds_every_mean_and_frames_every_peak(parts: Parts) -> None:
    curves, peaks, _ = parts
    figure = layer_map_figure(curves, peaks)
    cells, words = figure.data
    assert cells.z.shape == (3, 3)
    assert len(words.text) == 9
    assert np.allclose(np.sort(cells.z.ravel()), np.sort(curves["mean"]))
    assert list(figure.layout.yaxis.ticktext) == ["AC L", "AC R", "TP L"]
    frames = [(s.x0 + s.x1) / 2 for s in figure.layout.shapes]
    assert frames == pytest.approx(peaks["layer"])
    assert cells.zmin == 0
    assert "SIMULATED" in [a.text for a in figure.layout.annotations]


def test_peaks_that_do_not_count_are_dotted(parts: Parts) -> None:
    curves, peaks, _ = parts
    figure = layer_map_figure(curves, peaks.assign(counts=[True, False, True]))
    assert [s.line.dash for s in figure.layout.shapes] == ["solid", "dot", "solid"]


def test_columns_are_named_by_relative_depth_where_that_is_asked_for(parts: Parts) -> None:
    curves, peaks, _ = parts
    figure = layer_map_figure(curves, peaks, axis="depth")
    assert list(figure.layout.xaxis.ticktext) == ["0", "0.5", "1"]


def test_a_deep_model_has_no_numbers_and_fewer_ticks(parts: Parts) -> None:
    curves, peaks, _ = parts
    deep = pd.concat([curves.assign(layer=curves["layer"] + 3 * block) for block in range(13)])
    figure = layer_map_figure(deep, peaks)
    assert [trace.type for trace in figure.data] == ["heatmap"]
    assert len(figure.layout.xaxis.tickvals) <= 20


def test_rows_go_from_early_to_late_and_the_unplaced_stand_last() -> None:
    keys = pd.DataFrame(
        {"roi": ["BA45", "mine", "AC", "AC"], "hemisphere": ["left", "left", "right", "left"]}
    )
    ordered = map_order(keys, {"AC": 1, "BA45": 4})
    assert list(ordered["roi"]) == ["AC", "AC", "BA45", "mine"]
    assert list(ordered["hemisphere"]) == ["left", "right", "left", "left"]


# The hierarchy


def hierarchy_rows(rois: list[str], places: list[int]) -> pd.DataFrame:
    depth = np.linspace(0.1, 0.9, len(rois)) if rois else []
    rows = pd.DataFrame({"roi": rois, "place": places, "depth": depth})
    return rows.assign(depth_low=rows["depth"] - 0.1, depth_high=rows["depth"] + 0.05)


def test_the_hierarchy_says_its_number_and_marks_what_does_not_count() -> None:
    counted = hierarchy_rows(["pSTS", "aSTS", "BA45"], [2, 3, 4])
    left_out = hierarchy_rows(["AC"], [1])
    figure = hierarchy_figure(counted, left_out, "ρ = 1.00", "p = 0.01", "simulated")
    assert figure.layout.title.text == "Early to late: ρ = 1.00"
    assert figure.layout.title.subtitle.text == "p = 0.01"
    assert list(figure.layout.yaxis.ticktext) == ["(AC)", "pSTS", "aSTS", "BA45"]
    solid, hollow = figure.data
    assert list(solid.x) == list(counted["depth"])
    assert list(solid.error_x.arrayminus) == pytest.approx([0.1] * 3)
    assert hollow.marker.symbol == "circle-open"
    assert list(hollow.y) == [0]
    words = {a.text for a in figure.layout.annotations}
    assert {"sound", "speech", "SIMULATED"} <= words


def test_a_measured_hierarchy_is_not_called_simulated_and_an_empty_one_is_refused() -> None:
    rows, none = hierarchy_rows(["AC"], [1]), hierarchy_rows([], [])
    words = {a.text for a in hierarchy_figure(rows, none, "", "", "measured").layout.annotations}
    assert "SIMULATED" not in words
    with pytest.raises(ValueError, match="at least one region"):
        hierarchy_figure(none, none, "", "", "measured")
