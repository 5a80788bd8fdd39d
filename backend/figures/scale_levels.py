"""The floor and the roof of a figure of scale."""

import math
from typing import Any

import pandas as pd

from backend.figures.draft import Draft
from backend.figures.labels import BASELINE_TITLES
from backend.figures.layer_levels import spread_labels
from backend.figures.scale_places import Place
from backend.figures.theme import BASELINE_DASH, Mode, faint, muted

# Of a label of two lines.
_LABEL_PIXELS = 38


def level_shapes(
    levels: pd.DataFrame, place: Place, metric: str, mode: Mode
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


def label_levels(figure: Draft, levels: pd.DataFrame, mode: Mode) -> None:
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
