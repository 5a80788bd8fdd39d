"""The figures of compression show the frame's numbers and verdicts, legibly, and what they are."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from backend.catalog import compressions
from backend.comparisons.compression import VERDICTS
from backend.comparisons.compression_costs import pareto_front
from backend.comparisons.compression_methods import FULL, in_order, method
from backend.figures.compression import LOOKS, forest_figure, signed, verdict_colour
from backend.figures.compression_costs import _about, _beside, trade_off_figure
from backend.figures.compression_maps import map_figure, shared_limit
from backend.figures.labels import compression_title
from backend.figures.palette import compression_colour

ALL = [name for name in in_order(compressions()) if name != FULL]
MODES = ("light", "dark")


def judged(names: list[str], rois: tuple[str, ...] = ("x",), sides: tuple[str, ...] = ("left",),
           layers: int | None = None) -> pd.DataFrame:  # fmt: skip
    random = np.random.default_rng(0)
    rows = [
        {"model": "tiny", "compression": name, "roi": roi, "hemisphere": side, "layer": layer}
        for name in names for roi in rois for side in sides for layer in range(layers or 1)
    ]  # fmt: skip
    mean = random.normal(0, 0.03, len(rows))
    half = random.uniform(0.002, 0.03, len(rows))
    return pd.DataFrame(rows).assign(
        group=lambda frame: [method(name).group for name in frame["compression"]],
        mean=mean, low=mean - half, high=mean + half, n_units=8, reason="because",
        verdict=[VERDICTS[place % 4] for place in range(len(rows))],
    )  # fmt: skip


def forest(frame: pd.DataFrame, evidence: str = "measured", **kwargs: object) -> go.Figure:
    return forest_figure(frame, "toy", evidence, 0.02, "folds", **kwargs)  # type: ignore[arg-type]


def trade(names: list[str]) -> pd.DataFrame:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"compression": [FULL, *names]})
    score = random.normal(0.3, 0.05, len(frame))
    cost = random.uniform(4, 32, len(frame))
    return frame.assign(
        group=[method(name).group for name in frame["compression"]], cost=cost, score=score,
        low=score - 0.01, high=score + 0.01, verdict="equivalent",
        on_front=pareto_front(cost, score),
    )  # fmt: skip


def priced(points: pd.DataFrame, evidence: str = "measured", **kwargs: object) -> go.Figure:
    return trade_off_figure(points, "tiny", "toy", "x", evidence, **kwargs)  # type: ignore[arg-type]


def mapped(frame: pd.DataFrame, against: str, evidence: str = "measured",
           **kwargs: object) -> go.Figure:  # fmt: skip
    return map_figure(frame, against, evidence, 0.02, shared_limit(frame), **kwargs)  # type: ignore[arg-type]


def texts(figure: go.Figure) -> list[str]:
    return [note.text.replace("<b>", "").replace("</b>", "") for note in figure.layout.annotations]


# Forest


@pytest.mark.parametrize("n", [2, 10, len(ALL)])
def test_each_method_has_a_row_with_its_interval_and_verdict(n: int) -> None:
    frame = judged(ALL[:n])
    figure = forest(frame)
    labels = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    drawn = {}
    for trace in figure.data:
        for x, y, half in zip(trace.x, trace.y, trace.error_x.array, strict=True):
            drawn[labels[y]] = (x, half, trace.name)
    assert len(drawn) == n
    for row in frame.itertuples():
        x, half, verdict = drawn[compression_title(row.compression)]
        assert (x, half) == pytest.approx((row.mean, row.high - row.mean))
        assert verdict == row.verdict
        assert f"{signed(row.mean)}  {row.verdict}" in texts(figure)


def test_rows_stand_under_the_name_of_their_group_in_order() -> None:
    figure = forest(judged(["bnb-int8", "bnb-nf4", "wanda-50"]))
    axis = figure.layout.yaxis
    order = [text for _, text in sorted(zip(axis.tickvals, axis.ticktext, strict=True))][::-1]
    assert order == ["<b>Quantization</b>", "int8", "NF4", "<b>Pruning</b>", "Wanda 50%"]


def test_the_band_is_the_margin_and_the_axis_covers_it() -> None:
    figure = forest(judged(["bnb-int8", "bnb-nf4"]).assign(mean=0.0, low=-0.001, high=0.001))
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.x0, band.x1) == (-0.02, 0.02)
    low, high = figure.layout.xaxis.range
    assert low < -0.02 < 0.02 < high
    assert "margin ±0.02" in texts(figure)


@pytest.mark.parametrize("mode", MODES)
def test_verdicts_differ_in_symbol_word_and_colour(mode: str) -> None:
    assert set(LOOKS) == set(VERDICTS)
    for kind in ("symbol", "sign", "word"):
        assert len({getattr(look, kind) for look in LOOKS.values()}) == 4
    assert len({verdict_colour(name, mode) for name in LOOKS}) == 4  # type: ignore[arg-type]


def test_a_method_with_too_few_units_has_a_mark_without_a_bar() -> None:
    frame = judged(["bnb-int8", "bnb-nf4"])
    frame.loc[0, ["low", "high"]] = np.nan
    frame.loc[0, ["verdict", "n_units"]] = ["undecided", 2]
    figure = forest(frame)
    assert any("undecided, n = 2" in text for text in texts(figure))
    assert np.isfinite(figure.layout.xaxis.range).all()


def test_a_forest_is_of_one_model_and_response() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        forest(judged(ALL[:2]).iloc[:0])
    with pytest.raises(ValueError, match="one model in one response"):
        forest(judged(ALL[:2], rois=("x", "y")))


# Trade-off


@pytest.mark.parametrize("n", [1, 8, len(ALL)])
def test_every_method_is_a_point_and_the_front_a_step(n: int) -> None:
    points = trade(ALL[:n])
    figure = priced(points)
    front, *rest = figure.data
    groups = [trace for trace in rest if trace.showlegend is False]
    assert front.line.shape == "hv"
    expected = points[points["on_front"]].sort_values("cost")
    assert list(front.x) == list(expected["cost"])
    assert list(front.y) == sorted(expected["score"])
    drawn = [(x, y) for trace in groups for x, y in zip(trace.x, trace.y, strict=True)]
    assert sorted(drawn) == sorted(zip(points["cost"], points["score"], strict=True))
    assert len({trace.marker.symbol for trace in groups}) == len(groups)
    for trace in groups:
        names = [
            name for name in ALL if compression_title(name) in {row[0] for row in trace.customdata}
        ]
        assert set(trace.marker.color) >= {compression_colour(name, "light") for name in names}


def test_names_do_not_cover_each_other() -> None:
    points = trade(ALL)
    figure = priced(points, height=520)
    low, high = figure.layout.xaxis.range
    bottom, top = figure.layout.yaxis.range
    boxes = []
    for note in figure.layout.annotations:
        text = note.text.replace("<b>", "").replace("</b>", "")
        x = (note.x - low) / (high - low) * 640 + note.ax
        y = (note.y - bottom) / (top - bottom) * 370 - note.ay
        boxes.append(_about(x, y, len(text) * 7.4))
    assert len(boxes) >= len(points) / 2
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_names_stand_nearest_first() -> None:
    away = [abs(x) + abs(y) for x, y in _beside(100)]
    assert away[0] == min(away)


def test_the_front_is_named_before_the_rest() -> None:
    # All in one place: there is room for a few names only.
    points = trade(ALL).assign(cost=8.0, score=0.3, low=0.29, high=0.31)
    points["on_front"] = points["compression"] == ALL[-1]
    assert texts(priced(points))[0] == compression_title(ALL[-1])


def test_bytes_are_told_in_megabytes_and_far_costs_on_a_log_scale() -> None:
    points = trade(["bnb-nf4"]).assign(cost=[500e6, 70e6])
    figure = priced(points, cost="bytes_in_memory")
    assert figure.layout.xaxis.title.text == "Memory (MB), log scale; less is better"
    assert set(figure.data[0].x) <= {500.0, 70.0}
    assert figure.layout.xaxis.tickvals == (100, 200, 300, 500)
    near = priced(points.assign(cost=[20.0, 30.0]), cost="perplexity")
    assert near.layout.xaxis.type == "linear"
    assert near.layout.xaxis.title.text == "Perplexity; less is better"


def test_a_trade_off_needs_a_point() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        priced(trade(ALL).iloc[:0])


# Maps


@pytest.mark.parametrize(("n", "n_rois"), [(2, 1), (25, 30)])
def test_each_cell_shows_its_difference_and_the_sign_of_its_verdict(n: int, n_rois: int) -> None:
    frame = judged(ALL[:n], rois=tuple(f"region {place:02}" for place in range(n_rois)))
    (heat,) = mapped(frame, "region").data
    assert np.shape(heat.z) == (len(ALL[:n]), n_rois)
    for row in frame.itertuples():
        y = list(heat.y).index(compression_title(row.compression))
        x = list(heat.x).index(row.roi)
        assert heat.z[y][x] == pytest.approx(row.mean)
        assert heat.text[y][x].startswith(LOOKS[row.verdict].sign)
        # Numbers only where there is room.
        assert (signed(row.mean) in heat.text[y][x]) == (n_rois <= 6)


def test_colours_are_centred_on_zero_and_end_at_one_limit() -> None:
    frame = judged(ALL[:4], layers=5)
    other = judged(ALL[:2]).assign(mean=-0.7)
    limit = shared_limit(frame, other, frame.iloc[:0])
    assert limit == pytest.approx(0.7)
    (heat,) = map_figure(frame, "layer", "measured", 0.02, limit).data
    assert (heat.zmin, heat.zmax) == (-limit, limit)
    assert list(heat.x) == ["0", "1", "2", "3", "4"]
    assert shared_limit() == shared_limit(frame.assign(mean=0.0)) == 1.0


def test_hemispheres_have_columns_of_their_own() -> None:
    frame = judged(ALL[:2], rois=("aSTS", "TP"), sides=("left", "right"))
    assert list(mapped(frame, "region").data[0].x) == ["TP L", "TP R", "aSTS L", "aSTS R"]


def test_a_cell_that_was_not_run_is_empty() -> None:
    frame = judged(ALL[:3], rois=("x", "y")).iloc[1:]
    (heat,) = mapped(frame, "region").data
    assert np.isnan(heat.z[0][0])
    assert heat.text[0][0] == ""


def test_a_map_is_of_one_model() -> None:
    frame = judged(ALL[:2])
    with pytest.raises(ValueError, match="at least one row"):
        mapped(frame.iloc[:0], "region")
    with pytest.raises(ValueError, match="one model"):
        mapped(pd.concat([frame, frame.assign(model="other")]), "region")


# All


@pytest.mark.parametrize("mode", MODES)
def test_simulated_is_written_across_simulated_results_alone(mode: str) -> None:
    frame = judged(ALL[:3])
    for evidence in ("measured", "simulated"):
        figures = (
            forest(frame, evidence, mode=mode),
            priced(trade(ALL[:3]), evidence, mode=mode),
            mapped(frame, "region", evidence, mode=mode),
        )
        for figure in figures:
            assert ("SIMULATED" in texts(figure)) == (evidence == "simulated")


@pytest.mark.parametrize(("metric", "unit"), [("r", "r"), ("unique_r2", "unique R²")])
def test_axes_say_what_is_measured(metric: str, unit: str) -> None:
    assert f"in {unit} " in forest(judged(ALL[:2]), metric=metric).layout.xaxis.title.text
    (heat,) = mapped(judged(ALL[:2]), "region", metric=metric).data
    assert heat.colorbar.title.text == f"difference ({unit})"


@pytest.mark.parametrize(("value", "text"), [(0.01, "+0.010"), (-0.01, "−0.010"), (-1e-5, "0.000")])
def test_a_difference_is_written_with_its_sign(value: float, text: str) -> None:
    assert signed(value) == text
