"""How well any model could do: noise ceilings, and scores as shares of them.

What repeats and other subjects say follows from how presentations vary together
(:mod:`backend.encoding.presentations`).
"""

from itertools import combinations
from math import comb
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.encoding.presentations import (
    correlation,
    covariances,
    divided,
    require_presentations,
)
from backend.errors import InputError

Array = NDArray[np.floating]
Floats = NDArray[np.float32]
ScoredOn = Literal["mean", "single"]
CeilingMethod = Literal["split-half", "explainable-variance"]
N_SPLITS = 100
FLOOR = 0.1


class SubjectCeilings(NamedTuple):
    """Bounds of the ceiling from other subjects, each of shape (n_subjects, n_targets)."""

    lower: Floats
    upper: Floats


class Normalised(NamedTuple):
    """Scores as shares of their ceiling, and the number of targets that have no usable ceiling."""

    ratio: Floats
    n_left_out: int


def ceiling_from_repeats(
    repeats: Array,
    scored_on: ScoredOn = "mean",
    method: CeilingMethod = "split-half",
    seed: int = 0,
) -> Floats:
    """Correlation with held-out responses that the best possible model would reach.

    Parameters
    ----------
    repeats : ndarray of shape (n_repeats, n_trs, n_targets)
        Responses of one subject to repeats of the same story, aligned; two repeats or more.
    scored_on : {"mean", "single"}
        What predictions are scored on: the mean of all these repeats, or one presentation.
    method : {"split-half", "explainable-variance"}
        How the reliability is estimated: by ``split_half_reliability`` or by
        ``explainable_variance``. They agree when repeats differ by noise only; split halves do not
        mind a repeat with another gain, explainable variance uses all repeats at once.
    seed : int
        Of the split halves, where there are too many to try all.

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        ``sqrt(reliability)``: a prediction without error correlates so with responses of which that
        share of the variance is signal. It is 0 where the repeats agree no better than chance (an
        estimate below 0), and NaN where a repeat is constant.

    Raises
    ------
    InputError
        If there are fewer than two repeats or three TRs, a value is not finite, or an option is
        unknown.

    Notes
    -----
    Whatever repeats with the story counts as signal, slow drifts of the scanner included: detrend
    first. The reliabilities have no bias where there is no signal, but the root of an estimate cut
    off at 0 does: pure noise of 300 independent TRs and two repeats, scored on the mean, is given a
    ceiling of 0.13 on average, and 45 % of such targets pass the default floor of ``normalise``.
    Their scores count as low shares; to leave them out, raise the floor.
    """
    _require_scored_on(scored_on)
    if method == "split-half":
        n_averaged = len(repeats) if scored_on == "mean" else 1
        reliability = spearman_brown(split_half_reliability(repeats, seed), n_averaged)
    elif method == "explainable-variance":
        reliability = explainable_variance(repeats, scored_on)
    else:
        raise InputError(
            f"unknown method {method!r}; accepted are split-half and explainable-variance."
        )
    return np.sqrt(np.clip(reliability, 0.0, 1.0)).astype(np.float32)


