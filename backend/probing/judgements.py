"""What is judged by a causal model's probabilities: texts, and what makes each item right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Surprisals = NDArray[np.float64]


@dataclass(frozen=True)
class Read:
    """What a model makes of a text.

    Attributes
    ----------
    text : str
    ends : ndarray of int, shape (n_tokens,)
        Where each token ends in the text.
    surprisals : ndarray of float64, shape (n_tokens,)
        In nats; 0 for a first token that nothing stands before.
    """

    text: str
    ends: NDArray[np.int64]
    surprisals: Surprisals

    @property
    def total(self) -> float:
        """Of the whole text."""
        return float(self.surprisals.sum())

    def between(self, first: int, last: int) -> float:
        """Sum over the tokens that end within characters ``first`` to ``last``."""
        inside = (self.ends > first) & (self.ends <= last)
        return float(self.surprisals[inside].sum())


@dataclass(frozen=True)
class Choice:
    """An item: texts, of which the model's surprisals pick one.

    Attributes
    ----------
    texts : tuple of str
        That are read.
    answer : str
        What is right.
    decide : callable
        Given what the model makes of the texts, names what it picks.
    shown : str
        The item, for a reader.
    """

    texts: tuple[str, ...]
    answer: str
    decide: Callable[[Sequence[Read]], str]
    shown: str


@dataclass(frozen=True)
class ChoiceTask:
    """Items that ask the same question.

    Attributes
    ----------
    name, title, phenomenon : str
    chance : float
        Share that is right without any knowledge.
    items : tuple of Choice
    """

    name: str
    title: str
    phenomenon: str
    chance: float
    items: tuple[Choice, ...]


def likeliest(names: Sequence[str]) -> Callable[[Sequence[Read]], str]:
    """Pick the name of the text with the least surprisal; the first of equals.

    Parameters
    ----------
    names : sequence of str
        Of the texts.

    Returns
    -------
    callable
    """

    def decide(reads: Sequence[Read]) -> str:
        return names[int(np.argmin([read.total for read in reads]))]

    return decide


def texts_of(tasks: Sequence[ChoiceTask]) -> tuple[str, ...]:
    """Return the distinct texts of tasks, in order."""
    return tuple(
        dict.fromkeys(text for task in tasks for item in task.items for text in item.texts)
    )


def decide_all(task: ChoiceTask, reads: Mapping[str, Read]) -> list[str]:
    """Name what the model picks in each item.

    Parameters
    ----------
    task : ChoiceTask
    reads : mapping of str to Read

    Returns
    -------
    list of str
    """
    return [item.decide([reads[text] for text in item.texts]) for item in task.items]
