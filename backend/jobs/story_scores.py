"""Scores of a story run: per target and fold for layers and baselines, and what they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import Region, Space
from backend.encoding.ceilings import normalise, spearman_brown

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Ceilings:
    """Noise ceiling (r) of each target against one presentation, and the floor of its use.

    Attributes
    ----------
    single : ndarray of float32, shape (n_targets,), or None
        Against a single run; None where no ceiling is known. NaN where it is undefined.
    floor : float
        Targets with a lower ceiling are left out of normalized predictivity.
    """

    single: Array | None
    floor: float

    def of_mean(self, n_repeats: int) -> Array | None:
        """Ceiling against the mean of several runs, by Spearman and Brown's prophecy.

        Parameters
        ----------
        n_repeats : int

        Returns
        -------
        ndarray of float32, shape (n_targets,), or None
        """
        if self.single is None or n_repeats == 1:
            return self.single
        return np.sqrt(spearman_brown(self.single**2, n_repeats))


@dataclass(frozen=True)
class SetScores:
    """Held-out scores of one feature set.

    Attributes
    ----------
    r : ndarray of float32, shape (n_folds, n_targets)
        NaN for targets it was not computed for.
    unique_r2 : ndarray of float32, shape (n_folds, n_targets), or None
        What the set adds to the baselines' held-out R2; NaN for targets it was not computed for.
    p : ndarray of float32, shape (n_targets,), or None
    """

    r: Array
    unique_r2: Array | None = None
    p: Array | None = None

    def arrays(self) -> dict[str, Array]:
        """Those that were computed, by name."""
        stated = {"r": self.r, "unique_r2": self.unique_r2, "p": self.p}
        return {name: array for name, array in stated.items() if array is not None}


@dataclass(frozen=True)
class RegionScore:
    """One region's scores in one fold; a value is None where nothing is known."""

    n_targets: int
    r: float
    r_normalized: float | None
    n_normalized: int
    ceiling: float | None
    unique_r2: float | None


@dataclass(frozen=True)
class Scoreboard:
    """Everything that a story run scored.

    Attributes
    ----------
    layers : mapping of int to SetScores
    baselines : mapping of str to SetScores
        Among them all nuisance baselines together.
    held_out : tuple of str
        What each fold holds out.
    repeats : tuple of int
        Runs behind the held-out responses of each fold.
    ceilings : Ceilings
    """

    layers: Mapping[int, SetScores]
    baselines: Mapping[str, SetScores]
    held_out: tuple[str, ...]
    repeats: tuple[int, ...]
    ceilings: Ceilings
    warnings: tuple[str, ...] = field(default=())


def score_region(
    scores: SetScores, fold: int, region: Region, ceilings: Ceilings, n_repeats: int
) -> RegionScore:
    """Average a fold's scores over a region's targets.

    Parameters
    ----------
    scores : SetScores
    fold : int
    region : Region
    ceilings : Ceilings
    n_repeats : int
        Runs behind the fold's responses, whose mean has a higher ceiling than one run.

    Returns
    -------
    RegionScore
        ``r`` is over all targets of the region, ``r_normalized`` and ``ceiling`` over those whose
        ceiling reaches the floor; ``n_normalized`` counts them.
    """
    r = scores.r[fold, region.targets]
    ceiling = ceilings.of_mean(n_repeats)
    normalized = level = None
    n_usable = 0
    if ceiling is not None:
        among = ceiling[region.targets]
        ratio, left_out = normalise(r, among, ceilings.floor)
        n_usable = len(r) - left_out
        if n_usable:
            normalized = float(np.nanmean(ratio))
            level = float(among[np.isfinite(ratio)].mean())
    unique = None
    if scores.unique_r2 is not None:
        values = scores.unique_r2[fold, region.targets]
        unique = float(np.nanmean(values)) if np.isfinite(values).any() else None
    return RegionScore(
        n_targets=len(region.targets),
        r=float(r.mean()),
        r_normalized=normalized,
        n_normalized=n_usable,
        ceiling=level,
        unique_r2=unique,
    )


def target_regions(space: Space) -> list[str]:
    """Name the regions of each target, for the store.

    Parameters
    ----------
    space : Space

    Returns
    -------
    list of str
        One entry per target: the regions it lies in as ``hemisphere name``, separated by
        semicolons; empty for a target in none.
    """
    names: list[list[str]] = [[] for _ in range(space.n_targets)]
    for region in space.regions:
        for target in region.targets:
            names[target].append(f"{region.hemisphere} {region.name}")
    return ["; ".join(own) for own in names]


def repeats_of_folds(
    labels: Sequence[str], tests: Sequence[NDArray[np.int64]], repeats: Mapping[str, int]
) -> tuple[int, ...]:
    """Fewest runs behind any held-out row of each fold.

    Parameters
    ----------
    labels : sequence of str
        Story of each row.
    tests : sequence of ndarray of int
        Held-out rows of each fold.
    repeats : mapping of str to int

    Returns
    -------
    tuple of int
    """
    return tuple(min(repeats[labels[row]] for row in test) for test in tests)
