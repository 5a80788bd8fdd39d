"""Do later regions peak in deeper layers? One number, its test, and its interval."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from backend.comparisons.peaks import N_BOOT, peak_place, resampled_places
from backend.errors import InputError
from backend.statistics import expanded_tails
from backend.statistics.units import LEAST_UNITS, Values, require_units

# With fewer arrangements p could not reach 0.05.
_LEAST_ARRANGEMENTS = 20
MOST_ARRANGEMENTS = 20_000
"""Up to so many, every arrangement is counted; of more, as many are drawn."""
# Correlations closer than this differ by rounding only.
_TIE = 1e-9


@dataclass(frozen=True)
class Hierarchy:
    """How the depth of regions' peaks follows their place in a stated order.

    Attributes
    ----------
    rho : float
        Spearman's rank correlation over regions, ties at their mean rank: 1 when every later region
        peaks deeper.
    low, high : float
        Interval over units; NaN where there are fewer than three.
    p : float
        One-sided, by permutation of the regions' places: the order says which way.
    exact : bool
        Whether every arrangement was counted.
    n_arrangements : int
        Arrangements that were counted or drawn.
    n_units : int
    regions : pandas.DataFrame
        One row per region, by place and name: roi, place, depth (0 the first layer, 1 the last),
        depth_low, depth_high.
    """

    rho: float
    low: float
    high: float
    p: float
    exact: bool
    n_arrangements: int
    n_units: int
    regions: pd.DataFrame

    @property
    def number(self) -> str:
        """The correlation and its interval, in words."""
        interval = "" if np.isnan(self.low) else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"ρ = {self.rho:.2f}{interval}"

    @property
    def test(self) -> str:
        """The test, in words."""
        how = "all" if self.exact else "drawn"
        return f"p = {self.p:.2g}, one-sided ({self.n_arrangements:,} arrangements, {how})"


def hierarchy(
    curves: ArrayLike,
    rois: Sequence[str],
    places: Mapping[str, int],
    depths: ArrayLike | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
    level: float = 0.95,
) -> Hierarchy:
    """Correlate regions' places in an order with the depth at which their curves peak.

    Parameters
    ----------
    curves : array-like of shape (n_units, n_curves, n_layers)
        One curve per unit (fold, story or subject) and region; a region may have several, one per
        hemisphere, whose peaks are averaged: they are one region in the test.
    rois : sequence of str, length n_curves
        Region of each curve.
    places : mapping of str to int
        Place of each region in the order; equal places are not ordered among themselves. Regions
        without one are left out.
    depths : array-like of shape (n_layers,), optional
        Relative depth of each layer, ascending; from 0 to 1 in equal steps where it is not given.
    n_boot : int
        Resamples of the units.
    seed : int
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    Hierarchy

    Raises
    ------
    InputError
        If values are not finite, all regions have one place, or they are so few that the test could
        never reach 0.05.

    Notes
    -----
    The test asks whether the depths would follow the order as closely if it were any other
    arrangement of the same places. It takes regions as exchangeable: neighbours whose peaks are
    alike for reasons of their own (a smooth map, shared targets) make p too small where they share
    a stage. The interval says what other stories or subjects would have given, regions as they are;
    noise in the peaks lowers rho, in every resample once more, so that it errs towards 0.
    """
    values = np.asarray(curves, dtype=np.float64)
    if values.ndim != 3 or len(rois) != values.shape[1]:
        raise InputError(
            f"curves of shape {values.shape} and {len(rois)} regions were given; give curves as "
            "(units, curves, layers), and the region of each curve."
        )
    placed = [index for index, roi in enumerate(rois) if roi in places]
    names = sorted({rois[index] for index in placed}, key=lambda roi: (places[roi], roi))
    order = tuple(places[roi] for roi in names)
    _require_arrangements(order)
    values = values[:, placed]
    member = np.asarray([[rois[index] == roi for roi in names] for index in placed], dtype=float)
    member /= member.sum(axis=0)
    steps = np.linspace(0, 1, values.shape[-1]) if depths is None else np.asarray(depths)
    found = _depth(peak_place(values.mean(axis=0)), steps) @ member
    rho = float(_spearman(found[None], order)[0])
    p, exact, n = _permutation_p(found, order, rho, seed)
    bounds = np.full((2, 1 + len(names)), np.nan)
    if len(values) >= LEAST_UNITS:
        require_units(values)
        resampled = _depth(resampled_places(values, n_boot, seed).places, steps) @ member
        every = np.column_stack([_spearman(resampled, order), resampled])
        bounds = np.quantile(every, expanded_tails(len(values), level), axis=0)
    regions = pd.DataFrame(
        {"roi": names, "place": order, "depth": found,
         "depth_low": np.minimum(bounds[0, 1:], found),
         "depth_high": np.maximum(bounds[1, 1:], found)}
    )  # fmt: skip
    low, high = np.minimum(bounds[0, 0], rho), np.maximum(bounds[1, 0], rho)
    return Hierarchy(rho, float(low), float(high), p, exact, n, len(values), regions)


def _depth(places: Values, steps: Values) -> Values:
    return np.interp(places, np.arange(len(steps)), steps)


def n_arrangements(order: Sequence[int]) -> int:
    """Count the ways in which regions can share out the places of an order."""
    counts = np.unique(np.asarray(order), return_counts=True)[1]
    return math.factorial(len(order)) // math.prod(math.factorial(int(n)) for n in counts)


def _require_arrangements(order: Sequence[int]) -> None:
    n = n_arrangements(order)
    if n < _LEAST_ARRANGEMENTS:
        raise InputError(
            f"regions with a place in the order: {len(order)}, stages: {len(set(order))}; the "
            f"places can be shared out in {n} ways, and a test that can reach 0.05 takes "
            f"{_LEAST_ARRANGEMENTS} or more, as four regions on four stages have."
        )


def _spearman(depths: Values, order: Sequence[int]) -> Values:
    """Spearman's correlation of each row with the order; 0 where a row is constant."""
    return _correlation(rankdata(depths, axis=-1), rankdata(np.asarray(order)))


def _correlation(rows: Values, others: Values) -> Values:
    rows = rows - rows.mean(axis=-1, keepdims=True)
    others = others - others.mean(axis=-1, keepdims=True)
    spread = np.sqrt((rows**2).sum(axis=-1) * (others**2).sum(axis=-1))
    together = (rows * others).sum(axis=-1)
    return np.divide(together, spread, out=np.zeros_like(together), where=spread > 0)


def _permutation_p(
    depths: Values, order: tuple[int, ...], observed: float, seed: int
) -> tuple[float, bool, int]:
    """One-sided p, whether every arrangement was counted, and how many were."""
    exact = n_arrangements(order) <= MOST_ARRANGEMENTS
    orders = _every_arrangement(order) if exact else _drawn(order, seed)
    reached = int((_correlation(rankdata(depths), orders) >= observed - _TIE).sum())
    n = len(orders)
    return (reached / n if exact else (1 + reached) / (1 + n)), exact, n


@cache
def _every_arrangement(order: tuple[int, ...]) -> Values:
    """Every distinct arrangement of an order's ranks, one per row."""
    return rankdata(np.asarray(list(_arrangements(order))), axis=-1)


def _arrangements(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not order:
        yield ()
    for first in sorted(set(order)):
        rest = list(order)
        rest.remove(first)
        for others in _arrangements(tuple(rest)):
            yield (first, *others)


def _drawn(order: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    ranks = rankdata(np.asarray(order))
    return random.permuted(np.tile(ranks, (MOST_ARRANGEMENTS, 1)), axis=1)
