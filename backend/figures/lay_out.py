"""Lay a figure out anew for a width on paper: type stays readable, margins are what text needs."""

import copy
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from backend.figures.captions import wrap
from backend.figures.restack import Tree, restack
from backend.figures.sizes import PageSize
from backend.figures.theme import GROUND, Mode

CAPTION_COLOUR: dict[Mode, str] = {"light": "#374151", "dark": "#D1D5DB"}
# What else is measured in pixels; sizes of type have limits of their own.
_LENGTHS = frozenset(
    {"xshift", "yshift", "ax", "ay", "standoff", "ticklen", "tickwidth", "thickness", "arrowwidth",
     "xgap", "ygap", "borderwidth", "linewidth", "zerolinewidth"}
)  # fmt: skip
_SPACES = frozenset({"l", "r", "t", "b"})
_STRIPES = frozenset({"line", "marker", "error_x", "error_y"})
# Larger type is no text to be read but a mark: SIMULATED.
_MARK = 30
_POINT = 96 / 72
# Of Helvetica and its like, in the size of the type.
_LETTER = 0.54
# In running text, which has more narrow letters than labels have.
_SMALL_LETTER = 0.485
_LINE = 1.35
_LEGEND_KEY = 44
_DEFAULT_HEIGHT = 460
_EDGE = 6.0
# A row's height in the size of its type; and the smallest type of rows, in pixels.
_ROW, _LEAST_ROW = 1.25, 10.0
SPARE = "spare"
"""Name of annotations that go, or shrink with their rows, where there is no room for them."""
# Pixels: on less than a column and a half, panels do not stand beside each other.
_RESTACKED = 400.0
_INLINE = re.compile(r"font-size:\s*([\d.]+)px")


def lay_out(
    figure: go.Figure, size: PageSize, caption: str = "", mode: Mode = "light"
) -> go.Figure:
    """Lay a copy of a figure out for a size, with a caption under it.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        As it stands on a page of the app.
    size : PageSize
    caption : str
        Left out where it is empty.
    mode : {"light", "dark"}
        The figure's own.

    Returns
    -------
    plotly.graph_objects.Figure
        On the mode's ground, with width and height in CSS pixels.
    """
    tree: Tree = copy.deepcopy(figure.to_plotly_json())
    layout: Tree = tree["layout"]
    if size.width < _RESTACKED:
        restack(layout)
    before = _top_rows(tree, layout, 1100.0)
    for place, trace in enumerate(tree["data"]):
        # Drawn at random otherwise, and written into an SVG.
        trace["uid"] = f"trace{place}"
    _shrink(tree, "", size)
    font = _clamped(15.0, size)
    _wrap_title(layout, size, font)
    # Entries of a legend are groups of their own, which Plotly sets far apart.
    layout.setdefault("legend", {})["tracegroupgap"] = 0
    margin = layout.setdefault("margin", {})
    margin["l"] = _left(tree, font)
    margin["r"] = max(_right(layout, font), margin.get("r", 0) if _has_bar(tree) else 0)
    extra = _top_rows(tree, layout, size.width - margin["l"] - margin["r"]) - before
    margin["t"] = margin.get("t", 60) + max(0, extra) * _LINE * font
    height = layout.get("height", _DEFAULT_HEIGHT * size.scale) + max(0, extra) * _LINE * font
    layout.update(paper_bgcolor=GROUND[mode], plot_bgcolor=GROUND[mode], width=size.width)
    if caption:
        below = _add_caption(layout, caption, size, mode)
        height += below
    layout["height"] = size.height if size.height is not None else height
    laid = go.Figure(tree)
    if size.height is not None:
        _fit_rows(laid)
    return laid


def _fit_rows(figure: go.Figure) -> None:
    """Set the names of rows smaller where a given height leaves them less than their type."""
    axis, layout = figure.layout.yaxis, figure.layout
    if axis.ticktext is None or axis.range is None:
        return
    bottom, top = axis.domain or (0.0, 1.0)
    plotted = (layout.height - layout.margin.t - layout.margin.b) * (top - bottom)
    row = plotted / abs(axis.range[1] - axis.range[0])
    size = max(row / _ROW, _LEAST_ROW)
    if size >= (axis.tickfont.size or layout.font.size):
        return
    axis.tickfont.size = size
    for note in layout.annotations:
        if note.name == SPARE:
            note.font.size = size
    figure.update_traces(marker_size=0.75 * row, selector={"type": "scatter"})


def _clamped(pixels: float, size: PageSize) -> float:
    """Scale type, and keep it between the smallest and the largest that can be read."""
    low, high = (points * _POINT for points in size.type_points)
    return min(max(pixels * size.scale, low), high)


