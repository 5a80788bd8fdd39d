"""Tasks and states with planted properties."""

import numpy as np

from backend.probing.fit import Design
from backend.probing.tasks import Item, Piece, ProbingTask


def planted(
    n_items: int, n_dims: int, strength: float, seed: int = 0, n_labels: int = 2
) -> tuple[np.ndarray, Design]:
    """Random states whose first direction is moved by ``strength`` standard deviations."""
    random = np.random.default_rng(seed)
    labels = np.arange(n_items) % n_labels
    direction = random.normal(size=n_dims)
    direction /= np.linalg.norm(direction)
    states = random.normal(size=(n_items, n_dims))
    states += strength * (labels - (n_labels - 1) / 2)[:, None] * direction
    folds, each = (np.arange(n_items) // n_labels) % 4, np.arange(n_items)
    return states.astype(np.float32), Design(labels, folds, each, each, n_labels)


def make_task(texts: list[str], labels: list[str], types: list[str] | None = None) -> ProbingTask:
    return ProbingTask(
        "toy",
        "Toy",
        "syntax",
        tuple(
            Item((Piece(text),), label, index % 4, index, index, types[index] if types else text)
            for index, (text, label) in enumerate(zip(texts, labels, strict=True))
        ),
    )
