"""Intervals by resampling subjects, stories, or both."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtrit

from backend.errors import InputError
from backend.statistics.units import Values, require_level, require_units

Method = Literal["percentile", "bca"]
METHODS: tuple[Method, ...] = ("percentile", "bca")
# Called as statistic(values, axis=0), as np.mean and np.median are.
Statistic = Callable[..., Values]
Indices = NDArray[np.int64]
_LEAST_DRAWS = 100
# Resampled statistics held at a time.
_BATCH_BYTES = 64_000_000


class BootstrapInterval(NamedTuple):
    """A statistic and the bounds of its confidence interval, per trailing entry of the values."""

    estimate: Values
    low: Values
    high: Values


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    n_boot: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "percentile",
) -> BootstrapInterval:
    """Interval of a statistic over subjects or stories, by resampling them.

    Parameters
    ----------
    values : array-like of shape (n_units, ...)
        One row per subject or story; trailing axes may be layers, regions or targets, and see the
        same resamples.
    statistic : callable
        Called as ``statistic(values, axis=0)``, like ``np.mean`` and ``np.median``.
    n_boot : int
        Resamples.
    seed : int
    level : float
        Coverage, between 0 and 1.
    method : {"percentile", "bca"}
        ``bca`` corrects for bias and skewness; where all resamples lie on one side of the estimate
        there is no such correction, and it equals ``percentile``.

    Returns
    -------
    BootstrapInterval
        Arrays of shape (...). Without width where every resample gives the same.

    Raises
    ------
    InputError
        If units are fewer than three, values are not finite, or an option is out of range.

    Notes
    -----
    Resampling cannot see more spread than the units show: of few units the interval is too narrow.
    Measured for the mean of normal values at a nominal 95 %, by either method: 86 % with 6 units,
    90 % with 10, 93 % with 30. For means of fewer units than that use ``mean_interval``; the
    bootstrap is for other statistics, and for two sources of variation at once
    (``crossed_bootstrap_interval``).

    References
    ----------
    Efron & Tibshirani 1993, An introduction to the bootstrap, chapters 13 and 14.
    """
    array = np.asarray(values, dtype=np.float64)
    _require_options(n_boot, level)
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}; accepted are {' and '.join(METHODS)}.")
    require_units(array)
    n = len(array)
    flat = array.reshape(n, -1)
    draws = np.random.default_rng(seed).integers(0, n, (n_boot, n))
    low, high = np.empty(flat.shape[1]), np.empty(flat.shape[1])
    for batch in _batches(flat.shape[1], n_boot):
        columns = flat[:, batch]
        resampled = np.stack([statistic(columns[draw], axis=0) for draw in draws])
        tails = _tails(columns, statistic, resampled, level, method)
        low[batch] = _quantiles(resampled, tails[0])
        high[batch] = _quantiles(resampled, tails[1])
    shape = array.shape[1:]
    estimate = np.asarray(statistic(flat, axis=0)).reshape(shape)
    return BootstrapInterval(estimate, low.reshape(shape), high.reshape(shape))


def crossed_bootstrap_interval(
    values: ArrayLike, n_boot: int = 2000, seed: int = 0, level: float = 0.95
) -> BootstrapInterval:
    """Percentile interval of the mean over subjects who heard the same stories.

    Parameters
    ----------
    values : array-like of shape (n_subjects, n_stories, ...)
        Complete: take the stories that all subjects heard.
    n_boot : int
        Resamples.
    seed : int
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    BootstrapInterval
        Arrays of shape (...).

    Raises
    ------
    InputError
        If subjects or stories are fewer than three, values are not finite, or an option is out of
        range.

    Notes
    -----
    Each resample draws subjects and then stories, the same stories for all its subjects: a story
    that a model predicts well it predicts well in everybody, so stories drawn anew for each subject
    would average out and make the interval too narrow. What varies from one cell to the next is
    counted more than once, which errs on the wide side; that units are few, on the narrow one.
    Measured at a nominal 95 %, subjects, stories and cells varying alike: 91 % with 6 subjects and
    6 stories, 93 % with 8 and 10. Without any variation but that of cells, 99 %.

    References
    ----------
    Owen 2007, The pigeonhole bootstrap, Annals of Applied Statistics 1:386.
    """
    array = np.asarray(values, dtype=np.float64)
    _require_options(n_boot, level)
    require_units(array, 0, "subjects")
    require_units(array, 1, "stories")
    n_subjects, n_stories = array.shape[:2]
    flat = array.reshape(n_subjects * n_stories, -1)
    random = np.random.default_rng(seed)
    subjects = resample_weights(random, n_subjects, n_boot)
    stories = resample_weights(random, n_stories, n_boot)
    weights = (subjects[:, :, None] * stories[:, None, :]).reshape(n_boot, -1)
    tails = [(1 - level) / 2, (1 + level) / 2]
    bounds = np.empty((2, flat.shape[1]))
    for batch in _batches(flat.shape[1], n_boot):
        bounds[:, batch] = np.quantile(weights @ flat[:, batch], tails, axis=0)
    shape = array.shape[2:]
    low, high = bounds.reshape(2, *shape)
    return BootstrapInterval(array.mean(axis=(0, 1)), low, high)


def _require_options(n_boot: int, level: float) -> None:
    if n_boot < _LEAST_DRAWS:
        raise InputError(f"{n_boot} resamples were asked for; ask for {_LEAST_DRAWS} or more.")
    require_level(level)


def _batches(n_columns: int, n_boot: int) -> Iterator[slice]:
    size = max(1, _BATCH_BYTES // (8 * n_boot))
    for start in range(0, n_columns, size):
        yield slice(start, min(start + size, n_columns))


def resample_weights(random: np.random.Generator, n: int, n_boot: int) -> Values:
    """Share of each of ``n`` units in each resample, [n_boot, n]."""
    return random.multinomial(n, np.full(n, 1 / n), size=n_boot) / n


def expanded_tails(n_units: int, level: float = 0.95) -> tuple[float, float]:
    """Shares of resamples below the bounds of an interval that makes up for few units.

    A resample of n units varies less than n new units would, by (n - 1) / n, and a percentile
    interval stands to one of Student's t as the normal distribution does. The quantiles are moved
    outwards by both.

    Parameters
    ----------
    n_units : int
        Two or more.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of (float, float)

    References
    ----------
    Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician
    69:371 (the expanded percentile interval).
    """
    t = stdtrit(n_units - 1, (1 + level) / 2) * np.sqrt(n_units / (n_units - 1))
    outside = float(ndtr(-t))
    return outside, 1 - outside


def _tails(
    columns: Values, statistic: Statistic, resampled: Values, level: float, method: Method
) -> tuple[Values, Values]:
    """Shares of resamples below the interval's two bounds, for each column."""
    outside = (1 - level) / 2
    same = np.full(columns.shape[1], outside)
    if method == "percentile":
        return same, 1 - same
    estimate = statistic(columns, axis=0)
    below = ((resampled < estimate).mean(axis=0) + (resampled <= estimate).mean(axis=0)) / 2
    bias = ndtri(below)
    skewness = _acceleration(columns, statistic)
    # Resamples that all lie on one side of the estimate leave nothing to correct by.
    usable = np.isfinite(bias)
    z = np.where(usable, bias, 0.0)
    low = _corrected(z, skewness, float(ndtri(outside)))
    high = _corrected(z, skewness, float(ndtri(1 - outside)))
    return np.where(usable, low, same), np.where(usable, high, 1 - same)


def _corrected(bias: Values, skewness: Values, z: float) -> Values:
    return cast(Values, ndtr(bias + (bias + z) / (1 - skewness * (bias + z))))


def _acceleration(columns: Values, statistic: Statistic) -> Values:
    """Skewness of the statistic's jackknife values, over 6; 0 where they do not vary."""
    left_out = np.stack(
        [statistic(np.delete(columns, i, axis=0), axis=0) for i in range(len(columns))]
    )
    influence = left_out.mean(axis=0) - left_out
    spread = (influence**2).sum(axis=0) ** 1.5
    return np.divide(
        (influence**3).sum(axis=0), 6 * spread, out=np.zeros_like(spread), where=spread > 0
    )


def _quantiles(resampled: Values, shares: Values) -> Values:
    """Quantile of each column at a share of its own, interpolated linearly."""
    ranked = np.sort(resampled, axis=0)
    place = shares * (len(ranked) - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, len(ranked) - 1)
    columns = np.arange(ranked.shape[1])
    first, second = ranked[below, columns], ranked[above, columns]
    return first + (place - below) * (second - first)
