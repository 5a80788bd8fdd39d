"""Folds that do not leak: whole passages or contiguous blocks are held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator, GroupKFold, KFold

from backend.errors import InputError
from backend.stimuli import Sentences

Split = Literal["contiguous", "grouped", "shuffled"]
Indices = NDArray[np.int64]


N_INNER = 5
MIN_TEST = 5
MAX_GAP = 8


@dataclass(frozen=True)
class Fold:
    """One held-out part, and the folds inside the rest on which alphas are chosen.

    Attributes
    ----------
    train, test : ndarray of int
        Indices of samples.
    inner : tuple of (train, test)
        Indices *into* ``train``, made by the same rule as the outer folds.
    held_out : str
        What ``test`` is, for tables and figures: the names of its stories, or which block it is.
        Empty where folds have no names but their numbers.
    """

    train: Indices
    test: Indices
    inner: tuple[tuple[Indices, Indices], ...]
    held_out: str = ""


def as_slice(indices: Indices) -> slice | Indices:
    """Give a slice where indices follow one another, by which an array is viewed and not copied."""
    first, n = int(indices[0]), len(indices)
    together = np.array_equal(indices, np.arange(first, first + n))
    return slice(first, first + n) if together else indices


def default_n_folds(n_samples: int, n_groups: int | None = None) -> int:
    """Ten folds, or fewer where ten would leave a fold under ten samples or without a group.

    Parameters
    ----------
    n_samples : int
        Sentences.
    n_groups : int, optional
        Passages, when whole passages are held out.

    Returns
    -------
    int
        At least 2.
    """
    most = min(10, n_samples // 10)
    return max(2, most if n_groups is None else min(most, n_groups))


def default_gap(n_samples: int) -> int:
    """Choose how many samples to leave out beside a block: one in fifty, at most eight.

    Beyond eight samples the similarity of OASM's features is under one percent of its peak, so
    that little but the stimulus ties a held-out block to its neighbours.

    Parameters
    ----------
    n_samples : int

    Returns
    -------
    int
    """
    return min(MAX_GAP, n_samples // 50)


def make_folds(
    n_samples: int,
    split: Split,
    n_folds: int,
    groups: Indices | None = None,
    seed: int = 0,
    gap: int = 0,
) -> list[Fold]:
    """Divide samples into outer folds, each with inner folds of the same kind.

    Parameters
    ----------
    n_samples : int
        Samples in presentation order.
    split : {"contiguous", "grouped", "shuffled"}
        ``contiguous`` holds out blocks of neighbours, ``grouped`` whole passages. ``shuffled``
        draws samples at random: since neighbours are alike, its scores are inflated, and it is
        there to show by how much.
    n_folds : int
        Outer folds. There are five inner folds, or as many as there are groups to train on.
    groups : ndarray of int, shape (n_samples,), optional
        Passage of each sample; needed by ``grouped``.
    seed : int
        Of the shuffle; the other splits do not use it.
    gap : int
        Samples dropped from training on either side of a contiguous block, outer or inner, since
        the neighbours of a held-out sample are like it. The other splits do not use it.

    Returns
    -------
    list of Fold

    Raises
    ------
    InputError
        If there are fewer than two folds, if a fold would have fewer than five samples, if
        ``grouped`` has no groups or fewer groups than folds, if the gap is negative or leaves too
        little to train on.
    """
    if n_folds < 2:
        raise InputError(f"{n_folds} folds were asked for; at least 2 are needed.")
    if n_samples // n_folds < MIN_TEST:
        raise InputError(
            f"{n_folds} folds of {n_samples} samples would hold out fewer than {MIN_TEST} at a "
            f"time; ask for at most {n_samples // MIN_TEST}."
        )
    if gap < 0:
        raise InputError(f"a gap of {gap} samples was asked for; 0 or more are accepted.")
    if split == "grouped":
        _require_groups(groups, n_folds)
    margin = gap if split == "contiguous" else 0
    splitter = _splitter(split, n_folds, seed)
    folds = []
    labels = groups if split == "grouped" else None
    for train, test in splitter.split(np.zeros(n_samples), groups=labels):
        kept = _apart(train, test, margin)
        require_training(len(kept), 2 * N_INNER, gap, n_samples)
        kept_groups = None if groups is None else groups[kept]
        inner = inner_folds(split, kept, kept_groups, seed, margin)
        require_training(min(len(inside) for inside, _ in inner), N_INNER, gap, n_samples)
        folds.append(Fold(kept, test, inner))
    return folds


def _apart(train: Indices, test: Indices, margin: int) -> Indices:
    """Drop training samples that lie within ``margin`` of a held-out one."""
    if margin == 0:
        return train
    near = (test[:, None] + np.arange(-margin, margin + 1)).ravel()
    return train[~np.isin(train, near)]


def require_training(n_left: int, least: int, gap: int, n_samples: int) -> None:
    """Refuse a gap that leaves fewer than ``least`` of ``n_samples`` to train on.

    Raises
    ------
    InputError
    """
    if n_left < least:
        raise InputError(
            f"a gap of {gap} samples leaves {n_left} of {n_samples} to train on; ask for a smaller "
            "gap."
        )


def _require_groups(groups: Indices | None, n_folds: int) -> None:
    if groups is None:
        raise InputError(
            "grouped folds need a group column that names each sentence's passage or story; give "
            "one, or use contiguous folds."
        )
    n_groups = len(np.unique(groups))
    if n_groups < n_folds:
        raise InputError(
            f"{n_folds} grouped folds were asked for, but there are {n_groups} groups; ask for at "
            f"most {n_groups}."
        )


def inner_folds(
    split: Split, samples: Indices, groups: Indices | None, seed: int, gap: int
) -> tuple[tuple[Indices, Indices], ...]:
    """Divide training samples once more, to choose alphas on.

    Parameters
    ----------
    split : {"contiguous", "grouped", "shuffled"}
        As of the outer folds. Where ``grouped`` has one group left to train on, blocks of it are
        held out in turn.
    samples : ndarray of int, shape (n_train,)
        The training samples, as places in the recording.
    groups : ndarray of int, shape (n_train,), or None
        Group of each, needed by ``grouped``.
    seed : int
        Of the shuffle.
    gap : int
        Samples dropped on either side of a block; whole groups and single samples need none.

    Returns
    -------
    tuple of (train, test)
        Indices into ``samples``; five of them, or as many as there are groups.
    """
    n_folds = N_INNER
    if split == "grouped" and groups is not None:
        n_groups = len(np.unique(groups))
        # One passage left to train on: blocks of it are the next most honest choice.
        split = "grouped" if n_groups >= 2 else "contiguous"
        n_folds = min(N_INNER, n_groups) if n_groups >= 2 else N_INNER
    labels = groups if split == "grouped" else None
    pairs = _splitter(split, n_folds, seed).split(samples, groups=labels)
    if split != "contiguous" or gap == 0:
        return tuple(pairs)
    place = np.full(int(samples.max()) + 1, -1)
    place[samples] = np.arange(len(samples))
    return tuple((place[_apart(samples[train], samples[test], gap)], test) for train, test in pairs)


def _splitter(split: Split, n_folds: int, seed: int) -> BaseCrossValidator:
    if split == "contiguous":
        return KFold(n_folds)
    if split == "grouped":
        return GroupKFold(n_folds)
    if split == "shuffled":
        return KFold(n_folds, shuffle=True, random_state=seed)
    raise InputError(
        f"unknown split {split!r}; accepted are contiguous, grouped and shuffled (which leaks)."
    )


def repeats_across_folds(sentences: Sentences, folds: Sequence[Fold]) -> tuple[str, ...]:
    """Sentences that stand both in a fold's training part and in its test part.

    Parameters
    ----------
    sentences : Sentences
    folds : sequence of Fold

    Returns
    -------
    tuple of str
        In alphabetical order, without case; a model can learn the response to these by heart.
    """
    repeated = set(sentences.repeated())
    if not repeated:
        return ()
    keys = np.asarray([text.strip().casefold() for text in sentences.texts], dtype=object)
    leaked: set[str] = set()
    for fold in folds:
        leaked |= repeated & set(keys[fold.train]) & set(keys[fold.test])
    return tuple(sorted(leaked))
