"""Predictivity by layer, beside its baselines and ceiling."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import (
    METRIC_TITLES,
    SPLIT_TITLES,
    roi_title,
    series_titles,
    shared_compression,
)
from backend.figures.layer_lanes import (
    label_lane,
    lane_pixels,
    panel_number,
    peak_traces,
    split_off_lanes,
)
from backend.figures.layer_levels import (
    LABEL_PIXELS,
    Level,
    baseline_levels,
    ceiling_level,
    label_levels,
    level_shapes,
)
from backend.figures.layer_marks import (
    AXIS_TITLES,
    axis_range,
    curve_traces,
    with_depth,
)
from backend.figures.palette import Look, series_looks
from backend.figures.theme import (
    LEGEND_ROW,
    Mode,
    legend_rows,
    mark_simulated,
    muted,
    pin_colour,
    style,
)

_RIGHT_MARGIN = {1: 190, 2: 140}


def layer_figure(
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    metric: str = "r",
    mode: Mode = "light",
    height: int = 520,
    peaks: pd.DataFrame | None = None,
    axis: str = "layer",
    title: str = "",
) -> go.Figure:
    """Draw a curve per series over layers, a panel per split.

    Parameters
    ----------
    curves : pandas.DataFrame
        Of one response, a row per series, split and layer; see
        :meth:`backend.comparisons.layer_curves.LayerCurves.table` and
        :func:`backend.store.queries.layer_curves`. ``title`` names the series; without it, model
        and compression do. ``pin`` is the index of a pinned selection's colour.
    baselines : pandas.DataFrame
        Of the same splits, on the metric's scale: split, baseline, mean, low, high. Unique R²
        knows none.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}
    height : int
        Pixels, without what peaks and further rows of the legend take.
    peaks : pandas.DataFrame, optional
        See :meth:`backend.comparisons.layer_curves.LayerCurves.peaks`; with title and split.
    axis : {"layer", "depth"}
        Layers by their number, or relative to the last one.
    title : str
        What is shown; the response where it is not given.

    Returns
    -------
    plotly.graph_objects.Figure
        Ribbons are 95% t intervals over units, bands those of baselines and of the ceiling. Below
        the curves a bar for each: the peak's layer and its interval.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("layer_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    if "title" not in curves:
        curves = curves.assign(title=curves["run_id"].map(series_titles(curves)))
    # What all curves have in common is said once, in the title, and not again by each name.
    shared = shared_compression(curves)
    curves = _without(with_depth(curves), shared)
    peaks = None if peaks is None else _without(peaks, shared)
    splits = list(dict.fromkeys(curves["split"]))
    levels = _levels(curves, baselines, splits, metric, mode)
    figure = Draft(
        cols=len(splits),
        shared_yaxes=True,
        horizontal_spacing=0.22 if metric != "unique_r2" and len(splits) > 1 else 0.06,
    )
    names = list(dict.fromkeys(curves["title"]))
    rows = 0 if peaks is None else len(names)
    of_title = _pinned_looks(curves, mode) if "pin" in curves else series_looks(curves, mode)
    figure.add_traces(_traces(curves, peaks, splits, of_title, axis, mode))
    extra = lane_pixels(rows) + LEGEND_ROW * (legend_rows(names) - 1)
    style(figure, mode, height + extra)
    figure.layout["shapes"] = [
        shape
        for index, of_split in enumerate(levels)
        for shape in level_shapes(of_split, panel_number(index), mode)
    ]
    what = title or f"{_response(curves)}: predictivity by layer"
    _finish(figure, curves, splits, metric, mode, axis, f"{what}, {shared}" if shared else what)
    low, high = _span(curves, [level for of_split in levels for level in of_split])
    figure.update_yaxes(range=[low, high])
    if rows:
        split_off_lanes(figure, len(splits), rows, mode)
        known = peaks is not None and peaks["low"].notna().any()
        label_lane(figure, len(splits), rows, bool(known), mode)
    margins = figure.layout["margin"]["t"] + figure.layout["margin"]["b"]
    plotted = figure.layout["height"] - margins - lane_pixels(rows)
    gap = LABEL_PIXELS * (high - low) / plotted
    for index, of_split in enumerate(levels):
        label_levels(figure, of_split, panel_number(index), gap, (low, high))
    return figure.figure()


