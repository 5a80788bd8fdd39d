"""Colours of maps: one scale for all panels of a figure, and what its colours mean."""

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.errors import InputError

Extend = Literal["neither", "min", "max", "both"]
Shape = Literal["sequential", "diverging", "steps"]


class MapKind(NamedTuple):
    """What a map shows.

    Attributes
    ----------
    short : str
        On a button.
    label : str
        On the colour bar, with its unit.
    cmap : str
        Perceptually uniform; one that diverges for differences, which are centred on zero.
    shape : {"sequential", "diverging", "steps"}
        Steps are never blended between vertices: between layer 1 and layer 5 lies no layer 3.
    top : float or None
        A fixed upper end of the scale; None for one that the data set.
    digits : int
        Decimals of a single value.
    """

    short: str
    label: str
    cmap: str = "viridis"
    shape: Shape = "sequential"
    top: float | None = None
    digits: int = 3


MAP_KINDS = {
    "r": MapKind("r", "Brain predictivity (Pearson r)"),
    "r_normalized": MapKind("r / ceiling", "Normalized predictivity (r / noise ceiling)"),
    "unique_r2": MapKind("unique R²", "Unique R² over all nuisance baselines"),
    "p": MapKind("p", "p (block permutation)", "viridis_r", top=0.1),
    "q": MapKind("q", "q (Benjamini-Hochberg)", "viridis_r", top=0.1),
    "ceiling": MapKind("ceiling", "Noise ceiling (Pearson r)", "cividis"),
    "difference": MapKind("difference", "Difference in Pearson r", "RdBu_r", "diverging"),
    "preferred_layer": MapKind(
        "best layer", "Layer with the highest r", "plasma", "steps", digits=0
    ),
    "preferred_context": MapKind(
        "best context", "Context length with the highest r (tokens)", "plasma", "steps", digits=0
    ),
}


class MapScale(NamedTuple):
    """From values to colours, the same in all panels.

    Attributes
    ----------
    label : str
        What the colours mean, with units.
    vmin, vmax : float
    cmap : str
    extend : {"neither", "min", "max", "both"}
        At which ends values lie beyond the scale.
    steps : tuple of float
        The values that occur, where they are steps; the scale then runs over their places.
    digits : int
        Decimals of a single value.
    note : str
        What is not drawn, such as ``"shown where q ≤ 0.05"``.
    """

    label: str
    vmin: float
    vmax: float
    cmap: str = "viridis"
    extend: Extend = "neither"
    steps: tuple[float, ...] = ()
    digits: int = 3
    note: str = ""

    def indices(self, values: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Places in the colour table, 0 to 255; values beyond the scale have its ends' colours."""
        places = values
        if self.steps:
            places = np.searchsorted(np.array(self.steps), values).astype(np.float32)
        share = (places - np.float32(self.vmin)) * np.float32(255 / (self.vmax - self.vmin))
        return np.rint(np.clip(np.nan_to_num(share), 0, 255)).astype(np.uint8)


def scale_of(
    kind: MapKind,
    maps: Sequence[ArrayLike],
    vmin: float | None = None,
    vmax: float | None = None,
    note: str = "",
) -> MapScale:
    """Find one scale for all maps of a figure.

    Parameters
    ----------
    kind : MapKind
    maps : sequence of array-like
        What is drawn; NaN where nothing is.
    vmin, vmax : float, optional
        Ends of the scale. By default from 0 (from the smallest value, where none is positive) to
        the 99th percentile of all; a diverging one is as wide on both sides of zero.
    note : str
        What is not drawn.

    Returns
    -------
    MapScale

    Raises
    ------
    InputError
        If no value is finite, or the scale or the colour map cannot be.
    """
    known = np.concatenate([np.ravel(values) for values in maps]) if len(maps) else np.empty(0)
    known = known[np.isfinite(known)]
    if not known.size:
        raise InputError("there is nothing to draw: the map has no finite value.")
    colour_table(kind.cmap)
    if kind.shape == "steps":
        steps = tuple(float(step) for step in np.unique(known))
        return MapScale(
            kind.label, -0.5, len(steps) - 0.5, kind.cmap, "neither", steps, kind.digits, note
        )
    low, high = _ends(kind, known, vmin, vmax)
    if not low < high:
        raise InputError(
            f"the colour scale would run from {low:g} to {high:g}; vmin has to be below vmax."
        )
    below, above = bool(known.min() < low), bool(known.max() > high)
    extend: Extend = "neither"
    if below or above:
        extend = "both" if below and above else "min" if below else "max"
    return MapScale(kind.label, low, high, kind.cmap, extend, (), kind.digits, note)


@cache
def colour_table(name: str) -> NDArray[np.uint8]:
    """Return a colour map's 256 colours.

    Parameters
    ----------
    name : str
        One of matplotlib's.

    Returns
    -------
    ndarray of uint8, shape (256, 3)

    Raises
    ------
    InputError
        If there is no such colour map.
    """
    # Imported here since it takes a third of a second, and most pages draw no cortex.
    from matplotlib import colormaps

    if name not in colormaps:
        raise InputError(
            f"there is no colour map {name!r}. Take one of matplotlib's, such as viridis, cividis, "
            "magma, or RdBu_r for differences."
        )
    table: NDArray[np.uint8] = colormaps[name](np.linspace(0, 1, 256), bytes=True)[:, :3]
    table.flags.writeable = False
    return table


def _ends(
    kind: MapKind, known: NDArray[np.floating], vmin: float | None, vmax: float | None
) -> tuple[float, float]:
    if kind.shape == "diverging":
        wide = max(abs(vmax or 0.0), abs(vmin or 0.0))
        wide = wide or float(np.percentile(np.abs(known), 99)) or 1.0
        return -wide, wide
    high = float(np.percentile(known, 99)) if vmax is None else vmax
    if vmax is None and kind.top is not None:
        high = kind.top
    low = (0.0 if high > 0 else float(known.min())) if vmin is None else vmin
    if vmax is None and high <= low:
        # A map of one value still has a scale.
        high = low + 1.0
    return low, high
