"""One look for every figure: large type, few marks, colours that everybody can tell apart."""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import plotly.graph_objects as go

from backend.figures.draft import Draft

Mode = Literal["light", "dark"]
Styled = TypeVar("Styled", go.Figure, Draft)

_ORDER = {"light": "#C04F00", "dark": "#FF8A4C"}
# Far apart for protan, deutan and tritan eyes too, and from sample order; the same four hues on
# both grounds, each with a contrast of 3 or more.
_PINS = {
    "light": ("#332288", "#8A8A22", "#994455", "#4F87C2"),
    "dark": ("#8C7BFF", "#E6C200", "#D9537A", "#7FD6E8"),
}
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
BASELINE_DASH = "dot"

GROUND: dict[Mode, str] = {"light": "#FFFFFF", "dark": "#0F1419"}
"""The page's, as the app's theme has it."""
_INK = {"light": "#1A1D21", "dark": "#F2F4F7"}
_MUTED = {"light": "#596170", "dark": "#9CA3AF"}
_GRID = {"light": "#E5E7EB", "dark": "#374151"}
# What Plotly's own template says and a figure here leaves to it. That template is six times as long
# as a figure; sent with each, it takes the browser longer to compare than the figure's own marks.
_AXIS = {"automargin": True, "title": {"standoff": 15}, "zerolinewidth": 2}
_TEMPLATE: dict[str, Any] = {
    "layout": {
        "autotypenumbers": "strict", "hovermode": "closest", "hoverlabel": {"align": "left"},
        "xaxis": _AXIS, "yaxis": _AXIS, "annotationdefaults": {"arrowhead": 0, "arrowwidth": 1},
    },
    "data": {"heatmap": [{"type": "heatmap", "colorbar": {"outlinewidth": 0, "ticks": ""}}]},
}  # fmt: skip
LEGEND_ROW = 24
"""Height of a row of a legend, in pixels."""
# Of a figure in a narrow window.
_LEGEND_WIDTH = 760
_FONT = "Source Sans, Helvetica, Arial, sans-serif"


def pin_colour(index: int, mode: Mode) -> str:
    """Colour of the ``index``-th pinned selection, from 0 to 3, on every page."""
    return _PINS[mode][index]


def order_colour(mode: Mode) -> str:
    """Colour of what knows nothing but sample order, on every figure."""
    return _ORDER[mode]


def ink(mode: Mode) -> str:
    """Colour of text and axes."""
    return _INK[mode]


def muted(mode: Mode) -> str:
    """Colour of what stands behind the data: baselines, ceilings, notes."""
    return _MUTED[mode]


def faint(colour: str, opacity: float) -> str:
    """Make a colour let through what stands behind it.

    Parameters
    ----------
    colour : str
        As ``#RRGGBB``.
    opacity : float
        Between 0 and 1.

    Returns
    -------
    str
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def legend_rows(names: Sequence[str]) -> int:
    """Guess how many rows a legend of these names takes above a plot in a narrow window.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    int
    """
    width, rows = 0.0, 1
    for name in names:
        entry = 42 + 6.8 * len(name)
        if width and width + entry > _LEGEND_WIDTH:
            width, rows = 0.0, rows + 1
        width += entry
    return rows


def style(figure: Styled, mode: Mode = "light", height: int = 460) -> Styled:
    """Give a figure the project's look, in place.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure or Draft
    mode : {"light", "dark"}
        The background stays transparent, so that it is the page's.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure or Draft
        The same one.
    """
    figure.update_layout(
        template=_TEMPLATE,
        height=height,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 15, "color": ink(mode)},
        # As wide as an axis needs: where a label pushes the margin, Plotly draws all again.
        margin={"l": 86, "r": 24, "t": 84, "b": 68},
        # From the figure's own corner, so that titles stand below each other on a page.
        title={"x": 0, "xref": "container", "xanchor": "left", "y": 1, "yanchor": "top",
               "pad": {"t": 10, "l": 2}, "font": {"size": 19}},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom",
                "font": {"size": 14}},
        hoverlabel={"font": {"family": _FONT, "size": 14}},
    )  # fmt: skip
    axis: dict[str, Any] = {
        "showgrid": True,
        "gridcolor": _GRID[mode],
        "zeroline": False,
        "linecolor": muted(mode),
        "ticks": "outside",
        "tickcolor": muted(mode),
        "title": {"font": {"size": 15}},
    }
    figure.update_xaxes(**{**axis, "showgrid": False, "showline": True})
    figure.update_yaxes(**axis)
    return figure


def mark_simulated(figure: go.Figure | Draft, mode: Mode) -> None:
    """Write SIMULATED across the plot area, where no crop can lose it."""
    figure.add_annotation(
        text="SIMULATED",
        xref="paper", yref="paper", x=0.5, y=0.5,
        showarrow=False,
        font={"size": 64, "color": muted(mode)},
        opacity=0.22,
        textangle=-18,
    )  # fmt: skip
