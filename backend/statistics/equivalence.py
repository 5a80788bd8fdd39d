"""Are two runs as good as equal? Two one-sided tests against a margin stated beforehand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from backend.errors import InputError
from backend.statistics.units import require_units


@dataclass(frozen=True)
class Equivalence:
    """What two one-sided tests say of paired differences.

    Attributes
    ----------
    mean, low, high : float
        Mean difference and its Student's t interval of coverage ``1 - 2 alpha``, in the unit of the
        differences.
    p : float
        The larger p of the two one-sided tests.
    equivalent : bool
        Whether ``p < alpha``: just when the interval lies inside the margin. When False, nothing is
        shown: neither that the runs are equal nor that they differ.
    margin, alpha : float
    n_units : int
    """

    mean: float
    low: float
    high: float
    p: float
    equivalent: bool
    margin: float
    alpha: float
    n_units: int


def tost(differences: ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Test whether the mean difference is smaller than a margin in either direction.

    Parameters
    ----------
    differences : array-like of shape (n_units,)
        Paired differences, one per subject or story (see ``paired_difference``).
    margin : float
        The smallest difference that would matter, in the unit of the differences. Choose it before
        looking.
    alpha : float
        Below 0.5; the share of runs that differ by the margin and are called equivalent.

    Returns
    -------
    Equivalence
        Differences that are all the same have an interval without width, and p is 0 or 1.

    Raises
    ------
    InputError
        If the margin is not a positive number, ``alpha`` lies outside 0 to 0.5, ``differences`` are
        not a list, hold NaN, or are fewer than three.

    References
    ----------
    Schuirmann 1987, A comparison of the two one-sided tests procedure and the power approach for
    assessing the equivalence of average bioavailability, Journal of Pharmacokinetics and
    Biopharmaceutics 15:657.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not (np.isfinite(margin) and margin > 0):
        raise InputError(
            f"a margin of {margin} was given; give the smallest difference that would matter, "
            "above 0."
        )
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha {alpha} was given; it lies between 0 and 0.5.")
    if values.ndim != 1:
        raise InputError(
            f"differences of shape {values.shape} were given; give one number per subject or story."
        )
    require_units(values)
    n = values.size
    mean = float(values.mean())
    error = float(values.std(ddof=1) / np.sqrt(n))
    half = float(stdtrit(n - 1, 1 - alpha)) * error
    # The nearer bound has the larger p.
    distance = margin - abs(mean)
    p = float(distance <= 0) if error == 0 else float(stdtr(n - 1, -distance / error))
    return Equivalence(mean, mean - half, mean + half, p, p < alpha, margin, alpha, n)
