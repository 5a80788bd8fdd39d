"""Ridge classifiers: one decomposition for every strength of the penalty."""

from collections.abc import Sequence

import torch

from backend.probing.settings import PENALTIES


def predict_path(
    train: torch.Tensor,
    labels: torch.Tensor,
    test: torch.Tensor,
    n_labels: int,
    penalties: Sequence[float] = PENALTIES,
) -> torch.Tensor:
    """Fit a linear classifier for each penalty, and classify what was held out.

    Targets are +1 for an item's label and -1 for the others, by ridge regression with an intercept;
    each label weighs the same, however many items it has. Features are standardised on the training
    items.

    Parameters
    ----------
    train : Tensor of shape (n_train, n_dims)
    labels : Tensor of int, shape (n_train,)
        From 0; each occurs.
    test : Tensor of shape (n_test, n_dims)
    n_labels : int
    penalties : sequence of float

    Returns
    -------
    Tensor of int, shape (n_penalties, n_test)
        Predicted labels.
    """
    counts = torch.bincount(labels, minlength=n_labels).to(train.dtype)
    weights = (len(labels) / n_labels / counts)[labels][:, None]
    mean = (weights * train).mean(dim=0)
    scale = (weights * (train - mean) ** 2).mean(dim=0).sqrt()
    # A feature that does not vary tells nothing; dividing by next to nothing would blow up noise.
    scale = torch.where(scale > 1e-6 * (1 + mean.abs()), scale, torch.inf)
    features, held_out = (train - mean) / scale, (test - mean) / scale
    targets = 2 * torch.nn.functional.one_hot(labels, n_labels).to(train.dtype) - 1
    centre = (weights * targets).mean(dim=0)
    rooted = weights.sqrt() * features
    goals = weights.sqrt() * (targets - centre)
    few_items = len(train) < train.shape[1]
    gram = rooted @ rooted.T if few_items else rooted.T @ rooted
    values, vectors = torch.linalg.eigh(gram)
    projected = vectors.T @ (goals if few_items else rooted.T @ goals)
    reach = held_out @ rooted.T @ vectors if few_items else held_out @ vectors
    strengths = torch.tensor(penalties, dtype=train.dtype, device=train.device)
    shrunk = projected / (values.clamp_min(0)[None] + strengths[:, None])[:, :, None]
    return (reach @ shrunk + centre).argmax(dim=2)