def _shrink(node: Any, parent: str, size: PageSize) -> None:
    """Scale every length of a figure, in place."""
    if isinstance(node, list | tuple):
        for item in node:
            _shrink(item, parent, size)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if parent.endswith("font") and key == "size":
            node[key] = _each(value, lambda v: v * size.scale if v > _MARK else _clamped(v, size))
        elif key == "text" and isinstance(value, str):
            node[key] = _INLINE.sub(
                lambda found: f"font-size:{_clamped(float(found[1]), size):.2f}px", value
            )
        elif (
            key in _LENGTHS
            or (parent == "margin" and key in _SPACES)
            or (parent in _STRIPES and key in ("width", "size"))
            or (parent == "layout" and key == "height")
            or (parent == "pad" and key in _SPACES)
        ):
            node[key] = _each(value, lambda v: v * size.scale)
        else:
            _shrink(value, key, size)


def _each(value: Any, change: Callable[[float], float]) -> Any:
    """Change a number, or every number of an array."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return change(float(value))
    return [change(float(item)) for item in value]


def _text_width(text: str, font: float) -> float:
    """Guess how wide the widest line of a label is."""
    lines = (re.sub(r"<[^>]*>", "", line) for line in re.split(r"<br\s*/?>", text))
    return max((len(line) for line in lines), default=0) * _LETTER * font


def _axes(layout: Tree, letter: str) -> Iterator[tuple[str, Tree]]:
    for name, axis in layout.items():
        if re.fullmatch(rf"{letter}axis\d*", name):
            yield name, axis


def _left(tree: Tree, font: float) -> float:
    """Room for the labels and the title of the leftmost vertical axis."""
    labels = ["-0.00"]
    titled = False
    for name, axis in _axes(tree["layout"], "y"):
        domain = axis.get("domain")
        if axis.get("anchor", "x") != "x" and domain and name != "yaxis":
            continue
        titled = titled or bool((axis.get("title") or {}).get("text"))
        labels += [str(text) for text in _listed(axis.get("ticktext"))]
    for trace in tree["data"]:
        labels += [str(value) for value in _listed(trace.get("y")) if isinstance(value, str)]
    widest = max(_text_width(label, font) for label in labels)
    return widest + (1.9 if titled else 0.6) * font + _EDGE


def _listed(values: Any) -> Sequence[Any]:
    return (
        values if isinstance(values, list | tuple) else list(values) if values is not None else []
    )


def _right(layout: Tree, font: float) -> float:
    """Room for what stands at the right of the plot."""
    widths = [
        _text_width(str(note.get("text", "")), (note.get("font") or {}).get("size", font))
        + note.get("xshift", 0)
        for note in layout.get("annotations", ())
        if note.get("x") == 1.0 and note.get("xanchor") == "left"
    ]
    return max([font, *widths]) + _EDGE


def _has_bar(tree: Tree) -> bool:
    return any(trace.get("type") == "heatmap" for trace in tree["data"])


def _wrap_title(layout: Tree, size: PageSize, font: float) -> None:
    title = layout.get("title") or {}
    text = title.get("text")
    if not text:
        return
    type_size = (title.get("font") or {}).get("size", font)
    if "<" not in text:
        text = wrap(text, max(12, int((size.width - 2 * _EDGE) / (_LETTER * type_size))))
    if "<br>" in text:
        # Plotly moves a title of several lines up, where it would leave the figure.
        title["pad"] = {"t": type_size}
    title["text"] = text


def _top_rows(tree: Tree, layout: Tree, width: float) -> int:
    """Count the lines of the title and the rows of the legend."""
    text = (layout.get("title") or {}).get("text") or ""
    font = ((layout.get("legend") or {}).get("font") or {}).get("size", 14)
    names = [
        str(trace.get("name", "")) for trace in tree["data"]
        if trace.get("showlegend", True) and trace.get("name")
    ]  # fmt: skip
    rows = 0
    if names and layout.get("showlegend", True):
        entries = [_LEGEND_KEY + _text_width(name, font) for name in names]
        in_a_row = max(1, math.floor(width / max(entries)))
        rows = 1 if sum(entries) <= width else math.ceil(len(entries) / in_a_row)
    return text.count("<br>") + rows


def _add_caption(layout: Tree, caption: str, size: PageSize, mode: Mode) -> float:
    """Put a caption under the plot; gives the height that it takes."""
    font = size.caption_points * _POINT
    margin = layout["margin"]
    bottom = margin.get("b", 60)
    text = wrap(caption, int((size.width - 2 * _EDGE) / (_SMALL_LETTER * font)))
    below = (text.count("<br>") + 1) * _LINE * font + 3 * _EDGE
    layout["annotations"] = [
        *layout.get("annotations", ()),
        {"text": text, "x": 0, "xref": "paper", "xanchor": "left", "xshift": _EDGE - margin["l"],
         "y": 0, "yref": "paper", "yanchor": "top", "yshift": -bottom - _EDGE, "align": "left",
         "showarrow": False, "font": {"size": font, "color": CAPTION_COLOUR[mode]}},
    ]  # fmt: skip
    margin["b"] = bottom + below
    return below
