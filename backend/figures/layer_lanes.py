"""Lanes below the panels of a layer figure: a bar for each curve's peak and its interval."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from backend.figures.draft import Draft
from backend.figures.palette import Look
from backend.figures.theme import Mode, muted

LANE_PIXELS = 15
"""Height of one row of a lane."""
_GAP_PIXELS = 6


def lane_pixels(n_rows: int) -> int:
    """Height that a lane of so many rows takes from its panel."""
    return _GAP_PIXELS + LANE_PIXELS * n_rows if n_rows else 0


def split_off_lanes(figure: Draft, n_panels: int, n_rows: int, mode: Mode) -> None:
    """Give each panel a lane of its own below it, with the panel's axis of layers.

    Parameters
    ----------
    figure : Draft
        Styled, with its height; changed in place. The lane of panel ``i`` (from 0) has the y axis
        that :func:`lane_axis` names.
    n_panels : int
    n_rows : int
        Peaks that a lane has room for.
    mode : {"light", "dark"}
    """
    layout = figure.layout
    plotted = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    lines = layout.setdefault("shapes", [])
    for index in range(n_panels):
        panel = panel_number(index)
        main = layout[f"yaxis{panel}"]
        bottom, top = main.get("domain", (0.0, 1.0))
        lane = lane_axis(index, n_panels)
        edge = bottom + lane_pixels(n_rows) / plotted
        layout[f"yaxis{lane}"] = {
            "anchor": f"x{panel}", "domain": [bottom, edge - _GAP_PIXELS / plotted],
            "range": [n_rows, 0], "visible": False, "fixedrange": True,
        }  # fmt: skip
        main["domain"] = [edge, top]
        layout[f"xaxis{panel}"]["anchor"] = f"y{lane}"
        lines.append(
            {"type": "line", "xref": f"x{panel} domain", "x0": 0, "x1": 1, "yref": "paper",
             "y0": edge, "y1": edge, "line": {"color": muted(mode), "width": 0.8}}
        )  # fmt: skip


def panel_number(index: int) -> str:
    """Write the number of a panel, from 0, as Plotly does: empty for the first."""
    return "" if index == 0 else str(index + 1)


def lane_axis(index: int, n_panels: int) -> str:
    """Write the number of the y axis of a panel's lane, as Plotly does."""
    return str(n_panels + index + 1)


def peak_traces(
    peaks: pd.DataFrame,
    looks: Mapping[str, Look],
    axis: str,
    index: int,
    n_panels: int,
) -> list[dict[str, Any]]:
    """Draw the peaks of one panel's curves as bars, one below the other.

    Parameters
    ----------
    peaks : pandas.DataFrame
        title, layer, low, high, last; see
        :meth:`backend.comparisons.layer_curves.LayerCurves.peaks`.
    looks : mapping of str to Look
        By title, in the order of the rows.
    axis : {"layer", "depth"}
    index, n_panels : int
        Which panel, from 0, and of how many.

    Returns
    -------
    list of dict
        Traces for Plotly.
    """
    panel, lane = panel_number(index), lane_axis(index, n_panels)
    names = list(looks)
    return [
        {"xaxis": f"x{panel}", "yaxis": f"y{lane}", **_bar(row, looks[row["title"]], axis,
         names.index(row["title"]) + 0.5)}
        for row in peaks.to_dict("records")
    ]  # fmt: skip


def _bar(row: dict[Any, Any], look: Look, axis: str, y: float) -> dict[str, Any]:
    scale = 1.0 if axis == "layer" else 1.0 / max(float(row["last"]), 1.0)
    known = bool(pd.notna(row["low"]))
    ends = [row["low"], row["layer"], row["high"]] if known else [row["layer"]]
    interval = f" [{row['low']:.0f}, {row['high']:.0f}]" if known else ""
    return {
        "type": "scatter", "mode": "lines+markers", "legendgroup": row["title"],
        "name": row["title"],
        "x": [float(end) * scale for end in ends], "y": [y] * len(ends),
        "line": {"color": look.colour, "width": 4},
        "marker": {"symbol": look.symbol, "opacity": 1, "color": look.colour,
                   "size": [0, 10, 0] if known else [10]},
        "hovertemplate": f"peak: layer {row['layer']:.0f}{interval}<extra>{row['title']}</extra>",
        "showlegend": False,
    }  # fmt: skip


def label_lane(figure: Draft, n_panels: int, n_rows: int, intervals: bool, mode: Mode) -> None:
    """Say right of the last lane what it shows.

    Parameters
    ----------
    figure : Draft
        Changed in place.
    n_panels, n_rows : int
    intervals : bool
        Whether peaks have any.
    mode : {"light", "dark"}
    """
    last = n_panels - 1
    figure.add_annotation(
        text="peak layer [95%]" if intervals else "peak layer",
        x=1.0, xref=f"x{panel_number(last)} domain", xanchor="left", xshift=6,
        y=n_rows / 2, yref=f"y{lane_axis(last, n_panels)}",
        showarrow=False, font={"size": 13, "color": muted(mode)},
    )  # fmt: skip
