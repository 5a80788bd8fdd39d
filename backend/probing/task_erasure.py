"""Removal of what probing tasks ask, fitted to their own items."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.probing.erasure import Eraser, Erasers, fit_erasers, indicators
from backend.probing.fit import design_of, predict_labels
from backend.probing.scores import score
from backend.probing.tasks import ProbingTask

Array = NDArray[np.float32]


def fit_task_erasers(
    tasks: Sequence[ProbingTask], features: Sequence[Array], n_random: int = 0
) -> Erasers:
    """Fit one eraser to several tasks of two labels or more, each on its own items.

    Parameters
    ----------
    tasks : sequence of ProbingTask
    features : sequence of ndarray, shape (n_items, n_dims)
        Of each task's items.
    n_random : int
        Draws of random directions.

    Returns
    -------
    Erasers
        Within a task labels are coded to sum to 0, and 0 in the others, so that which task an item
        is of is not removed.
    """
    designs = [design_of(task) for task in tasks]
    states = np.concatenate(features)
    coded = [indicators(design.labels, design.n_labels) for design in designs]
    targets = np.zeros((len(states), sum(block.shape[1] for block in coded)))
    row = column = 0
    for block in coded:
        targets[row : row + len(block), column : column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return fit_erasers(states, targets, n_random)


def probe_tasks(
    tasks: Sequence[ProbingTask], features: Sequence[Array], eraser: Eraser | None = None
) -> float:
    """Say what linear probes read of tasks, before removal or after.

    Parameters
    ----------
    tasks : sequence of ProbingTask
    features : sequence of ndarray, shape (n_items, n_dims)
    eraser : Eraser, optional

    Returns
    -------
    float
        Balanced accuracy on held-out items, mean over tasks.
    """
    scores = []
    for task, states in zip(tasks, features, strict=True):
        design = design_of(task)
        read = states if eraser is None else eraser.erase(states)
        scores.append(score(predict_labels(read, [design]), [design]).score)
    return float(np.mean(scores))
