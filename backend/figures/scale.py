"""Predictivity against a model's size or perplexity, between its floor and its roof."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import BASELINE_TITLES, METRIC_TITLES, model_title, roi_title
from backend.figures.layer_levels import spread_labels
from backend.figures.palette import Look, family_look
from backend.figures.theme import (
    BASELINE_DASH,
    LEGEND_ROW,
    Mode,
    faint,
    ink,
    legend_rows,
    mark_simulated,
    muted,
    style,
)

AXIS_TITLES = {
    "n_parameters": "Parameters (log scale)",
    "perplexity": "Perplexity (log scale, better to the right)",
}
FORM_TITLES = {"log-linear": "log-linear fit", "saturating": "saturating fit"}
_FORM_DASHES = {"log-linear": "solid", "saturating": "dash"}
_TWIN = ":random"
# A model and its random twin are of one size; apart, their bars can be told from each other.
_DODGE = 1.05
_COLUMNS = 4
_PANEL_PIXELS = 230
_TOP, _BOTTOM = 64, 66
# Of a label of two lines.
_LABEL_PIXELS = 38
_LABEL_MARGIN = 180
# Decades beyond the outermost models, and about a single one.
_EDGE, _ALONE_EDGE = 0.12, 0.7
_LEFT = 0.65
# More points than that, or several panels, take smaller ones.
_MANY = 24
# Lets a line be seen behind a label, and the label be read.
_BEHIND = {"light": "rgba(255,255,255,0.75)", "dark": "rgba(15,20,25,0.75)"}
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


class _Place(NamedTuple):
    """A panel: its response, where it stands, and what its axes' names end in."""

    roi: str
    hemisphere: str
    row: int
    column: int
    number: str


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
    places = _places(drawn)
    figure = _panels(drawn, places)
    looks = {base: family_look(base, mode) for base in drawn["base"].astype(str).unique()}
    for place in places:
        _add_lines(figure, _of(lines, place), place, len(places) == 1, mode)
        _add_points(figure, _of(drawn, place), axis, looks, place, len(places) == 1)
        _ring(figure, _of(drawn, place), axis, place, len(places) == 1, mode)
    _show_once_in_legend(figure)
    _finish(figure, drawn, places, metric, axis, mode, height)
    figure.update_yaxes(range=_span(drawn, levels, metric))
    figure.layout["shapes"] = [
        shape
        for place in places
        for shape in _level_shapes(_of(levels, place), place, metric, mode)
    ]
    if len(places) == 1:
        _label_levels(figure, _of(levels, places[0]), mode)
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


def short_number(value: float) -> str:
    """Write a number of parameters as 300K, 1.3M, 70B.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
        Three digits at most.
    """
    for unit, letter in _UNITS:
        # 999,600 is a million, not a thousand thousands.
        if value >= 0.9995 * unit:
            return f"{float(f'{value / unit:.3g}'):g}{letter}"
    return f"{value:.0f}"


def short_model_title(model: str) -> str:
    """Name a model; its random twin as such."""
    if model.endswith(_TWIN):
        return f"{model_title(model.removesuffix(_TWIN))}, random weights"
    return model_title(model)


def _of(frame: pd.DataFrame, place: _Place) -> pd.DataFrame:
    return frame[(frame["roi"] == place.roi) & (frame["hemisphere"] == place.hemisphere)]


def _places(points: pd.DataFrame) -> list[_Place]:
    responses = list(dict.fromkeys(zip(points["roi"], points["hemisphere"], strict=True)))
    width = _n_columns(len(responses))
    return [
        _Place(
            str(roi),
            str(hemisphere),
            index // width + 1,
            index % width + 1,
            str(index + 1) if index else "",
        )
        for index, (roi, hemisphere) in enumerate(responses)
    ]


def _n_columns(n_panels: int) -> int:
    # Four panels look better as two rows of two than as one strip.
    return 2 if n_panels == 4 else min(_COLUMNS, n_panels)


def _panels(points: pd.DataFrame, places: Sequence[_Place]) -> Draft:
    if len(places) == 1:
        return Draft()
    n_rows = places[-1].row
    return Draft(
        rows=n_rows,
        cols=_n_columns(len(places)),
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=0.36 / (n_rows + 1) if n_rows > 1 else 0.0,
        subplot_titles=tuple(f"<b>{_panel_title(points, place)}</b>" for place in places),
    )


