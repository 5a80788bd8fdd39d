"""A panel per region, in rows of up to six."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

_ACROSS = 6


def region_panels(places: Sequence[str]) -> tuple[go.Figure, list[dict[str, int]]]:
    """Make a figure with a panel per region.

    Parameters
    ----------
    places : sequence of str
        Titles of the panels.

    Returns
    -------
    tuple of (plotly.graph_objects.Figure, list of dict)
        And the row and column of each.
    """
    rows = n_rows(places)
    across = -(-len(places) // rows)
    figure = make_subplots(
        rows=rows, cols=across, shared_yaxes=True, horizontal_spacing=0.02,
        vertical_spacing=0.34 / rows if rows > 1 else 0.0, subplot_titles=list(places),
        specs=filled(len(places), rows, across),
    )  # fmt: skip
    return figure, [
        {"row": place // across + 1, "col": place % across + 1} for place in range(len(places))
    ]


def filled(n: int, rows: int, across: int) -> list[list[dict[str, str] | None]]:
    """Leave the cells behind the last of ``n`` panels without axes, as ``make_subplots`` takes it.

    Where panels are stacked anew, axes without a panel would leave a gap.
    """
    return [
        [{} if row * across + column < n else None for column in range(across)]
        for row in range(rows)
    ]


def n_rows(places: Sequence[str]) -> int:
    """Count the rows of panels that regions take."""
    return max(1, -(-len(places) // _ACROSS))


def title_middle(figure: go.Figure, panels: Sequence[dict[str, int]], title: str) -> None:
    """Name the horizontal axis once, under the middle of the last row of panels; twice of two."""
    last = max(each["row"] for each in panels)
    across = max(each["col"] for each in panels if each["row"] == last)
    # An axis' name stands under its own panel, and two panels have no middle one.
    for column in (1, 2) if across == 2 else ((across + 1) // 2,):
        figure.update_xaxes(title_text=title, row=last, col=column)
