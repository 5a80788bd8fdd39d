"""The smallest model that predicts as well as the largest, within a margin."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.errors import InputError
from backend.statistics import Equivalence, tost
from backend.statistics.units import LEAST_UNITS

Verdict = Literal["equivalent", "lower", "higher", "undecided"]
_ALPHA = 0.05


@dataclass(frozen=True)
class AgainstLargest:
    """One model's score, compared with that of the largest.

    Attributes
    ----------
    model : str
    size : float
        Number of parameters.
    test : Equivalence
        Of the paired differences, this model minus the largest.
    p_holm : float
        p after Holm's correction for all models compared.
    verdict : {"equivalent", "lower", "higher", "undecided"}
        ``lower`` and ``higher``: the 90% interval lies wholly beyond the margin.
    """

    model: str
    size: float
    test: Equivalence
    p_holm: float
    verdict: Verdict


@dataclass(frozen=True)
class MinimalModel:
    """Which model is the smallest that is equivalent to the largest.

    Attributes
    ----------
    largest : str
    largest_size : float
        Its number of parameters.
    comparisons : tuple of AgainstLargest
        The other models, from the smallest on.
    unbroken : str or None
        The smallest model such that it and every larger one are equivalent to the largest.
    smallest : str or None
        The smallest model that is equivalent to the largest after Holm's correction, whatever lies
        between; where ``unbroken`` is smaller still, that one.
    margin : float
    n_units : int
    """

    largest: str
    largest_size: float
    comparisons: tuple[AgainstLargest, ...]
    unbroken: str | None
    smallest: str | None
    margin: float
    n_units: int

    @property
    def model(self) -> str | None:
        """The minimal model: the unbroken one where there is one."""
        return self.unbroken or self.smallest

    @property
    def smaller(self) -> tuple[AgainstLargest, ...]:
        """The comparisons of smaller models, from the smallest on."""
        return tuple(c for c in self.comparisons if c.size < self.largest_size)

    @property
    def uncorrected(self) -> str | None:
        """The smallest model whose own test passes, whatever the number of tests."""
        passed = (c.model for c in self.smaller if c.verdict == "equivalent")
        return next(passed, None)

    def of(self, model: str) -> AgainstLargest:
        """Return the comparison of one of the other models."""
        return next(found for found in self.comparisons if found.model == model)


def minimal_model(
    models: list[str], sizes: ArrayLike, scores: ArrayLike, margin: float
) -> MinimalModel:
    """Find the smallest model that is equivalent to the largest.

    Parameters
    ----------
    models : list of str
    sizes : array-like of shape (n_models,)
        Number of parameters.
    scores : array-like of shape (n_models, n_units)
        Of the same units, folds or subjects, in every model.
    margin : float
        The smallest difference that would matter, in the unit of the scores.

    Returns
    -------
    MinimalModel

    Raises
    ------
    InputError
        If there are fewer than two models or three units, the sizes are all the same, or the margin
        is not above 0.

    Notes
    -----
    Each model's paired differences from the largest are put to two one-sided t tests at 5%. Testing
    from the second largest downwards and stopping at the first that is not equivalent keeps the
    chance of naming any model that truly differs by the margin at 5%, without a correction, since
    the order is fixed beforehand by size. A model below such a gap needs Holm's correction for all
    models compared, and is named apart. Of several models of the largest size the first by name is
    the largest; the others are compared with it, and are no smaller model.

    References
    ----------
    Maurer, Hothorn & Lehmacher 1995, Multiple comparisons in drug clinical trials and preclinical
    assays: a-priori ordered hypotheses. Holm 1979, A simple sequentially rejective multiple test
    procedure, Scandinavian Journal of Statistics 6:65.
    """
    size, values = np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    _require(models, size, values)
    # By name where sizes are the same: an order that no score decides.
    ascending = sorted(range(len(models)), key=lambda place: (size[place], models[place]))
    top = next(place for place in ascending if size[place] == size.max())
    others = [place for place in ascending if place != top]
    tests = [tost(values[place] - values[top], margin, _ALPHA) for place in others]
    adjusted = _holm(np.array([test.p for test in tests]))
    comparisons = tuple(
        AgainstLargest(models[place], float(size[place]), test, float(p), _verdict(test))
        for place, test, p in zip(others, tests, adjusted, strict=True)
    )
    smaller = [found for found in comparisons if found.size < size[top]]
    unbroken = None
    for found in reversed(smaller):
        if found.verdict != "equivalent":
            break
        unbroken = found.model
    passed = (c.model for c in smaller if c.p_holm < _ALPHA or c.model == unbroken)
    return MinimalModel(
        largest=models[top],
        largest_size=float(size[top]),
        comparisons=comparisons,
        unbroken=unbroken,
        smallest=next(passed, None),
        margin=margin,
        n_units=values.shape[1],
    )


def _require(models: list[str], sizes: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
    if scores.ndim != 2 or not len(models) == len(sizes) == len(scores):
        raise InputError(
            f"{len(models)} models, {len(sizes)} sizes and scores of shape {scores.shape} were "
            "given; give one size and one row of units per model."
        )
    if len(np.unique(sizes)) < 2:
        raise InputError("one size only was given; a smaller model takes at least two.")
    if scores.shape[1] < LEAST_UNITS:
        raise InputError(
            f"{scores.shape[1]} units were given; at least {LEAST_UNITS} are needed to judge how "
            "much they vary."
        )


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p)
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _verdict(test: Equivalence) -> Verdict:
    if test.equivalent:
        return "equivalent"
    if test.high < -test.margin:
        return "lower"
    return "higher" if test.low > test.margin else "undecided"