def _panel_title(points: pd.DataFrame, place: _Place) -> str:
    # The short name of a region: a panel has no room for the full one.
    title = roi_title(points["dataset"].iloc[0], place.roi) if len(place.roi) > 8 else place.roi
    return title if place.hemisphere == "both" else f"{title}, {place.hemisphere}"


def _add_points(
    figure: Draft,
    points: pd.DataFrame,
    axis: str,
    looks: Mapping[str, Look],
    place: _Place,
    alone: bool,
) -> None:
    small = len(points) > _MANY or not alone
    for (base, random), rows in points.groupby(["base", "random"], sort=False):
        look = looks[str(base)]
        name = f"{base}, random weights" if random else str(base)
        ordered = rows.sort_values(axis)
        marker = {
            "size": 8 if small else 12,
            "symbol": f"{look.symbol}-open" if random else look.symbol,
            "color": look.colour,
            "line": {"width": 2 if random else 0, "color": look.colour},
        }
        figure.add_trace(
            {
                "type": "scatter",
                "x": ordered[axis] * (_DODGE if random else 1.0),
                "y": ordered["mean"],
                "error_y": {
                    "type": "data",
                    "array": ordered["high"] - ordered["mean"],
                    "thickness": 1 if small else 1.5,
                    "width": 3,
                },
                "mode": "lines+markers",
                "name": name,
                "legendgroup": name,
                "line": {"color": look.colour, "width": 1.4, "dash": look.dash},
                "marker": marker,
                "customdata": _hover_values(ordered),
                "hovertemplate": _HOVER,
            },
            place.row,
            place.column,
        )


_HOVER = (
    "<b>%{customdata[0]}</b><br>%{customdata[1]} parameters, %{customdata[2]}<br>"
    "%{y:.3f} [%{customdata[3]:.3f}, %{customdata[4]:.3f}], n = %{customdata[5]}<extra></extra>"
)


