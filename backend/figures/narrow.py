"""A figure in a narrow window: the legend below, few ticks, panels in two columns."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from backend.figures.captions import wrap
from backend.figures.lay_out import SPARE, lay_out
from backend.figures.restack import Tree
from backend.figures.sizes import narrow_size
from backend.figures.theme import GROUND, Mode, faint

_CLEAR = "rgba(0,0,0,0)"
_MOST_TICKS = 6
_LEGEND_ROW, _LEGEND_KEY, _LETTER = 23.0, 44.0, 7.0
_AXIS, _LINE = 52.0, 17.0
_BAR = 66.0


def narrow_figure(figure: go.Figure, mode: Mode, width: float = 358.0) -> go.Figure:
    """Lay a copy of a figure out for a narrow window.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        As it stands on a page.
    mode : {"light", "dark"}
        The figure's own.
    width : float
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Names of levels stand on their lines, the legend and a scale of colours below the plot. Of
        rows that are named twice, by themselves and by their group, the group's name goes.
    """
    tree: Tree = copy.deepcopy(figure.to_plotly_json())
    layout: Tree = tree["layout"]
    notes = list(layout.get("annotations", ()))
    explained = any(note.get("name") == SPARE for note in notes)
    layout["annotations"] = [_inside(note, mode) for note in notes if note.get("name") != SPARE]
    names = _legend_names(tree) if layout.get("showlegend", True) or explained else []
    layout["showlegend"] = False
    bar = _lay_bar_down(tree)
    _name_rows_once(tree)
    laid = lay_out(go.Figure(tree), narrow_size(width), mode=mode)
    laid.update_layout(paper_bgcolor=_CLEAR, plot_bgcolor=_CLEAR)
    rows = _legend_rows(names, width)
    below = _LEGEND_ROW * rows + (_BAR if bar else 0.0)
    plotted = laid.layout.height - laid.layout.margin.t - laid.layout.margin.b
    lines = _wrap_axes(laid, width)
    axis = _AXIS + _LINE * (lines - 1)
    laid.layout.margin.b = axis + below
    laid.layout.margin.t = max(laid.layout.margin.t - _spare(figure, laid), 40.0)
    laid.layout.height = plotted + laid.layout.margin.t + laid.layout.margin.b
    if rows:
        laid.update_layout(
            showlegend=True,
            legend={"orientation": "h", "x": 0, "xref": "container", "xanchor": "left", "y": 0,
                    "yref": "container", "yanchor": "bottom", "font": {"size": 12}},
        )  # fmt: skip
    if bar:
        laid.update_traces(
            colorbar={"y": -(axis + 4) / plotted, "yanchor": "top"}, selector={"type": "heatmap"}
        )
    laid.update_xaxes(nticks=_MOST_TICKS)
    for each in laid.select_xaxes():
        _thin_out(each)
    return laid


def _wrap_axes(laid: go.Figure, width: float) -> int:
    """Break long titles of horizontal axes; give the most lines that one takes."""
    room, most = int((width - laid.layout.margin.l) / _LETTER), 1
    for axis in laid.select_xaxes():
        if axis.title.text:
            share = (axis.domain or (0.0, 1.0))[1] - (axis.domain or (0.0, 1.0))[0]
            axis.title.standoff = 10
            axis.title.text = wrap(axis.title.text, max(8, int(room * share)))
            most = max(most, axis.title.text.count("<br>") + 1)
    return most


def _spare(figure: go.Figure, laid: go.Figure) -> float:
    """Room above the plot that the legend has left."""
    lines = str(laid.layout.title.text or "").count("<br>") + 1
    subtitle = 22.0 if laid.layout.title.subtitle.text else 0.0
    needed = 30.0 + 20.0 * lines + subtitle + (22.0 if len(list(figure.select_xaxes())) > 1 else 0)
    return float(laid.layout.margin.t - needed)


def _inside(note: Tree, mode: Mode) -> Tree:
    """Move the name of a level from beside the plot onto its line."""
    if note.get("x") != 1.0 or note.get("xanchor") != "left":
        return note
    return {**note, "xanchor": "right", "xshift": -2, "yanchor": "bottom", "align": "right",
            "bgcolor": faint(GROUND[mode], 0.6), "borderpad": 0}  # fmt: skip


def _legend_names(tree: Tree) -> list[str]:
    names = [
        str(trace.get("name"))
        for trace in tree["data"]
        if trace.get("name") and trace.get("showlegend", True) is not False
    ]
    return list(dict.fromkeys(names)) if len(names) > 1 else []


def _legend_rows(names: Sequence[str], width: float) -> int:
    """Count rows of a legend whose columns are as wide as its longest name."""
    if not names:
        return 0
    widest = max(_LEGEND_KEY + _LETTER * len(name) for name in names)
    return math.ceil(len(names) / max(1, int(width / widest)))


def _thin_out(axis: Any) -> None:
    """Keep few of the ticks that are given one by one."""
    values = list(axis.tickvals) if axis.tickvals is not None else []
    # Categories are names, each of which stands for something of its own.
    if len(values) <= _MOST_TICKS or any(isinstance(value, str) for value in values):
        return
    step = math.ceil(len(values) / _MOST_TICKS)
    axis.tickvals = values[::step]
    if axis.ticktext is not None:
        axis.ticktext = list(axis.ticktext)[::step]


def _name_rows_once(tree: Tree) -> None:
    """Leave out the names of groups beside those of rows, which would take the plot's room."""
    for trace in tree["data"]:
        rows = trace.get("y")
        if rows is None or len(rows) != 2:
            continue
        # Groups and rows, a list each. A table's column may have any index.
        groups, names = rows
        if not np.isscalar(groups):
            trace["y"] = names


def _lay_bar_down(tree: Tree) -> bool:
    """Lay the scale of a map's colours down below it."""
    found = False
    for trace in tree["data"]:
        if trace.get("type") != "heatmap":
            continue
        bar = trace.setdefault("colorbar", {})
        bar.update(orientation="h", lenmode="fraction", len=0.9, x=0.5, xanchor="center")
        bar["title"] = {**(bar.get("title") or {}), "side": "top"}
        tree["layout"].setdefault("margin", {})["r"] = 12
        found = True
    return found
