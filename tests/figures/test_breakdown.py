import pandas as pd
import pytest

from backend.figures.breakdown import breakdown_figure
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.story_queries import layer_breakdown
from tests.story_helpers import STORIES, make_story_config, write_story_run


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    for seed, subject in enumerate(["sub-01", "sub-02"]):
        write_story_run(folder, make_story_config(subject=subject), seed)
    return ResultStore(folder)


def curves_by(store: ResultStore, by: str) -> pd.DataFrame:
    selection = Selection(dataset="tales", subjects=("sub-01",), rois=("AC",), hemisphere="left")
    return layer_breakdown(store, selection, "leave-story-out", "r", by)  # type: ignore[arg-type]


def test_each_region_has_a_panel_and_each_hemisphere_a_line(store):
    figure = breakdown_figure(curves_by(store, "region"), "region")
    titles = [note.text for note in figure.layout.annotations]
    assert {"<b>AC</b>", "<b>TP</b>"} <= set(titles)
    assert [trace.name for trace in figure.data] == ["left", "right", "left"]
    assert [trace.showlegend for trace in figure.data] == [True, True, False]


@pytest.mark.parametrize(("by", "names"), [("subject", ["sub-01", "sub-02"]), ("story", STORIES)])
def test_subjects_and_stories_share_a_panel(store, by, names):
    figure = breakdown_figure(curves_by(store, by), by)
    assert sorted(trace.name for trace in figure.data) == sorted(names)
    assert "left" in figure.layout.title.text


def test_points_are_the_means_that_were_asked_for(store):
    curves = curves_by(store, "subject")
    figure = breakdown_figure(curves, "subject")
    own = curves[curves["subject"] == "sub-02"]
    trace = next(trace for trace in figure.data if trace.name == "sub-02")
    assert list(trace.y) == list(own["mean"])
    assert list(trace.error_y.array) == pytest.approx(list(own["high"] - own["mean"]))


def test_every_mark_and_bar_is_inside_the_axis(store):
    curves = curves_by(store, "region")
    low, high = breakdown_figure(curves, "region").layout.yaxis.range
    assert low < min(curves["low"].min(), 0)
    assert high > curves["high"].max()


def test_a_single_fold_has_no_bars(store):
    figure = breakdown_figure(curves_by(store, "story"), "story")
    assert all(trace.error_y.array is None for trace in figure.data)


def test_simulated_results_say_so_in_the_plot(store):
    figure = breakdown_figure(curves_by(store, "region"), "region")
    assert "SIMULATED" in [note.text for note in figure.layout.annotations]


def test_nothing_and_mixed_evidence_are_refused(store):
    curves = curves_by(store, "story")
    with pytest.raises(ValueError, match="at least one row"):
        breakdown_figure(curves.iloc[:0], "story")
    mixed = pd.concat([curves, curves.assign(evidence="measured")])
    with pytest.raises(ValueError, match="cannot join"):
        breakdown_figure(mixed, "story")
