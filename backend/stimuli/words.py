"""The words of a story, and when each was heard or seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Repair:
    """One kind of change that was made to a transcript's times.

    Attributes
    ----------
    what : str
        What was done, in words, for instance ``"times interpolated"``.
    count : int
        How many words it touched.
    example : str
        The first of them, with its times as they were given.
    """

    what: str
    count: int
    example: str


@dataclass(frozen=True)
class Words:
    """One story's words in order, each with its times.

    Attributes
    ----------
    story : str
        The story's name; responses are matched to it.
    words : tuple of str
        As written, none of them blank; silences are not words.
    onsets, offsets : ndarray of float64, shape (n_words,)
        Seconds from the story's start. Onsets never decrease, and no word ends before it begins.
    estimated : ndarray of bool, shape (n_words,)
        Words whose times were not in the transcript but interpolated.
    sentences : ndarray of int, shape (n_words,), or None
        Index of each word's sentence, where the transcript tells.
    n_phonemes : ndarray of int, shape (n_words,), or None
        Phonemes of each word, where the transcript has a tier of them.
    repairs : tuple of Repair
        What was changed on the way in.
    """

    story: str
    words: tuple[str, ...]
    onsets: NDArray[np.float64]
    offsets: NDArray[np.float64]
    estimated: NDArray[np.bool_]
    sentences: NDArray[np.int64] | None = None
    n_phonemes: NDArray[np.int64] | None = None
    repairs: tuple[Repair, ...] = ()

    def __len__(self) -> int:
        return len(self.words)

    @property
    def seconds(self) -> float:
        """Time from the story's start to the end of its last word."""
        return float(self.offsets.max())

    @property
    def midpoints(self) -> NDArray[np.float64]:
        """Time halfway through each word, in seconds, shape (n_words,)."""
        return (self.onsets + self.offsets) / 2
