"""A transcript as its file gives it, before anything is repaired."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backend.stimuli.words import Repair


@dataclass(frozen=True)
class Transcript:
    """One story's labels with the times they were given.

    Attributes
    ----------
    story, source : str
        The story's name, and the file's.
    labels : tuple of str
        Words, and whatever else the file has between them.
    onsets, offsets : ndarray of float64, shape (n_labels,)
        Seconds; NaN where the file gives none.
    numbers : ndarray of int, shape (n_labels,)
        Where each label stands in its file, as a user would find it.
    unit : str
        What ``numbers`` count: rows, intervals, words.
    estimated : ndarray of bool, shape (n_labels,)
        Times that the file itself says were interpolated.
    sentence_ids : tuple of str or None
        The file's own name of each label's sentence; blank where it says nothing.
    n_phonemes : ndarray of int, shape (n_labels,), or None
    in_text_order : bool
        Whether the labels are certainly in the order of the text, whatever their times say, as
        in the output of a forced aligner.
    repairs : tuple of Repair
        What was changed so far.
    """

    story: str
    source: str
    labels: tuple[str, ...]
    onsets: NDArray[np.float64]
    offsets: NDArray[np.float64]
    numbers: NDArray[np.int64]
    unit: str
    estimated: NDArray[np.bool_]
    sentence_ids: tuple[str, ...] | None = None
    n_phonemes: NDArray[np.int64] | None = None
    in_text_order: bool = False
    repairs: tuple[Repair, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def is_timed(self) -> NDArray[np.bool_]:
        """Labels that have an onset, shape (n_labels,)."""
        return np.isfinite(self.onsets)

    def take(self, indices: NDArray[np.int64]) -> "Transcript":
        """Keep these labels, in this order."""
        chosen = indices.tolist()
        ids = self.sentence_ids
        return replace(
            self,
            labels=tuple(self.labels[index] for index in chosen),
            onsets=self.onsets[indices],
            offsets=self.offsets[indices],
            numbers=self.numbers[indices],
            estimated=self.estimated[indices],
            sentence_ids=None if ids is None else tuple(ids[index] for index in chosen),
            n_phonemes=None if self.n_phonemes is None else self.n_phonemes[indices],
        )

    def noted(self, what: str, indices: Sequence[int] | NDArray[np.int64]) -> "Transcript":
        """Add a repair that touched these labels, unless there are none."""
        if len(indices) == 0:
            return self
        repair = Repair(what, len(indices), self.describe(int(indices[0])))
        return replace(self, repairs=(*self.repairs, repair))

    def describe(self, index: int) -> str:
        """Name a label with its times and its place in the file."""
        onset, offset = self.onsets[index], self.offsets[index]
        if np.isnan(onset):
            times = "no times"
        elif np.isnan(offset):
            times = f"{onset:.3f} s, no end"
        else:
            times = f"{onset:.3f} to {offset:.3f} s"
        return f"{self.labels[index]!r} ({times}, {self.unit} {self.numbers[index]})"
