"""Baselines and the noise ceiling on a layer figure: bands with their names beside them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from backend.figures.draft import Draft
from backend.figures.labels import BASELINE_TITLES
from backend.figures.lay_out import SPARE
from backend.figures.theme import BASELINE_DASH, Mode, faint, muted, order_colour

ORDER = "oasm"
# Beside each other, two panels have room for the baselines that the comparison is about.
_COMPARED = {"length": "length", ORDER: BASELINE_TITLES[ORDER], "all nuisance": "nuisance"}
_BAND = {"light": 0.10, "dark": 0.14}
# Those that are parts of all nuisance baselines together have no band of their own beside its.
_WITH_BAND = (ORDER, "all nuisance", "static-embedding")
LABEL_PIXELS = 20
"""Height of a label in 13 points."""


class Level(NamedTuple):
    """A horizontal line with its interval and its label: a baseline's score, or the ceiling."""

    y: float
    low: float
    high: float
    text: str
    line: dict[str, Any]
    bold: bool
    band: bool = True


def baseline_levels(
    baselines: pd.DataFrame, mode: Mode, compared: bool = False, only: str | None = None
) -> list[Level]:
    """Make a level of each baseline.

    Parameters
    ----------
    baselines : pandas.DataFrame
        Of one panel: baseline, mean, low, high on the figure's scale; where several runs have one,
        their mean is taken.
    mode : {"light", "dark"}
    compared : bool
        Whether panels stand beside each other and leave room for few.
    only : str, optional
        The one baseline that is wanted.

    Returns
    -------
    list of Level
    """
    titles = _COMPARED if compared else BASELINE_TITLES
    known = baselines[baselines["mean"].notna()]
    if compared or only:
        known = known[known["baseline"].isin([only] if only else list(_COMPARED))]
    means = known.groupby("baseline", sort=False)[["mean", "low", "high"]].mean()
    return [
        Level(
            float(y), float(low), float(high), f"{titles.get(str(name), str(name))} {y:.2f}",
            {
                "color": order_colour(mode) if name == ORDER else muted(mode),
                "dash": BASELINE_DASH,
                "width": 3 if name == ORDER else 1.6,
            },
            bold=name == ORDER,
            band=name in _WITH_BAND,
        )
        for name, y, low, high in means.itertuples()
    ]  # fmt: skip


def ceiling_level(curves: pd.DataFrame, metric: str, mode: Mode) -> list[Level]:
    """Make a level of the noise ceiling, where it is known.

    Parameters
    ----------
    curves : pandas.DataFrame
        Of one panel: ceiling, and ceiling_low and ceiling_high where its spread is known.
    metric : {"r", "r_normalized"}
    mode : {"light", "dark"}

    Returns
    -------
    list of Level
        One or none.
    """
    known = curves[curves["ceiling"].notna()]
    if known.empty:
        return []
    line = {"color": muted(mode), "width": 3}
    if metric == "r_normalized":
        return [Level(1.0, np.nan, np.nan, "noise ceiling 1.00", line, bold=True)]
    spread = ["ceiling", *(c for c in ("ceiling_low", "ceiling_high") if c in known)]
    mean = known[spread].mean()
    y = float(mean["ceiling"])
    low, high = (float(mean.get(name, np.nan)) for name in ("ceiling_low", "ceiling_high"))
    return [Level(y, low, min(high, 1.0), f"noise ceiling {y:.2f}", line, bold=True)]


def level_shapes(levels: Sequence[Level], panel: str, mode: Mode) -> list[dict[str, Any]]:
    """Draw levels as bands behind the curves, each with a line at its mean.

    As plain shapes, set all at once: adding a line to a panel takes Plotly as long as a curve.

    Parameters
    ----------
    levels : sequence of Level
    panel : str
        Number of its axes as Plotly writes it: empty for the first.
    mode : {"light", "dark"}

    Returns
    -------
    list of dict
        Bands and lines, the bands below.
    """
    across = {"xref": f"x{panel} domain", "x0": 0, "x1": 1, "yref": f"y{panel}", "layer": "below"}
    bands = [
        {**across, "type": "rect", "y0": level.low, "y1": level.high, "line": {"width": 0},
         "fillcolor": faint(level.line["color"], _BAND[mode])}
        for level in levels if level.band and level.high > level.low
    ]  # fmt: skip
    lines = [
        {**across, "type": "line", "y0": level.y, "y1": level.y, "line": level.line}
        for level in levels
    ]
    return [*bands, *lines]


def label_levels(
    figure: Draft, levels: Sequence[Level], panel: str, gap: float, span: tuple[float, float]
) -> None:
    """Name levels right of a panel, as near as leaves each name legible.

    Parameters
    ----------
    figure : Draft
        Changed in place.
    levels : sequence of Level
    panel : str
        Number of its axes as Plotly writes it: empty for the first.
    gap : float
        Distance in data units at which two labels stop touching.
    span : tuple of (float, float)
        Where the panel ends, in data units: no label stands beyond it.
    """
    ascending = sorted((level for level in levels if level.text), key=lambda level: level.y)
    places = _inside(spread_labels([level.y for level in ascending], gap), gap, span)
    for level, place in zip(ascending, places, strict=True):
        figure.add_annotation(
            text=f"<b>{level.text}</b>" if level.bold else level.text,
            x=1.0,
            xref=f"x{panel} domain",
            xanchor="left",
            xshift=6,
            y=place,
            yref=f"y{panel}",
            showarrow=False,
            font={"size": 13, "color": level.line["color"]},
            align="left",
            name=None if level.bold or level.band else SPARE,
        )


def _inside(places: Sequence[float], gap: float, span: tuple[float, float]) -> list[float]:
    """Push labels that run over an end of their panel back into it, and others before them."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap if moved else span[0] + gap / 2))
    for index in reversed(range(len(moved))):
        most = moved[index + 1] - gap if index + 1 < len(moved) else span[1] - gap / 2
        moved[index] = min(moved[index], most)
    return moved


def spread_labels(values: Sequence[float], gap: float) -> list[float]:
    """Move labels apart as little as keeps them ``gap`` from each other.

    Parameters
    ----------
    values : sequence of float
        Ascending.
    gap : float

    Returns
    -------
    list of float
        Ascending, neighbours at least ``gap`` apart; labels that had room stay where they were.
    """
    clusters: list[tuple[float, int]] = []
    for value in values:
        centre, count = value, 1
        while clusters and centre - (count - 1) * gap / 2 < (
            clusters[-1][0] + (clusters[-1][1] - 1) * gap / 2 + gap
        ):
            other, others = clusters.pop()
            centre = (centre * count + other * others) / (count + others)
            count += others
        clusters.append((centre, count))
    return [
        centre + (place - (count - 1) / 2) * gap
        for centre, count in clusters
        for place in range(count)
    ]
