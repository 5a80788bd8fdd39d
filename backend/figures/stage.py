"""What a figure that is laid out for a stage takes beyond its size: room, and labels apart."""

from typing import Any

import plotly.graph_objects as go

_CLEAR = "rgba(0,0,0,0)"
# Of the height: what title and legend may take.
_MOST_ABOVE = 0.28
_LINE = 1.2


def stage_style(figure: go.Figure) -> go.Figure:
    """Let a figure that is laid out for a stage stand on it, in place.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        From :func:`backend.figures.lay_out.lay_out`, with a height.

    Returns
    -------
    plotly.graph_objects.Figure
        The same one: on the stage's own ground, its plot as high as title and legend allow, and
        the labels at its right side no longer over each other, as larger type makes them.
    """
    margin = figure.layout.margin
    margin.t = min(margin.t, _MOST_ABOVE * figure.layout.height)
    figure.update_layout(paper_bgcolor=_CLEAR, plot_bgcolor=_CLEAR)
    by_axis: dict[str, list[Any]] = {}
    for note in figure.layout.annotations:
        if note.x == 1 and note.xanchor == "left" and str(note.yref).startswith("y"):
            by_axis.setdefault(str(note.yref).split()[0], []).append(note)
    for reference, notes in by_axis.items():
        _spread(figure, reference, notes)
    return figure


def _spread(figure: go.Figure, reference: str, notes: list[Any]) -> None:
    """Push labels of one axis apart, the lowest stays where it is."""
    axis = figure.layout[f"yaxis{reference[1:]}"]
    if axis.range is None or any(isinstance(note.y, str) for note in notes):
        return
    margin, (low, high) = figure.layout.margin, axis.range
    bottom, top = axis.domain or (0.0, 1.0)
    pixels = (figure.layout.height - margin.t - margin.b) * (top - bottom) / (high - low)
    floor = float("-inf")
    for note in sorted(notes, key=lambda note: note.y):
        place = note.y * pixels + (note.yshift or 0)
        raised = max(place, floor)
        note.yshift = (note.yshift or 0) + raised - place
        size = (note.font.size if note.font else None) or figure.layout.font.size
        lines = str(note.text).count("<br>") + 1
        floor = raised + _LINE * size * lines
