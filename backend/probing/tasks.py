"""What is probed: texts, the part of each that is looked at, and its label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError

PHENOMENA = ("discourse", "syntax", "morphology", "semantics", "reasoning")
"""In the order in which they are shown."""


class Piece(NamedTuple):
    """What is read in one go, and the part of it that is looked at.

    Attributes
    ----------
    text : str
    span : tuple of (int, int) or None
        Characters whose states are averaged; None for the whole text.
    words : tuple of (int, int) or None
        The same as words of the stories that the text is a part of, from the first up to the one
        after the last; None where it is part of none.
    """

    text: str
    span: tuple[int, int] | None = None
    words: tuple[int, int] | None = None

    @property
    def looked_at(self) -> str:
        """The part of the text whose states are averaged."""
        return self.text if self.span is None else self.text[slice(*self.span)]


@dataclass(frozen=True)
class Item:
    """One or more pieces of text with a label.

    Attributes
    ----------
    pieces : tuple of Piece
        Their states stand one after the other.
    label : str
    fold : int
        Folds are held out in turn; -1 for an item that is only ever trained on.
    unit : int
        Items that are trained on together or not at all, such as a pair that differs in a word.
    cluster : int
        Items that stand or fall together, since they share a word or a sentence: intervals
        resample clusters.
    type : str
        What the control task labels at random: a word of the text, in lower case.
    """

    pieces: tuple[Piece, ...]
    label: str
    fold: int
    unit: int
    cluster: int
    type: str

    @property
    def text(self) -> str:
        """What is read, with what is looked at in square brackets where that is a part."""
        return " / ".join(map(_marked, self.pieces))


def _marked(piece: Piece) -> str:
    if piece.span is None:
        return piece.text
    first, last = piece.span
    return f"{piece.text[:first]}[{piece.looked_at}]{piece.text[last:]}"


@dataclass(frozen=True)
class ProbingTask:
    """Items that ask the same question.

    Attributes
    ----------
    name, title, phenomenon : str
    items : tuple of Item

    Raises
    ------
    InputError
        If there are fewer than two labels, or a held-out fold leaves nothing of a label to train
        on.
    """

    name: str
    title: str
    phenomenon: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        counts = Counter(item.label for item in self.items)
        if len(counts) < 2:
            what = f"only the label {next(iter(counts))!r}" if counts else "no items"
            raise InputError(
                f"the task {self.name!r} has {what}; a probe takes items of two labels or more. "
                "Leave the task out, or complete its file."
            )
        folds = self.folds
        if not (folds >= 0).any():
            raise InputError(f"the task {self.name!r} holds out no items, so nothing is tested.")
        labels = self.labels
        for fold in np.unique(folds[folds >= 0]):
            missing = set(counts) - set(labels[folds != fold])
            if missing:
                raise InputError(
                    f"the task {self.name!r} trains on no item labelled {min(missing)!r} when fold "
                    f"{fold} is held out; give it more items of that label."
                )

    @property
    def texts(self) -> tuple[str, ...]:
        """Distinct texts that are read, in order."""
        return tuple(dict.fromkeys(piece.text for item in self.items for piece in item.pieces))

    @property
    def labels(self) -> NDArray[np.str_]:
        """Label of each item."""
        return np.array([item.label for item in self.items])

    @property
    def folds(self) -> NDArray[np.int64]:
        """Fold of each item."""
        return np.array([item.fold for item in self.items], dtype=np.int64)

    @property
    def units(self) -> NDArray[np.int64]:
        """Unit of each item."""
        return np.array([item.unit for item in self.items], dtype=np.int64)

    @property
    def clusters(self) -> NDArray[np.int64]:
        """Cluster of each item."""
        return np.array([item.cluster for item in self.items], dtype=np.int64)


class Named(Protocol):
    """A task of any kind."""

    @property
    def name(self) -> str:
        """Its own."""

    @property
    def phenomenon(self) -> str:
        """What it is about."""


T = TypeVar("T", bound=Named)


def choose_tasks(tasks: Sequence[T], names: Sequence[str]) -> tuple[T, ...]:
    """Narrow tasks to those that are named, by themselves or by their phenomenon.

    Parameters
    ----------
    tasks : sequence
        Of probing tasks, or of others with a name and a phenomenon.
    names : sequence of str
        None means all.

    Returns
    -------
    tuple

    Raises
    ------
    InputError
        If a name fits none of them.
    """
    known = {task.name for task in tasks} | {task.phenomenon for task in tasks}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            f"there is no task {unknown[0]!r}; accepted are "
            f"{', '.join(dict.fromkeys(task.phenomenon for task in tasks))} and the tasks "
            f"{', '.join(task.name for task in tasks)}."
        )
    return tuple(
        task for task in tasks if not names or task.name in names or task.phenomenon in names
    )