def _response(curves: pd.DataFrame) -> str:
    first = curves.iloc[0]
    return roi_title(first["dataset"], first["roi"])


def _without(frame: pd.DataFrame, shared: str) -> pd.DataFrame:
    """Take from each title the compression that all have."""
    if not shared:
        return frame
    return frame.assign(title=frame["title"].str.replace(f", {shared}", "", regex=False))


def _pinned_looks(curves: pd.DataFrame, mode: Mode) -> dict[str, Look]:
    """Give pinned selections their colours, which they have on every page."""
    pins = dict(zip(curves["title"], curves["pin"], strict=True))
    return {
        name: look._replace(colour=pin_colour(int(pins[name]), mode))
        for name, look in series_looks(curves, mode).items()
    }


def _levels(
    curves: pd.DataFrame, baselines: pd.DataFrame, splits: Sequence[str], metric: str, mode: Mode
) -> list[list[Level]]:
    """Levels of each panel; nothing but zero is a level of unique variance."""
    if metric == "unique_r2":
        line = {"color": muted(mode), "width": 2}
        return [[Level(0.0, np.nan, np.nan, "", line, bold=False)] for _ in splits]
    return [
        [
            *baseline_levels(baselines[baselines["split"] == split], mode, len(splits) > 1),
            *ceiling_level(curves[curves["split"] == split], metric, mode),
        ]
        for split in splits
    ]


def _span(curves: pd.DataFrame, levels: Sequence[Level]) -> tuple[float, float]:
    """Cover every curve with its ribbon, and the means of the levels."""
    marks = np.concatenate(
        [
            curves[["mean", "low", "high"]].to_numpy(dtype=float).ravel(),
            [level.y for level in levels],
        ]
    )
    low, high = float(np.nanmin(marks)), float(np.nanmax(marks))
    pad = 0.05 * (high - low or 1.0)
    return low - pad, high + pad


def _traces(
    curves: pd.DataFrame,
    peaks: pd.DataFrame | None,
    splits: Sequence[str],
    of_title: Mapping[str, Look],
    axis: str,
    mode: Mode,
) -> list[dict[str, Any]]:
    traces, seen = list[dict[str, Any]](), set[str]()
    for pair, rows in curves.groupby(["split", "title"], sort=False):
        split, name = (str(part) for part in pair)
        panel = panel_number(splits.index(split))
        traces += curve_traces(rows, name, of_title[name], axis, mode, panel, name not in seen)
        seen.add(name)
    if peaks is not None:
        for index, split in enumerate(splits):
            of_split = peaks[peaks["split"] == split]
            traces += peak_traces(of_split, of_title, axis, index, len(splits))
    return traces


def _finish(
    figure: Draft,
    curves: pd.DataFrame,
    splits: Sequence[str],
    metric: str,
    mode: Mode,
    axis: str,
    title: str,
) -> None:
    # A second row of the legend pushes the panels down, not the title off.
    rows = legend_rows(list(dict.fromkeys(curves["title"])))
    figure.update_layout(
        title_text=title,
        margin={
            "r": _RIGHT_MARGIN[len(splits)],
            "t": (84 if len(splits) == 1 else 116) + LEGEND_ROW * (rows - 1),
        },
        legend={"y": 1.0 if len(splits) == 1 else 1.09},
    )
    figure.update_xaxes(title_text=AXIS_TITLES[axis], **axis_range(curves, axis))
    figure.update_yaxes(title_text=METRIC_TITLES[metric], row=1, col=1)
    if len(splits) > 1:
        for column, split in enumerate(splits, start=1):
            number = "" if column == 1 else str(column)
            figure.update_yaxes(showticklabels=True, row=1, col=column)
            figure.add_annotation(
                text=f"<b>{SPLIT_TITLES.get(split, split).capitalize()}</b>",
                x=0, xref=f"x{number} domain", xanchor="left",
                y=1.0, yref="paper", yanchor="bottom",
                showarrow=False, font={"size": 16},
            )  # fmt: skip
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
