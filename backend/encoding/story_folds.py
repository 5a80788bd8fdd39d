"""Folds for stories: whole stories are held out, or blocks of TRs with a gap around them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from backend.encoding.folds import (
    MIN_TEST,
    N_INNER,
    Fold,
    Indices,
    inner_folds,
    make_folds,
    require_training,
)
from backend.errors import InputError

StorySplit = Literal["leave-story-out", "test-story", "contiguous", "shuffled"]
STORY_SPLITS: tuple[StorySplit, ...] = ("leave-story-out", "test-story", "contiguous", "shuffled")
MOST_FOLDS = 10
SHORTEST_BLOCK = 30
GAP = 10
_MEMORY = 12.0


def gap_for(tr: float, delays: Sequence[int]) -> int:
    """Choose how many TRs to leave out beside a block.

    A TR shares words with those that its delays reach, and noise with its neighbours for about
    as long as a response to a single event lasts.

    Parameters
    ----------
    tr : float
        Seconds from a volume to the next.
    delays : sequence of int
        TRs; empty where features were convolved with a response function.

    Returns
    -------
    int
        The longest delay and twelve seconds: ten TRs at the defaults, a TR of two seconds and
        delays up to four.
    """
    return max(delays, default=0) + int(np.ceil(_MEMORY / tr))


def make_story_folds(
    stories: Sequence[str],
    split: StorySplit = "leave-story-out",
    test_stories: Sequence[str] = (),
    n_folds: int | None = None,
    gap: int = GAP,
    seed: int = 0,
) -> list[Fold]:
    """Divide the TRs of several stories into outer folds, each with inner folds.

    Parameters
    ----------
    stories : sequence of str
        Name of each row's story. Rows are the TRs that are kept, in order.
    split : {"leave-story-out", "test-story", "contiguous", "shuffled"}
        ``leave-story-out`` holds out each story in turn, or groups of them of like size when
        there are more stories than folds; ``test-story`` holds out those named, once.
        ``contiguous`` holds out blocks of neighbouring rows, for a single story.
        ``shuffled`` draws rows at random: since neighbours are alike, its scores are inflated,
        and it is there to show by how much.
    test_stories : sequence of str
        For ``test-story``, and no other split.
    n_folds : int, optional
        As many as there are stories, at most ten; of blocks and shuffles ten, or fewer where a
        fold would have less than thirty rows. ``test-story`` has one.
    gap : int
        Rows dropped from training on either side of a block, outer or inner; see :func:`gap_for`.
    seed : int
        Of the shuffle; the other splits do not use it.

    Returns
    -------
    list of Fold
        ``held_out`` names the stories in order, or says which block it is. Inner folds hold out
        training stories, in five groups at most, or blocks with the gap where only one story is
        left to train on. Inside blocks and shuffles they are blocks and shuffles.

    Raises
    ------
    InputError
        If there are too few stories for the split, if a test story is unknown, if an option does
        not belong to the split, if a held-out part would be under five rows, or if the gap leaves
        too little to train on.
    """
    if split not in STORY_SPLITS:
        raise InputError(
            f"unknown split {split!r}; accepted are leave-story-out, test-story, contiguous and "
            "shuffled (which leaks)."
        )
    names = list(dict.fromkeys(stories))
    if not names:
        raise InputError("no TRs were given to divide into folds; check the recording's stories.")
    if gap < 0:
        raise InputError(f"a gap of {gap} TRs was asked for; 0 or more are accepted.")
    if test_stories and split != "test-story":
        raise InputError(
            f"test stories were named, but the split is {split}; choose the split test-story, or "
            "name none."
        )
    if split in ("contiguous", "shuffled"):
        return _folds_of_rows(stories, names, split, n_folds, gap, seed)
    _require_two(names, split)
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.asarray([code_of[name] for name in stories], dtype=np.int64)
    _require_rows(names, codes)
    if split == "leave-story-out":
        parts = _leave_out(names, codes, n_folds)
    else:
        parts = [_named(names, test_stories, n_folds)]
    return [_fold_of_stories(names, codes, held_out, gap) for held_out in parts]


def _require_two(names: list[str], split: str) -> None:
    if len(names) < 2:
        raise InputError(
            f"the split {split} needs at least two stories, and there is one ({names[0]}); use "
            "contiguous, which holds out blocks of it with a gap."
        )


def _require_rows(names: list[str], codes: Indices) -> None:
    counts = np.bincount(codes)
    if counts.min() < MIN_TEST:
        raise InputError(
            f"story {names[int(counts.argmin())]!r} has {counts.min()} TRs left after trimming, "
            f"too few to score; at least {MIN_TEST} are needed. Trim less, or leave it out."
        )


def _leave_out(names: list[str], codes: Indices, n_folds: int | None) -> list[Indices]:
    """Codes of the stories that each fold holds out."""
    wanted = min(MOST_FOLDS, len(names)) if n_folds is None else n_folds
    if not 2 <= wanted <= len(names):
        raise InputError(
            f"{wanted} folds were asked for, but there are {len(names)} stories to hold out; ask "
            f"for 2 to {len(names)}."
        )
    splitter = LeaveOneGroupOut() if wanted == len(names) else GroupKFold(wanted)
    parts = [np.unique(codes[test]) for _, test in splitter.split(codes, groups=codes)]
    return sorted(parts, key=lambda part: int(part[0]))


def _named(names: list[str], test_stories: Sequence[str], n_folds: int | None) -> Indices:
    if n_folds not in (None, 1):
        raise InputError(f"{n_folds} folds were asked for, but fixed test stories make one.")
    there_are = f"there are {', '.join(names)}"
    if not test_stories:
        raise InputError(f"the split test-story needs the names of its test stories; {there_are}.")
    unknown = [name for name in test_stories if name not in names]
    if unknown:
        raise InputError(f"unknown test stories: {', '.join(unknown)}; {there_are}.")
    if set(test_stories) == set(names):
        raise InputError(
            f"all {len(names)} stories are test stories, and none is left to train on; {there_are}."
        )
    return np.flatnonzero(np.isin(names, list(test_stories)))


def _fold_of_stories(names: list[str], codes: Indices, held_out: Indices, gap: int) -> Fold:
    is_test = np.isin(codes, held_out)
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    inner = inner_folds("grouped", train, codes[train], seed=0, gap=gap)
    require_training(min(len(inside) for inside, _ in inner), N_INNER, gap, len(train))
    return Fold(train, test, inner, ", ".join(names[code] for code in held_out))


def _folds_of_rows(
    stories: Sequence[str],
    names: list[str],
    split: Literal["contiguous", "shuffled"],
    n_folds: int | None,
    gap: int,
    seed: int,
) -> list[Fold]:
    if split == "contiguous":
        _require_once(stories, names)
    n_rows = len(stories)
    wanted = n_folds if n_folds is not None else max(2, min(MOST_FOLDS, n_rows // SHORTEST_BLOCK))
    folds = make_folds(n_rows, split, wanted, seed=seed, gap=gap)
    what = "block" if split == "contiguous" else "shuffle"
    return [
        replace(fold, held_out=f"{what} {number} of {wanted}")
        for number, fold in enumerate(folds, start=1)
    ]


def _require_once(stories: Sequence[str], names: list[str]) -> None:
    rows: NDArray[np.str_] = np.asarray(stories)
    if (rows[1:] != rows[:-1]).sum() >= len(names):
        raise InputError(
            "a story stands in several places of the recording, so that a block of it would be "
            "held out while the same words are trained on; average its runs, or hold out whole "
            "stories (leave-story-out)."
        )