def _hover_values(points: pd.DataFrame) -> list[list[object]]:
    layers = zip(points["first_layer"], points["last_layer"], strict=True)
    columns = [
        points["model"].map(short_model_title),
        [f"{int(size):,}" for size in points["n_parameters"]],
        [layers_text(first, last) for first, last in layers],
        points["low"],
        points["high"],
        points["n_units"],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def layers_text(first: float, last: float) -> str:
    """Say which layer stands for a model, or from which to which over folds."""
    return f"layer {int(first)}" if first == last else f"layers {int(first)} to {int(last)}"


def _add_lines(figure: Draft, lines: pd.DataFrame, place: _Place, alone: bool, mode: Mode) -> None:
    for rank, of_rank in lines.groupby("rank", sort=True):
        form, is_better = str(of_rank["form"].iloc[0]), rank == 0
        if not (is_better or alone):
            continue
        name = FORM_TITLES[form]
        if alone and of_rank["low"].notna().all():
            figure.add_trace(
                {
                    "type": "scatter",
                    "x": [*of_rank["x"], *of_rank["x"][::-1]],
                    "y": [*of_rank["high"], *of_rank["low"][::-1]],
                    "fill": "toself",
                    "fillcolor": faint(ink(mode), 0.10 if is_better else 0.05),
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                    "legendgroup": name,
                    "showlegend": False,
                }
            )
        figure.add_trace(
            {
                "type": "scatter",
                "x": of_rank["x"],
                "y": of_rank["value"],
                "mode": "lines",
                "name": name,
                "legendgroup": name,
                "line": {
                    "color": ink(mode),
                    "width": 2.4 if is_better else 1.6,
                    "dash": _FORM_DASHES[form],
                },
                "opacity": 0.75,
                "hoverinfo": "skip",
            },
            place.row,
            place.column,
        )


def _ring(
    figure: Draft, points: pd.DataFrame, axis: str, place: _Place, alone: bool, mode: Mode
) -> None:
    ringed = points[points["minimal"]]
    if ringed.empty:
        return
    row = ringed.iloc[0]
    figure.add_trace(
        {
            "type": "scatter",
            "x": [row[axis]],
            "y": [row["mean"]],
            "mode": "markers",
            "name": "minimal model",
            "legendgroup": "minimal model",
            # Alone it has a label of its own.
            "showlegend": not alone,
            "marker": {
                "symbol": "circle-open",
                "size": 26 if alone else 18,
                "color": ink(mode),
                "line": {"width": 3 if alone else 2, "color": ink(mode)},
            },
            "hoverinfo": "skip",
        },
        place.row,
        place.column,
    )
    if not alone:
        return
    low, high = math.log10(points[axis].min()), math.log10(points[axis].max())
    along = (math.log10(row[axis]) - low) / (high - low or 1.0)
    # Scores rise to the right, so that there is room below them; the label of a point at the left
    # runs rightwards, away from smaller models, which score lower.
    at_left = (along if axis == "n_parameters" else 1 - along) < _LEFT
    figure.add_annotation(
        text=f"<b>minimal: {short_model_title(row['model'])}</b>",
        # An annotation's place on a log axis is given as the logarithm.
        x=math.log10(row[axis]), y=row["mean"],
        ax=34 if at_left else 0, ay=56, xanchor="left" if at_left else "center",
        showarrow=True, arrowhead=0, arrowwidth=1.5, standoff=14,
        arrowcolor=ink(mode), font={"size": 15, "color": ink(mode)},
        bgcolor=_BEHIND[mode],
    )  # fmt: skip


def _level_shapes(
    levels: pd.DataFrame, place: _Place, metric: str, mode: Mode
) -> list[dict[str, Any]]:
    """Draw floor and roof of a panel, and the zero that unique variance is counted from.

    As plain shapes, all set at once: adding a line to a panel takes Plotly as long as a curve.
    """
    across = {
        "xref": f"x{place.number} domain", "x0": 0, "x1": 1, "yref": f"y{place.number}",
        "layer": "below",
    }  # fmt: skip
    grey = muted(mode)
    if metric == "unique_r2":
        return [{**across, "type": "line", "y0": 0, "y1": 0, "line": {"color": grey, "width": 2}}]
    shapes = []
    for level in levels.to_dict("records"):
        is_floor, y = level["kind"] == "floor", level["mean"]
        if is_floor and math.isfinite(level["low"]):
            band = {"y0": level["low"], "y1": level["high"], "fillcolor": faint(grey, 0.11)}
            shapes.append({**across, **band, "type": "rect", "line": {"width": 0}})
        dash = BASELINE_DASH if is_floor else "solid"
        line = {"color": grey, "width": 2 if is_floor else 3, "dash": dash}
        shapes.append({**across, "type": "line", "y0": y, "y1": y, "line": line})
    return shapes


def _label_levels(figure: Draft, levels: pd.DataFrame, mode: Mode) -> None:
    """Name floor and roof at the right of a panel that stands alone."""
    ascending = levels.sort_values("mean")
    low, high = figure.layout["yaxis"]["range"]
    margin = figure.layout["margin"]
    plotted = figure.layout["height"] - margin["t"] - margin["b"]
    gap = _LABEL_PIXELS * (high - low) / plotted
    heights = spread_labels(list(ascending["mean"]), gap)
    for level, height in zip(ascending.to_dict("records"), heights, strict=True):
        name = BASELINE_TITLES.get(level["name"], level["name"])
        figure.add_annotation(
            text=_level_text(level["kind"], str(name), level["mean"]),
            x=1.0, xref="x domain", xanchor="left", xshift=6,
            y=height, yref="y",
            showarrow=False,
            font={"size": 13, "color": muted(mode)},
            align="left",
        )  # fmt: skip


def _level_text(kind: str, name: str, mean: float) -> str:
    if kind == "floor":
        return f"<b>strongest baseline {mean:.2f}</b><br>{name}"
    return f"<b>{name} {mean:.2f}</b>"


def _finish(
    figure: Draft,
    points: pd.DataFrame,
    places: Sequence[_Place],
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
    figure.update_xaxes(type="log", **_ticks(points[axis], axis, sparse=not alone))
    if alone:
        figure.update_xaxes(title_text=AXIS_TITLES[axis])
        figure.update_yaxes(title_text=METRIC_TITLES[metric])
    else:
        for column in range(1, _n_columns(len(places)) + 1):
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


def _ticks(values: pd.Series, axis: str, sparse: bool) -> dict[str, Any]:
    low, high = math.log10(values.min()), math.log10(values.max())
    edge = max(_EDGE, 0.06 * (high - low)) if high > low else _ALONE_EDGE
    low, high = low - edge, high + edge
    decades = range(math.floor(low), math.ceil(high) + 1)
    most = 2 if sparse else 4
    steps = (1,) if high - low > most else (1, 3) if high - low > 1.5 else (1, 2, 5)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    inside = [tick for tick in ticks if low <= math.log10(tick) <= high]
    if axis == "perplexity":
        return {"range": [high, low], "tickvals": inside, "ticktext": [f"{t:g}" for t in inside]}
    return {
        "range": [low, high], "tickvals": inside, "ticktext": [short_number(t) for t in inside]
    }  # fmt: skip
