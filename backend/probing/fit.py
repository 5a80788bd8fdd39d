"""Probes of one layer: folds held out in turn, the penalty chosen inside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from backend.probing.ridge import predict_path
from backend.probing.settings import PENALTIES, TRAINING_SHARE
from backend.probing.tasks import ProbingTask

_INNER = 3


@dataclass(frozen=True)
class Design:
    """What is to be predicted of which items, and what is held out together.

    Attributes
    ----------
    labels : ndarray of int, shape (n_items,)
        From 0 to ``n_labels`` - 1.
    folds : ndarray of int, shape (n_items,)
        Held out in turn; below 0, never.
    units : ndarray of int, shape (n_items,)
        Items that are drawn together.
    clusters : ndarray of int, shape (n_items,)
        Items that intervals resample together.
    n_labels : int
    """

    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    units: NDArray[np.int64]
    clusters: NDArray[np.int64]
    n_labels: int

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Items that are held out at some time."""
        return self.folds >= 0


def design_of(task: ProbingTask) -> Design:
    """Give a task's labels numbers, in alphabetical order.

    Parameters
    ----------
    task : ProbingTask

    Returns
    -------
    Design
    """
    names, labels = np.unique(task.labels, return_inverse=True)
    return Design(labels, task.folds, task.units, task.clusters, len(names))


def predict_labels(
    features: NDArray[np.float32],
    designs: Sequence[Design],
    device: torch.device | str = "cpu",
) -> NDArray[np.int64]:
    """Predict every held-out item's label, once per design.

    Parameters
    ----------
    features : ndarray of float32, shape (n_items, n_dims)
    designs : sequence of Design
        Of the same items, one per seed; they may differ in their labels. Each seed trains on its
        own draw of :data:`TRAINING_SHARE` of the units. The penalty is chosen for each held-out
        fold by balanced accuracy on inner folds of its training items, with the first design.
    device : torch.device or str

    Returns
    -------
    ndarray of int, shape (n_designs, n_items)
        -1 for items that are never held out.
    """
    states = torch.as_tensor(features, device=device)
    first = designs[0]
    predicted = np.full((len(designs), len(first.labels)), -1, dtype=np.int64)
    for fold in np.unique(first.folds[first.tested]):
        train, test = np.flatnonzero(first.folds != fold), np.flatnonzero(first.folds == fold)
        penalty = _choose_penalty(states, first, train)
        for seed, design in enumerate(designs):
            drawn = _drawn(design, train, seed)
            labels = torch.as_tensor(design.labels[drawn], device=device)
            (chosen,) = predict_path(
                states[drawn], labels, states[test], design.n_labels, (penalty,)
            )
            predicted[seed, test] = chosen.cpu().numpy()
    return predicted


def _choose_penalty(states: torch.Tensor, design: Design, train: NDArray[np.int64]) -> float:
    """Take the strongest of the penalties that do best on inner folds."""
    scores = np.zeros(len(PENALTIES))
    for inner, held_out in _inner_folds(design, train):
        labels = torch.as_tensor(design.labels[inner], device=states.device)
        predicted = predict_path(states[inner], labels, states[held_out], design.n_labels)
        hits = predicted.cpu().numpy() == design.labels[held_out]
        scores += balanced(hits, design.labels[held_out])
    return float(PENALTIES[len(scores) - 1 - int(np.argmax(scores[::-1]))])


def balanced(hits: NDArray[np.bool_], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average hits over the items of each label, then over labels.

    Parameters
    ----------
    hits : ndarray, shape (..., n_items)
    labels : ndarray of int, shape (n_items,)

    Returns
    -------
    ndarray of float64, shape (...)
    """
    means = [hits[..., labels == label].mean(axis=-1) for label in np.unique(labels)]
    return np.mean(means, axis=0)


def _inner_folds(
    design: Design, train: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Hold out the training items' own folds, which keep vocabularies apart, else units."""
    folds = design.folds[train]
    if len(np.unique(folds)) < 2:
        units, of_item = np.unique(design.units[train], return_inverse=True)
        shuffled = np.random.default_rng(0).permutation(len(units)) % _INNER
        folds = shuffled[of_item]
    for fold in np.unique(folds):
        inner, held_out = train[folds != fold], train[folds == fold]
        if len(np.unique(design.labels[inner])) == design.n_labels:
            yield inner, held_out


def _drawn(design: Design, train: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Draw training units; a draw that loses a label is given all of them."""
    units = np.unique(design.units[train])
    n = max(1, round(TRAINING_SHARE * len(units)))
    kept = np.random.default_rng(seed).choice(units, n, replace=False)
    drawn = train[np.isin(design.units[train], kept)]
    complete = len(np.unique(design.labels[drawn])) == design.n_labels
    return drawn if complete else train