def split_half_reliability(repeats: Array, seed: int = 0) -> Floats:
    """Share of a single presentation's variance that repeats, from correlations of split halves.

    Parameters
    ----------
    repeats : ndarray of shape (n_repeats, n_trs, n_targets)
    seed : int
        Of the halves, where all of them would be more than 100.

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        Reliability of one presentation; near 0, on either side, for noise. NaN where a repeat is
        constant. ``spearman_brown`` carries it to the mean of several.

    Raises
    ------
    InputError
        If there are fewer than two repeats or three TRs, or a value is not finite.

    Notes
    -----
    Two halves of ``m`` presentations each are averaged and correlated, over all such halves or 100
    random ones; of an odd number of presentations each split leaves one out, so that both halves
    are equally long. The mean correlation is the reliability of a mean of ``m``; Spearman and
    Brown's formula takes it down to one.

    References
    ----------
    Spearman 1910, Correlation calculated from faulty data, British Journal of Psychology 3:271;
    Brown 1910, Some experimental results in the correlation of mental abilities, ibid. 3:296.
    """
    require_presentations(repeats, "repeats")
    first, second = _halves(len(repeats), np.random.default_rng(seed))
    reliability = np.empty(repeats.shape[2], dtype=np.float32)
    for batch, covariance, alive in covariances(repeats):
        r = correlation(covariance, first, second).mean(axis=0)
        reliability[batch] = np.where(alive.all(axis=0), r, np.nan)
    return spearman_brown(reliability, 1 / (len(repeats) // 2))


def spearman_brown(reliability: ArrayLike, factor: float) -> Floats:
    """Reliability of the mean of ``factor`` times as many presentations.

    Parameters
    ----------
    reliability : array-like
    factor : float
        Above 0; below 1 it leads to fewer presentations.

    Returns
    -------
    ndarray of float32, of the same shape
        ``factor r / (1 + (factor - 1) r)``. Estimates so far below 0 that the formula has a pole
        (``-1 / (factor - 1)`` and less) are given -infinity: no more reliable than noise.

    Raises
    ------
    InputError
        If the factor is not positive.
    """
    if not factor > 0:
        raise InputError(f"a factor of {factor} was given; it must be above 0.")
    r = np.asarray(reliability, dtype=np.float64)
    below = 1 + (factor - 1) * r
    safe = np.where(below > 0, below, 1.0)
    return np.where(below <= 0, -np.inf, factor * r / safe).astype(np.float32)


def explainable_variance(repeats: Array, scored_on: ScoredOn = "single") -> Floats:
    """Share of the responses' variance that is signal, from the power of their mean.

    Parameters
    ----------
    repeats : ndarray of shape (n_repeats, n_trs, n_targets)
    scored_on : {"mean", "single"}
        Whose variance: of the mean of all these repeats, or of one presentation.

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        Near 0, on either side, for noise; NaN where a repeat is constant.

    Raises
    ------
    InputError
        If there are fewer than two repeats or three TRs, a value is not finite, or ``scored_on`` is
        unknown.

    Notes
    -----
    With N repeats y_n, and P the variance over time, the power of the signal is::

        SP = (N P(mean of y_n) - mean of P(y_n)) / (N - 1)

    The variance of a mean holds an Nth of the noise; this takes it out, so SP has no bias. The
    share is SP / mean of P(y_n) for one presentation and SP / P(mean) for the mean. It is the
    bias-corrected ``EV - (1 - EV) / (N - 1)`` with ``EV = 1 - residual variance / total``.

    References
    ----------
    Sahani & Linden 2003, How linear are auditory cortical responses?, NIPS 15 (SP). Schoppe et al.
    2016, Measuring the performance of neural models, Frontiers in Computational Neuroscience 10:10
    (the ceiling of a correlation with the mean of repeats).
    """
    _require_scored_on(scored_on)
    require_presentations(repeats, "repeats")
    n = len(repeats)
    share = np.empty(repeats.shape[2], dtype=np.float32)
    for batch, covariance, alive in covariances(repeats):
        of_mean = covariance.sum(axis=(0, 1)) / n**2
        of_one = np.einsum("iit->t", covariance) / n
        signal = (n * of_mean - of_one) / (n - 1)
        total = of_mean if scored_on == "mean" else of_one
        share[batch] = divided(signal, total, alive.all(axis=0) & (total > 0))
    return share


def ceiling_from_subjects(subjects: Array) -> SubjectCeilings:
    """Bounds of the ceiling of each subject, from those who heard the same.

    Parameters
    ----------
    subjects : ndarray of shape (n_subjects, n_trs, n_targets)
        Responses of two subjects or more to the same story, aligned, in a common space.

    Returns
    -------
    SubjectCeilings
        ``lower``: correlation of each subject with the mean of the others. ``upper``: with the mean
        of all, the subject's own noise included. Both NaN where the subject is constant; a subject
        constant at a target does not enter the others' means there.

    Raises
    ------
    InputError
        If there are fewer than two subjects or three TRs, or a value is not finite.

    Notes
    -----
    Subjects are z-scored first, so that none dominates a mean. The bounds are those of a model of
    what subjects have in common, fitted to the group. A model fitted to one subject also predicts
    what that subject alone repeats, and may exceed even the upper bound; only repeats in the same
    subject bound that. Values may be negative: no ceiling.

    References
    ----------
    Nili et al. 2014, A toolbox for representational similarity analysis, PLOS Computational Biology
    10:e1003553 (the two bounds). Hasson et al. 2004, Intersubject synchronization of cortical
    activity during natural vision, Science 303:1634.
    """
    require_presentations(subjects, "subjects")
    n = len(subjects)
    bounds = np.empty((2, n, subjects.shape[2]), dtype=np.float32)
    own, everyone = np.eye(n), np.ones((n, n))
    for batch, covariance, alive in covariances(subjects):
        variance = np.einsum("iit->it", covariance)
        scale = np.where(alive, 1 / np.sqrt(np.where(alive, variance, 1.0)), 0.0)
        r = covariance * scale[:, None] * scale[None, :]
        for bound, others in zip(bounds, (everyone - own, everyone), strict=True):
            bound[:, batch] = np.where(alive, correlation(r, own, others), np.nan)
    return SubjectCeilings(*bounds)


def ceiling_from_map(given: ArrayLike, n_targets: int) -> Floats:
    """Check a ceiling that was measured elsewhere.

    Parameters
    ----------
    given : array-like of shape (n_targets,)
        Correlations, NaN where unknown. A share of variance is not a ceiling of r: take its root.
    n_targets : int

    Returns
    -------
    ndarray of float32, shape (n_targets,)

    Raises
    ------
    InputError
        If the number of targets is another, no value is above 0, or one lies outside -1 to 1.
    """
    ceiling = np.asarray(given, dtype=np.float32)
    if ceiling.shape != (n_targets,):
        raise InputError(
            f"a noise ceiling of shape {ceiling.shape} was given for {n_targets} targets; give one "
            "value for each, in the order of the responses."
        )
    known = ceiling[~np.isnan(ceiling)]
    if not (known > 0).any():
        raise InputError(
            f"none of {n_targets} values of the noise ceiling is above 0; give correlations, NaN "
            "where unknown."
        )
    if np.abs(known).max() > 1:
        raise InputError(
            f"the noise ceiling has values from {known.min():g} to {known.max():g}; it must hold "
            "correlations, which lie between -1 and 1 (divide percentages by 100)."
        )
    return ceiling


def normalise(r: Array, ceiling: Array, floor: float = FLOOR) -> Normalised:
    """Express scores as shares of what the best possible model would reach.

    Parameters
    ----------
    r : ndarray of shape (..., n_targets)
    ceiling : ndarray of shape (n_targets,)
        NaN where unknown.
    floor : float
        Targets whose ceiling is below it are left out: a ratio to nearly nothing is noise. Between
        0 and 1.

    Returns
    -------
    Normalised
        ``r / ceiling``, NaN where left out. It is not cut off at 1: both are estimates, and a share
        above 1 says that the ceiling was estimated too low there; cutting it would bias every mean
        downwards.

    Raises
    ------
    InputError
        If the numbers of targets differ or the floor is out of range.
    """
    scores, limit = np.asarray(r), np.asarray(ceiling)
    if limit.ndim != 1 or scores.shape[-1:] != limit.shape:
        raise InputError(
            f"scores of shape {scores.shape} and a noise ceiling of shape {limit.shape} were "
            "given; both need the same targets on their last axis."
        )
    if not 0 < floor < 1:
        raise InputError(f"a floor of {floor} was asked for; it lies between 0 and 1.")
    usable = limit >= floor
    ratio = np.where(usable, scores / np.where(usable, limit, 1.0), np.nan)
    return Normalised(ratio.astype(np.float32), int((~usable).sum()))


def _require_scored_on(scored_on: str) -> None:
    if scored_on not in ("mean", "single"):
        raise InputError(f"scored on {scored_on!r} was asked for; accepted are mean and single.")


def _halves(n: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Weights of both halves of all splits of ``n`` presentations, or of 100 random ones."""
    size = n // 2
    n_splits = comb(n, size) * comb(n - size, size) // 2
    if n_splits <= N_SPLITS:
        pairs = [
            (one, other)
            for one in combinations(range(n), size)
            for other in combinations(sorted(set(range(n)) - set(one)), size)
            if one < other
        ]
    else:
        shuffled = random.permuted(np.tile(np.arange(n), (N_SPLITS, 1)), axis=1)
        pairs = [(tuple(row[:size]), tuple(row[size : 2 * size])) for row in shuffled]
    weights = np.zeros((2, len(pairs), n))
    for split, halves in enumerate(pairs):
        for side, half in zip(weights, halves, strict=True):
            side[split, list(half)] = 1
    return weights[0], weights[1]
