"""Marks of a layer figure: a curve in its ribbon, over layers or relative depth."""

from typing import Any

import numpy as np
import pandas as pd

from backend.figures.palette import Look
from backend.figures.theme import Mode, faint

AXIS_TITLES = {
    "layer": "Layer (0 = embeddings)",
    "depth": "Relative depth (0 = embeddings, 1 = last layer)",
}
_RIBBON = {"light": 0.16, "dark": 0.24}
# More ticks run into each other.
_MOST_TICKS = 16


def curve_traces(
    rows: pd.DataFrame, name: str, look: Look, axis: str, mode: Mode, panel: str, legend: bool
) -> list[dict[str, Any]]:
    """Draw a curve in the ribbon of its interval.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of one curve, ascending: layer, depth, mean, low, high.
    name : str
    look : Look
    axis : {"layer", "depth"}
    mode : {"light", "dark"}
    panel : str
        Number of its axes as Plotly writes it: empty for the first.
    legend : bool
        Whether the legend names it.

    Returns
    -------
    list of dict
        Traces for Plotly, the ribbon first; none where no interval is known.
    """
    where = {"xaxis": f"x{panel}", "yaxis": f"y{panel}", "legendgroup": name, "name": name}
    traces: list[dict[str, Any]] = []
    known = rows[rows["low"].notna() & rows["high"].notna()]
    if len(known):
        traces.append(
            {
                **where, "type": "scatter", "mode": "lines", "fill": "toself",
                "x": np.concatenate([known[axis], known[axis][::-1]]),
                "y": np.concatenate([known["high"], known["low"][::-1]]),
                "line": {"width": 0}, "fillcolor": faint(look.colour, _RIBBON[mode]),
                "hoverinfo": "skip", "showlegend": False,
            }
        )  # fmt: skip
    traces.append(
        {
            **where, "type": "scatter", "mode": "lines+markers",
            "x": rows[axis].to_numpy(), "y": rows["mean"].to_numpy(),
            "line": {"color": look.colour, "width": 3, "dash": look.dash},
            "marker": {"size": 8, "symbol": look.symbol},
            "customdata": np.stack([rows["layer"], rows["low"], rows["high"]], axis=-1),
            "hovertemplate": "layer %{customdata[0]:.0f}: %{y:.3f} "
            "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]<extra>" + name + "</extra>",
            "showlegend": legend,
        }
    )  # fmt: skip
    return traces


def axis_range(curves: pd.DataFrame, axis: str) -> dict[str, Any]:
    """Range and ticks of the axis of layers.

    Parameters
    ----------
    curves : pandas.DataFrame
        With layer.
    axis : {"layer", "depth"}

    Returns
    -------
    dict
        For ``update_xaxes``.
    """
    if axis == "depth":
        return {"range": [-0.04, 1.04], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    layers = sorted({int(layer) for layer in curves["layer"]})
    margin = 0.04 * max(layers[-1] - layers[0], 1) + 0.15
    ticks = {"tickvals": layers} if len(layers) <= _MOST_TICKS else {}
    return {**ticks, "range": [layers[0] - margin, layers[-1] + margin]}


def with_depth(curves: pd.DataFrame) -> pd.DataFrame:
    """Add the relative depth, layer over the run's last one, where it is not there."""
    if "depth" in curves:
        return curves
    last = curves.groupby("run_id")["layer"].transform("max")
    return curves.assign(depth=curves["layer"] / last.where(last > 0, 1))
