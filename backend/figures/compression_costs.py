"""Predictivity against what a model takes, and the compressions that nothing else beats."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import METRIC_TITLES, compression_title, model_title, roi_title
from backend.figures.lay_out import SPARE
from backend.figures.palette import compression_colour
from backend.figures.theme import Mode, ink, mark_simulated, muted, style

COST_TITLES = {
    "bits_per_weight": "Bits per weight, all weights counted",
    "bytes_in_memory": "Memory (MB)",
    "bytes_on_disk": "On disk (MB)",
    "perplexity": "Perplexity",
}
_MEGABYTE = 1e6
_GROUPS = {
    "full precision": "diamond", "quantization": "circle", "pruning": "square", "other": "cross",
}  # fmt: skip
# Beyond this ratio of the largest to the smallest cost, the cheap ones would crowd together.
_LOG_FROM = 4.0
# Labels are laid out for a plot as narrow as a laptop's; a wider one only spreads them.
_PLOT_WIDTH = 640
_MARGINS = 150
_CHARACTER = 7.4
_LINE = 17
_MARK = 9


class _Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.low < other.high
            and other.low < self.high
        )


def trade_off_figure(
    points: pd.DataFrame,
    model: str,
    dataset: str,
    roi: str,
    evidence: str,
    cost: str = "bits_per_weight",
    metric: str = "r",
    mode: Mode = "light",
    height: int = 520,
) -> go.Figure:
    """Draw predictivity against a cost, with the front of what nothing else beats.

    Parameters
    ----------
    points : pandas.DataFrame
        See :func:`backend.comparisons.compression_costs.trade_off`.
    model, dataset, roi, evidence : str
        Of the results.
    cost : {"bits_per_weight", "bytes_in_memory", "bytes_on_disk", "perplexity"}
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars are 95% t intervals of the paired difference from full precision. Methods are named
        beside their points where there is room, those on the front first.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if points.empty:
        raise ValueError("trade_off_figure needs at least one row, and was given none")
    per_unit = _MEGABYTE if cost.startswith("bytes") else 1.0
    points = points.assign(cost=points["cost"] / per_unit)
    log = points["cost"].max() > _LOG_FROM * points["cost"].min()
    figure = Draft()
    _add_front(figure, points, mode)
    for group, rows in points.groupby("group", sort=False):
        _add_points(figure, rows, str(group), mode)
    style(figure, mode, height)
    figure.update_layout(
        title_text=f"{model_title(model)}, {roi_title(dataset, roi)}: predictivity for its price"
    )
    across = _range(points["cost"], log)
    up = _range(points[["score", "low", "high"]].to_numpy(dtype=float).ravel())
    figure.update_xaxes(
        title_text=COST_TITLES[cost] + (", log scale" if log else "") + "; less is better",
        type="log" if log else "linear",
        range=list(across),
        tickvals=_log_ticks(across) if log else None,
    )
    figure.update_yaxes(title_text=METRIC_TITLES[metric], range=list(up))
    _add_labels(figure, points, across, up, log, height, mode)
    if evidence == "simulated":
        mark_simulated(figure, mode)
    return figure.figure()


def _range(values: object, log: bool = False) -> tuple[float, float]:
    known = np.asarray(values, dtype=float)
    known = np.log10(known) if log else known
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    pad = 0.09 * (high - low or abs(high) or 1.0)
    return low - pad, high + pad


def _log_ticks(across: tuple[float, float]) -> list[float]:
    """Round numbers between two powers of ten, some of which the axis would leave unnamed."""
    decades = range(int(np.floor(across[0])), int(np.ceil(across[1])) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 3, 5)]
    return [tick for tick in ticks if across[0] <= np.log10(tick) <= across[1]]


def _add_front(figure: Draft, points: pd.DataFrame, mode: Mode) -> None:
    front = points[points["on_front"]].sort_values(["cost", "score"])
    figure.add_trace(
        {
            "type": "scatter",
            "x": front["cost"],
            "y": front["score"],
            "mode": "lines",
            "line": {"shape": "hv", "width": 3, "color": muted(mode), "dash": "dot"},
            "name": "Pareto front",
            "hoverinfo": "skip",
        }
    )


def _add_points(figure: Draft, rows: pd.DataFrame, group: str, mode: Mode) -> None:
    colours = [compression_colour(str(name), mode) for name in rows["compression"]]
    titles = [compression_title(name) for name in rows["compression"]]
    alike = {"type": "scatter", "mode": "markers", "name": group, "legendgroup": group}
    marker = {"size": 12, "symbol": _GROUPS[group]}
    figure.add_trace(
        {
            **alike,
            "x": rows["cost"],
            "y": rows["score"],
            "error_y": {
                "type": "data",
                "array": rows["high"] - rows["score"],
                "thickness": 1.2,
                "width": 0,
                "color": muted(mode),
            },
            "showlegend": False,
            "marker": {**marker, "color": colours},
            "customdata": np.stack([titles, rows["verdict"]], axis=-1),
            "hovertemplate": "%{customdata[0]}: %{y:.4f} at %{x:.4g}"
            "<extra>%{customdata[1]}</extra>",
        }
    )
    # The legend tells the groups by their symbols; a colour is a method's, which is named.
    figure.add_trace(
        {**alike, "x": [None], "y": [None], "marker": {**marker, "color": muted(mode)}}
    )


def _add_labels(
    figure: Draft,
    points: pd.DataFrame,
    across: tuple[float, float],
    up: tuple[float, float],
    log: bool,
    height: int,
    mode: Mode,
) -> None:
    """Name points, those on the front first, where a name covers no mark and no other name."""
    costs = np.log10(points["cost"]) if log else points["cost"]
    x = (costs.to_numpy() - across[0]) / (across[1] - across[0]) * _PLOT_WIDTH
    y = (points["score"].to_numpy() - up[0]) / (up[1] - up[0]) * (height - _MARGINS)
    taken = [_Box(a - _MARK, b - _MARK, a + _MARK, b + _MARK) for a, b in zip(x, y, strict=True)]
    # From the top, so that the names of a column keep its order and their lines do not cross.
    order = points.reset_index(drop=True).sort_values(["on_front", "score"], ascending=False)
    inside = _Box(0, 0, _PLOT_WIDTH, height - _MARGINS)
    for row in order.itertuples():
        title = compression_title(str(row.compression))
        place = int(str(row.Index))
        for centre_x, centre_y in _beside(len(title) * _CHARACTER):
            box = _about(x[place] + centre_x, y[place] + centre_y, len(title) * _CHARACTER)
            outside = box.left < inside.left or box.right > inside.right
            outside = outside or box.low < inside.low or box.high > inside.high
            if outside or any(box.meets(other) for other in taken):
                continue
            taken.append(box)
            figure.add_annotation(
                text=f"<b>{title}</b>" if row.on_front else title,
                x=costs.iloc[place], y=row.score, xref="x", yref="y",
                ax=centre_x, ay=-centre_y, axref="pixel", ayref="pixel",
                showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=muted(mode), standoff=6,
                font={"size": 13, "color": ink(mode)}, name=None if row.on_front else SPARE,
            )  # fmt: skip
            break


def _about(x: float, y: float, width: float) -> _Box:
    return _Box(x - width / 2, y - _LINE / 2, x + width / 2, y + _LINE / 2)


def _beside(width: float) -> Iterator[tuple[float, float]]:
    """Where a name may stand, from its point in pixels: the nearest places first."""
    for away in (14, 54):
        for lift in (0, 18, -18, 36, -36):
            yield width / 2 + away, lift
            yield -width / 2 - away, lift
