"""Sentences in the order in which they were presented."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sentences:
    """Sentences in presentation order, and the passages they belong to.

    Attributes
    ----------
    texts : tuple of str
        One per sample, none of them blank.
    groups : ndarray of shape (n_sentences,) or None
        Integer code of each sentence's passage or story, by first appearance; None where the
        data set names none.
    """

    texts: tuple[str, ...]
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def n_groups(self) -> int:
        """Number of passages, 1 where none are named."""
        return 1 if self.groups is None else int(self.groups.max()) + 1

    @property
    def n_words(self) -> int:
        """Whitespace-separated words in all sentences."""
        return sum(len(text.split()) for text in self.texts)

    def repeated(self) -> tuple[str, ...]:
        """Sentences that occur more than once, compared without case and outer spaces."""
        counts = Counter(text.strip().casefold() for text in self.texts)
        return tuple(text for text, count in counts.items() if count > 1)
