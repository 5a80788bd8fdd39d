"""The scale figure shows the frame's numbers, and can be read without colour."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from backend.comparisons.scale import (
    known_perplexities,
    scale_by_response,
    scale_levels,
    scale_lines,
    scale_points,
)
from backend.comparisons.scores import at_layer, comparable_scores
from backend.figures.labels import METRIC_TITLES, model_title
from backend.figures.scale import scale_figure
from backend.figures.scale_words import short_number
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.comparisons.scale_stores import (
    DATASET,
    FAMILY,
    SPLIT,
    TWINS,
    Model,
    write_models,
    write_perplexities,
)

AC, TP = ("AC", "left"), ("TP", "left")


class Frames(NamedTuple):
    """What the figure is given."""

    points: pd.DataFrame
    lines: pd.DataFrame
    levels: pd.DataFrame

    def of(self, roi: str) -> "Frames":
        return Frames(*(frame[frame["roi"] == roi] for frame in self))


def frames(store: Path, metric: str = "r", axis: Any = "n_parameters") -> Frames:
    reader = ResultStore(store)
    frame = at_layer(comparable_scores(reader, Selection(dataset=DATASET), SPLIT, metric).frame)
    if axis == "perplexity":
        known = known_perplexities(reader, list(frame["model"].unique()))
        frame = frame.merge(known, on="model", how="left")
    scalings = scale_by_response(frame, "folds", 0.02, axis)
    return Frames(
        scale_points(scalings),
        scale_lines(scalings, axis),
        scale_levels(reader, frame, metric, "folds"),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale") / "store"
    write_models(folder, {**FAMILY, **TWINS}, responses=[AC, TP])
    write_perplexities(folder, "text", {name: 100 - 15.0 * i for i, name in enumerate(FAMILY)})
    return folder


@pytest.fixture(scope="module")
def both(store: Path) -> Frames:
    return frames(store)


@pytest.fixture(scope="module")
def ac(both: Frames) -> Frames:
    return both.of("AC")


def traces(figure: go.Figure, name: str) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name]


def texts(figure: go.Figure) -> list[str]:
    return [a.text.replace("<b>", "").replace("</b>", "") for a in figure.layout.annotations]


def test_every_family_shows_its_models_means_and_intervals(ac: Frames) -> None:
    figure = scale_figure(*ac)
    for family, rows in ac.points.groupby("model_family"):
        (trace,) = traces(figure, str(family))
        ordered = rows.sort_values("n_parameters")
        assert list(trace.y) == list(ordered["mean"])
        assert list(trace.error_y.array) == list(ordered["high"] - ordered["mean"])
        moved = 1.05 if family == "CortexScale, random weights" else 1.0
        assert list(trace.x) == pytest.approx(list(ordered["n_parameters"] * moved))


def test_families_and_twins_are_told_apart_without_colour(ac: Frames) -> None:
    figure = scale_figure(*ac)
    looks = {name: traces(figure, name)[0] for name in ac.points["model_family"].unique()}
    assert len({trace.marker.symbol for trace in looks.values()}) == 3
    twin = looks["CortexScale, random weights"]
    assert twin.marker.symbol == f"{looks['CortexScale'].marker.symbol}-open"
    assert twin.line.color == looks["CortexScale"].line.color
    fits = [traces(figure, name)[-1].line.dash for name in ("log-linear fit", "saturating fit")]
    families = [looks[name].line.dash for name in ("CortexScale", "MiniLM")]
    assert len({*fits, *families}) == 4


def test_fits_have_their_lines_and_bands(ac: Frames) -> None:
    figure = scale_figure(*ac)
    for form, name in (("log-linear", "log-linear fit"), ("saturating", "saturating fit")):
        rows = ac.lines[ac.lines["form"] == form]
        (line,) = traces(figure, name)
        assert list(line.x) == list(rows["x"])
        assert list(line.y) == list(rows["value"])
        (band,) = [t for t in figure.data if t.legendgroup == name and t.fill == "toself"]
        assert list(band.y) == [*rows["high"], *rows["low"][::-1]]


def test_the_minimal_model_is_ringed_and_named(ac: Frames) -> None:
    figure = scale_figure(*ac)
    (ring,) = traces(figure, "minimal model")
    row = ac.points[ac.points["minimal"]].iloc[0]
    assert row["model"] == "cortexscale-7m"
    assert (ring.x[0], ring.y[0]) == (row["n_parameters"], row["mean"])
    (label,) = [a for a in figure.layout.annotations if "minimal" in a.text]
    assert model_title("cortexscale-7m") in label.text
    assert 10**label.x == pytest.approx(row["n_parameters"])
    without = scale_figure(ac.points.assign(minimal=False), ac.lines, ac.levels)
    assert not traces(without, "minimal model")


def test_floor_and_roof_are_drawn_and_named(ac: Frames) -> None:
    figure = scale_figure(*ac)
    floor = ac.levels[ac.levels["kind"] == "floor"].iloc[0]
    (line,) = [s for s in figure.layout.shapes if s.type == "line" and s.line.dash == "dot"]
    assert line.y0 == floor["mean"]
    (band,) = [s for s in figure.layout.shapes if s.type == "rect"]
    assert (band.y0, band.y1) == (floor["low"], floor["high"])
    assert f"strongest baseline {floor['mean']:.2f}<br>all nuisance" in texts(figure)
    assert "noise ceiling 0.60" in texts(figure)


def test_unique_variance_stands_on_zero(store: Path) -> None:
    figure = scale_figure(*frames(store, "unique_r2").of("AC"), "unique_r2")
    assert {shape.y0 for shape in figure.layout.shapes} == {0}
    assert figure.layout.yaxis.range[0] < 0
    assert figure.layout.yaxis.title.text == METRIC_TITLES["unique_r2"]


def test_every_mark_lies_inside_the_axes(ac: Frames) -> None:
    figure = scale_figure(*ac)
    low, high = figure.layout.yaxis.range
    marks = ac.points[["low", "high"]].to_numpy().ravel()
    assert low < min(marks)
    assert high > max(*marks, 0.6)
    left, right = figure.layout.xaxis.range
    assert left < 5 < np.log10(22_713_216) < right


def test_parameters_are_on_a_log_axis_with_short_numbers(ac: Frames) -> None:
    axis = scale_figure(*ac).layout.xaxis
    assert axis.type == "log"
    assert list(axis.ticktext) == ["100K", "300K", "1M", "3M", "10M", "30M"]


def test_perplexity_is_better_to_the_right_and_drops_models_without_one(store: Path) -> None:
    drawn = frames(store, axis="perplexity").of("AC")
    figure = scale_figure(*drawn, axis="perplexity")
    left, right = figure.layout.xaxis.range
    assert left > 2 > np.log10(25) > right
    assert {trace.name for trace in figure.data if trace.name} == {
        "log-linear fit", "saturating fit", "CortexScale", "MiniLM", "minimal model"
    }  # fmt: skip
    assert "perplexity" in figure.layout.title.text


def test_every_response_has_a_panel_with_one_legend_for_all(both: Frames) -> None:
    figure = scale_figure(*both)
    assert {"AC, left", "TP, left"} <= set(texts(figure))
    assert {trace.yaxis for trace in figure.data} == {"y", "y2"}
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert len(shown) == len(set(shown))
    assert not [text for text in texts(figure) if "baseline" in text]


def test_sixteen_panels_stand_in_rows_of_four(tmp_path: Path) -> None:
    few = {name: FAMILY[name] for name in ("cortexscale-0.1m", "cortexscale-1m", "minilm-l6")}
    responses = [(f"r{index}", side) for index in range(8) for side in ("left", "right")]
    write_models(tmp_path, few, responses=responses, n_stories=4)
    figure = scale_figure(*frames(tmp_path))
    assert sum(axis.startswith("xaxis") for axis in figure.to_dict()["layout"]) == 16
    assert figure.layout.height > 900
    # Narrow panels have room for whole decades.
    assert list(figure.layout.xaxis.ticktext) == ["100K", "1M", "10M"]


def test_sixty_models_of_twelve_families_are_told_apart(tmp_path: Path) -> None:
    many = {
        f"family-{family}-{size}": Model(f"Family {family}", 10 ** (6 + size), 0.1 + 0.04 * size)
        for family in range(12)
        for size in range(5)
    }
    write_models(tmp_path, many, n_stories=4)
    figure = scale_figure(*frames(tmp_path))
    names = [f"Family {family}" for family in range(12)]
    looks = [
        (trace.marker.symbol, trace.line.dash, trace.line.color)
        for name in names for trace in traces(figure, name)
    ]  # fmt: skip
    assert len(set(looks)) == 12
    assert len(figure.layout.xaxis.ticktext) <= 8
    # The legend's rows have room above the plot.
    assert figure.layout.margin.t > scale_figure(*frames(tmp_path).of("AC")).layout.margin.b


def test_one_model_alone_is_drawn(tmp_path: Path) -> None:
    write_models(tmp_path, {"minilm-l6": FAMILY["minilm-l6"]}, n_stories=4)
    figure = scale_figure(*frames(tmp_path))
    assert len(traces(figure, "MiniLM")[0].x) == 1
    assert figure.layout.xaxis.ticktext


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_simulated_is_written_across_simulated_results(ac: Frames, mode: Any) -> None:
    assert "SIMULATED" in texts(scale_figure(*ac, mode=mode))
    measured = ac.points.assign(evidence="measured")
    assert "SIMULATED" not in texts(scale_figure(measured, ac.lines, ac.levels, mode=mode))


def test_dark_mode_changes_the_look_and_no_number(ac: Frames) -> None:
    light, dark = (scale_figure(*ac, mode=mode) for mode in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color
    assert texts(light) == texts(dark)
    for one, other in zip(light.data, dark.data, strict=True):
        assert list(one.y) == list(other.y)


def test_measured_and_simulated_results_are_never_joined(ac: Frames) -> None:
    mixed = pd.concat([ac.points, ac.points.assign(evidence="measured")])
    with pytest.raises(ValueError, match="cannot join measured and simulated"):
        scale_figure(mixed, ac.lines, ac.levels)


def test_nothing_with_a_place_on_the_axis_is_refused(ac: Frames) -> None:
    with pytest.raises(ValueError, match="at least one model with a place"):
        scale_figure(ac.points, ac.lines, ac.levels, axis="perplexity")


@pytest.mark.parametrize(
    ("value", "text"),
    [(950, "950"), (100_000, "100K"), (1_300_000, "1.3M"), (999_600, "1M"),
     (22_713_216, "22.7M"), (124_439_808, "124M"), (70e9, "70B"), (1.8e12, "1.8T")],
)  # fmt: skip
def test_numbers_of_parameters_are_written_short(value: float, text: str) -> None:
    assert short_number(value) == text


def test_a_random_twin_is_called_one() -> None:
    assert model_title("minilm-l6:random") == "MiniLM-L6, random weights"
