"""Student's t interval of a mean."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit


class Interval(NamedTuple):
    """A mean and the bounds of its confidence interval."""

    mean: float
    low: float
    high: float


def t_half_width(sd: float, n: int, level: float = 0.95) -> float:
    """Half-width of Student's t interval of a mean.

    Parameters
    ----------
    sd : float
        Sample standard deviation (``ddof=1``).
    n : int
        Number of samples.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    float
        NaN when fewer than two samples leave no spread to estimate.
    """
    return float(t_half_widths([sd], [n], level)[0])


def t_half_widths(sds: ArrayLike, counts: ArrayLike, level: float = 0.95) -> NDArray[np.float64]:
    """Half-widths of Student's t intervals of many means at once.

    Parameters
    ----------
    sds : array-like of shape (n_means,)
        Sample standard deviations (``ddof=1``); NaN where not known.
    counts : array-like of shape (n_means,)
        Numbers of samples.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (n_means,)
        NaN when fewer than two samples leave no spread to estimate.
    """
    n = np.asarray(counts, dtype=float)
    n = np.where(n < 2, np.nan, n)
    return stdtrit(n - 1, 0.5 + level / 2) * np.asarray(sds, dtype=float) / np.sqrt(n)


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of ``values`` with Student's t interval.

    Folds of one recording share training data, so an interval over folds is a description of
    their spread and somewhat narrower than one over subjects would be.

    Parameters
    ----------
    values : array-like of shape (n,)
        One value per fold, story or subject.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    Interval
        With NaN bounds when ``n`` is 1.

    Raises
    ------
    ValueError
        If ``values`` is empty.
    """
    array = np.asarray(values, dtype=float)
    if array.size == 0:
        raise ValueError("mean_interval needs at least one value, and was given none")
    mean = float(array.mean())
    if array.size == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = t_half_width(float(array.std(ddof=1)), array.size, level)
    return Interval(mean, mean - half, mean + half)
