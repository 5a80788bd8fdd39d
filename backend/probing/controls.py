"""What a probe could do without the property: read length, a keyword, or remember words."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backend.probing.fit import Design, design_of
from backend.probing.tasks import Item, ProbingTask

_WORD = re.compile(r"\w+")
_CONTROL_FOLDS = 4


def control_designs(task: ProbingTask, n_seeds: int) -> list[Design]:
    """Draw control tasks: a random label for each type of word, to be remembered.

    Parameters
    ----------
    task : ProbingTask
    n_seeds : int
        As many draws of the labels.

    Returns
    -------
    list of Design
        The same items, with folds that share types: units are dealt out at random. What a probe
        scores here it owes to its capacity; what it scores on the task beyond that is its
        selectivity. Labels are dealt out as evenly as types allow.

    References
    ----------
    Hewitt & Liang 2019, Designing and interpreting probes with control tasks, EMNLP.
    """
    design = design_of(task)
    _, types = np.unique([item.type for item in task.items], return_inverse=True)
    units, of_item = np.unique(design.units, return_inverse=True)
    folds = np.random.default_rng(1).permutation(len(units)) % _CONTROL_FOLDS
    drawn = []
    for seed in range(n_seeds):
        dealt = np.arange(types.max() + 1) % design.n_labels
        labels = np.random.default_rng(1000 + seed).permutation(dealt)[types]
        drawn.append(replace(design, labels=labels, folds=folds[of_item]))
    return drawn


def length_features(task: ProbingTask) -> NDArray[np.float32]:
    """Count words and characters of what is looked at, and of what is read.

    Parameters
    ----------
    task : ProbingTask

    Returns
    -------
    ndarray of float32, shape (n_items, n_features)
    """
    return np.array([_lengths(item) for item in task.items], dtype=np.float32)


def keyword_features(task: ProbingTask) -> NDArray[np.float32]:
    """Mark which words are in what is looked at.

    Parameters
    ----------
    task : ProbingTask

    Returns
    -------
    ndarray of float32, shape (n_items, n_words)
        1 where a word is in, else 0; words that stand in a single item are left out.
    """
    texts = [
        {word.lower() for piece in item.pieces for word in _WORD.findall(piece.looked_at)}
        for item in task.items
    ]
    counts: dict[str, int] = {}
    for words in texts:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    kept = {word: place for place, word in enumerate(w for w in sorted(counts) if counts[w] > 1)}
    marks = np.zeros((len(texts), max(1, len(kept))), dtype=np.float32)
    for row, words in enumerate(texts):
        marks[row, [kept[word] for word in words if word in kept]] = 1
    return marks


def _lengths(item: Item) -> list[int]:
    return [
        measure(text)
        for piece in item.pieces
        for text in (piece.looked_at, piece.text)
        for measure in (len, lambda words: len(words.split()))
    ]
