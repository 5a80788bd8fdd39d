"""What a claim's test may say, and the rules by which an interval says it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from backend.errors import InputError
from backend.statistics import mean_interval, tost
from backend.statistics.units import LEAST_UNITS

Status = Literal["supported", "contradicted", "undecided", "no data"]
STATUSES: tuple[Status, ...] = ("supported", "contradicted", "undecided", "no data")
MARGIN = 0.02
"""The smallest difference in r that is taken to matter, unless the reader says otherwise."""


_EQUAL = ("inside", "wholly outside", "neither inside nor wholly outside")
_BELOW = ("wholly below", "wholly above", "on both sides of")
_ABOVE = ("wholly above", "wholly below", "on both sides of")


@dataclass(frozen=True)
class OwnSizes:
    """Models of other sizes than the published ones, on which the same tests are tried.

    Attributes
    ----------
    small, large : str or None
        Models that are compared; claims about compression and growth then take every model.
    """

    small: str | None = None
    large: str | None = None


@dataclass(frozen=True)
class Settings:
    """How the claims are tested.

    Attributes
    ----------
    margin : float
        The smallest difference in r that matters.
    own : OwnSizes or None
        None tests the published sizes.
    """

    margin: float = MARGIN
    own: OwnSizes | None = None

    def __post_init__(self) -> None:
        """Refuse a margin that is no difference in r."""
        if not 0 < self.margin <= 1:
            raise InputError(
                f"a margin of {self.margin} was given; give the smallest difference in r that "
                "would matter, above 0 and up to 1, such as 0.02."
            )


@dataclass(frozen=True)
class MissingRun:
    """A run that is not in the store and would help to decide a claim.

    Attributes
    ----------
    dataset, model, compression : str
    subject : str or None
    split : str
        As the selection has it.
    command : str
        Computes it.
    on_run_page : bool
        Whether the Run page has a form for it.
    """

    dataset: str
    model: str
    compression: str
    subject: str | None
    split: str
    command: str
    on_run_page: bool = True


@dataclass(frozen=True)
class Verdict:
    """What the store says of a claim.

    Attributes
    ----------
    key : str
        In claims.yaml.
    status : {"supported", "contradicted", "undecided", "no data"}
    sentence : str
        Why.
    effect, low, high : float or None
        The tested quantity and its interval; None where it is unknown.
    level : float or None
        Coverage of the interval.
    unit : str
        Of the effect.
    n : int
    counts : str
        What ``n`` counts.
    p : float or None
        One-sided, of the test that the status rests on; of support where it is undecided.
    margin : float
        In r.
    evidence : str
    own_sizes : bool
        Judged on other sizes than the published ones: it then says nothing of the claim itself.
    missing : tuple of MissingRun
        Runs that would decide it, or decide it better, the next one first.
    """

    key: str
    status: Status
    sentence: str
    effect: float | None
    low: float | None
    high: float | None
    level: float | None
    unit: str
    n: int
    counts: str
    p: float | None
    margin: float
    evidence: str
    own_sizes: bool
    missing: tuple[MissingRun, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a test has found: a verdict before it is put into its place.

    Attributes are those of :class:`Verdict`.
    """

    status: Status
    sentence: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: str = "r"
    n: int = 0
    counts: str = "folds"
    p: float | None = None


@dataclass(frozen=True)
class Judged:
    """An interval over units and what it decides.

    Attributes
    ----------
    status : {"supported", "contradicted", "undecided"}
    mean : float
    low, high : float or None
        None where fewer than three units leave nothing to judge the spread by.
    level : float
    p_support, p_against : float
        One-sided; 1 where there are too few units.
    n : int
    places : tuple of str
        Words for where the interval lies where it supports, contradicts, or does neither.
    """

    status: Status
    mean: float
    low: float | None
    high: float | None
    level: float
    p_support: float
    p_against: float
    n: int
    places: tuple[str, str, str]

    @property
    def place(self) -> str:
        """Where the interval lies."""
        return self.places[("supported", "contradicted", "undecided").index(self.status)]

    @property
    def p(self) -> float:
        """P of the test that the status rests on."""
        return self.p_against if self.status == "contradicted" else self.p_support


def equal(values: ArrayLike, margin: float) -> Judged:
    """Judge whether a mean difference is as good as zero.

    Supported where the 90% interval, that of two one-sided tests at 5%, lies inside the margin;
    contradicted where it lies wholly outside.

    Parameters
    ----------
    values : array-like of shape (n_units,)
        Paired differences.
    margin : float

    Returns
    -------
    Judged
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < LEAST_UNITS:
        return _too_few(array, 0.9, _EQUAL)
    test = tost(array, margin)
    against = _p_below(margin - np.abs(array.mean()), array)
    status: Status = (
        "supported" if test.equivalent else "contradicted" if against < test.alpha else "undecided"
    )
    return Judged(status, test.mean, test.low, test.high, 0.9, test.p, against, array.size, _EQUAL)


def below(values: ArrayLike, bound: float) -> Judged:
    """Judge whether a mean lies below a bound.

    Supported where the 95% interval lies wholly below the bound, contradicted where it lies wholly
    above: one-sided tests at 2.5%.

    Parameters
    ----------
    values : array-like of shape (n_units,)
    bound : float

    Returns
    -------
    Judged
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < LEAST_UNITS:
        return _too_few(array, 0.95, _BELOW)
    mean, low, high = mean_interval(array)
    support = _p_below(mean - bound, array)
    against = _p_below(bound - mean, array)
    status: Status = (
        "supported" if support < 0.025 else "contradicted" if against < 0.025 else "undecided"
    )
    return Judged(status, mean, low, high, 0.95, support, against, array.size, _BELOW)


def above(values: ArrayLike, bound: float) -> Judged:
    """Judge whether a mean lies above a bound: the mirror image of :func:`below`.

    Parameters
    ----------
    values : array-like of shape (n_units,)
    bound : float

    Returns
    -------
    Judged
    """
    found = below(-np.asarray(values, dtype=np.float64), -bound)
    low = None if found.high is None else -found.high
    high = None if found.low is None else -found.low
    return replace(found, mean=-found.mean, low=low, high=high, places=_ABOVE)


def _p_below(distance: float, values: NDArray[np.float64]) -> float:
    """One-sided p of Student's t: that the mean lies this far below nothing."""
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    if error == 0:
        return float(distance >= 0)
    return float(stdtr(values.size - 1, distance / error))


def _too_few(values: NDArray[np.float64], level: float, places: tuple[str, str, str]) -> Judged:
    mean = float(values.mean())
    return Judged("undecided", mean, None, None, level, 1.0, 1.0, values.size, places)
