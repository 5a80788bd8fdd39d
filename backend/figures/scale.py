"""Predictivity against a model's size or perplexity, between its floor and its roof."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import METRIC_TITLES, as_text, roi_title
from backend.figures.palette import family_look
from backend.figures.scale_levels import label_levels, level_shapes
from backend.figures.scale_marks import add_lines, add_points, ring_minimal
from backend.figures.scale_places import Place, n_columns, places_of, size_ticks
from backend.figures.theme import LEGEND_ROW, Mode, legend_rows, mark_simulated, style

AXIS_TITLES = {
    "n_parameters": "Parameters (log scale)",
    "perplexity": "Perplexity (log scale, better to the right)",
}
_PANEL_PIXELS = 230
_TOP, _BOTTOM = 64, 68
_LABEL_MARGIN = 180


def scale_figure(
    points: pd.DataFrame,
    lines: pd.DataFrame,
    levels: pd.DataFrame,
    metric: str = "r",
    axis: str = "n_parameters",
    mode: Mode = "light",
    height: int = 540,
) -> go.Figure:
    """Draw a point per model, what fits them, floor and roof; a panel per response.

    Parameters
    ----------
    points : pandas.DataFrame
        Of one data set; see :func:`backend.comparisons.scale.scale_points`.
    lines : pandas.DataFrame
        See :func:`backend.comparisons.scale.scale_lines`.
    levels : pandas.DataFrame
        See :func:`backend.comparisons.scale.scale_levels`.
    metric : {"r", "r_normalized", "unique_r2"}
    axis : {"n_parameters", "perplexity"}
    mode : {"light", "dark"}
    height : int
        Pixels, of a single panel; several take what their rows need.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars are 95% t intervals over units; random twins stand a little to the right of their
        models, hollow. The minimal model is ringed. Several panels show the better fit alone.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    drawn = points[points[axis].notna()] if axis in points else points.iloc[:0]
    if drawn.empty:
        raise ValueError("scale_figure needs at least one model with a place on its axis")
    if drawn["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    places = places_of(drawn)
    figure = _panels(drawn, places)
    looks = {base: family_look(base, mode) for base in drawn["base"].astype(str).unique()}
    for place in places:
        add_lines(figure, _of(lines, place), place, len(places) == 1, mode)
        add_points(figure, _of(drawn, place), axis, looks, place, len(places) == 1)
        ring_minimal(figure, _of(drawn, place), axis, place, len(places) == 1, mode)
    _show_once_in_legend(figure)
    _finish(figure, drawn, places, metric, axis, mode, height)
    figure.update_yaxes(range=_span(drawn, levels, metric))
    figure.layout["shapes"] = [
        shape for place in places for shape in level_shapes(_of(levels, place), place, metric, mode)
    ]
    if len(places) == 1:
        label_levels(figure, _of(levels, places[0]), mode)
    return figure.figure()


def _show_once_in_legend(figure: Draft) -> None:
    seen = set[str]()
    for trace in figure.data:
        name = trace.get("name", "")
        if name in seen:
            trace["showlegend"] = False
        elif name:
            trace.setdefault("showlegend", True)
        seen.add(name)


def _of(frame: pd.DataFrame, place: Place) -> pd.DataFrame:
    return frame[(frame["roi"] == place.roi) & (frame["hemisphere"] == place.hemisphere)]


def _panels(points: pd.DataFrame, places: Sequence[Place]) -> Draft:
    if len(places) == 1:
        return Draft()
    n_rows = places[-1].row
    return Draft(
        rows=n_rows,
        cols=n_columns(len(places)),
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=0.36 / (n_rows + 1) if n_rows > 1 else 0.0,
        subplot_titles=tuple(f"<b>{_panel_title(points, place)}</b>" for place in places),
    )


def _panel_title(points: pd.DataFrame, place: Place) -> str:
    # The short name of a region: a panel has no room for the full one.
    is_long = len(place.roi) > 8
    title = roi_title(points["dataset"].iloc[0], place.roi) if is_long else as_text(place.roi)
    return title if place.hemisphere == "both" else f"{title}, {place.hemisphere}"


def _finish(
    figure: Draft,
    points: pd.DataFrame,
    places: Sequence[Place],
    metric: str,
    axis: str,
    mode: Mode,
    height: int,
) -> None:
    n_rows = legend_rows([trace["name"] for trace in figure.data if trace.get("showlegend")])
    alone = len(places) == 1
    top = _TOP + LEGEND_ROW * (n_rows - 1) + (0 if alone else 40)
    rows = places[-1].row
    style(figure, mode, height if alone else top + _BOTTOM + _PANEL_PIXELS * rows)
    first = points.iloc[0]
    title = "size" if axis == "n_parameters" else "perplexity"
    what = roi_title(first["dataset"], first["roi"]) if alone else "Every response"
    if alone and first["hemisphere"] != "both":
        what += f", {first['hemisphere']}"
    figure.update_layout(
        title_text=f"{what}: predictivity by {title}",
        margin={"t": top + 30, "b": _BOTTOM, "r": _LABEL_MARGIN if alone else 24},
        legend={"y": 1.0, "yref": "paper"} if alone else
               {"yref": "container", "y": 1 - 40 / figure.layout["height"], "yanchor": "top"},
        hovermode="closest",
    )  # fmt: skip
    figure.update_xaxes(type="log", **size_ticks(points[axis], axis, sparse=not alone))
    if alone:
        figure.update_xaxes(title_text=AXIS_TITLES[axis])
        figure.update_yaxes(title_text=METRIC_TITLES[metric])
    else:
        for column in range(1, n_columns(len(places)) + 1):
            figure.update_xaxes(title_text=AXIS_TITLES[axis], row=rows, col=column)
        figure.update_yaxes(title_text=METRIC_TITLES[metric], row=1, col=1)
    if (points["evidence"] == "simulated").any():
        mark_simulated(figure, mode)


def _span(points: pd.DataFrame, levels: pd.DataFrame, metric: str) -> tuple[float, float]:
    """Cover every mark and bar, floor, roof, and for unique variance zero."""
    marks = [
        *points[["mean", "low", "high"]].to_numpy(dtype=float).ravel(),
        *levels[["mean", "low", "high"]].to_numpy(dtype=float).ravel(),
        *([0.0] if metric == "unique_r2" else []),
    ]
    low, high = float(np.nanmin(marks)), float(np.nanmax(marks))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad
