"""Times for words that have none."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# What a letter takes where no word of the story has a length to go by: 15 letters a second, three
# words of five.
_SECONDS_PER_LETTER = 1 / 15


def interpolate_times(
    words: Sequence[str], onsets: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give words without times a share of the time between their neighbours.

    The time between the offset of the timed word before a stretch and the onset of the one after
    it is divided among the stretch's words in proportion to their number of letters. Before the
    first timed word and after the last one, words take the story's median time per letter, and
    none begins before 0.

    Parameters
    ----------
    words : sequence of str
    onsets, offsets : ndarray of float64, shape (n_words,)
        Seconds. NaN in both, or in neither; timed words in order and without overlap, at least
        one of them.

    Returns
    -------
    onsets, offsets : ndarray of float64, shape (n_words,)
        Copies without NaN.
    """
    letters = np.array([max(1, sum(map(str.isalnum, word))) for word in words], dtype=np.float64)
    timed = np.isfinite(onsets)
    pace = float(np.median((offsets - onsets)[timed] / letters[timed])) or _SECONDS_PER_LETTER
    onsets, offsets = onsets.copy(), offsets.copy()
    for first, last in _stretches(~timed):
        lengths = letters[first:last]
        seconds = float(lengths.sum() * pace)
        if first == 0:
            end = float(onsets[last])
            start = max(0.0, end - seconds)
        elif last == len(words):
            start = float(offsets[first - 1])
            end = start + seconds
        else:
            start, end = float(offsets[first - 1]), float(onsets[last])
        edges = start + (end - start) * np.concatenate([[0.0], np.cumsum(lengths) / lengths.sum()])
        # The last edge is the neighbour's onset itself, and not a rounding of it.
        edges[-1] = end
        onsets[first:last], offsets[first:last] = edges[:-1], edges[1:]
    return onsets, offsets


def _stretches(is_missing: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find runs of True, each as its first index and the index after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_missing, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
