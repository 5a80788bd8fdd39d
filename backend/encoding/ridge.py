"""Ridge regression with an alpha per target, chosen on inner folds of the training data."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from backend.encoding.folds import Fold
from backend.encoding.scores import r2

Array = NDArray[np.float32]
Scaling = Literal["each", "together"]
ALPHAS: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 6, 13))
STORY_ALPHAS: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(1.5, 6, 10))
"""Candidates, for kernels that were levelled by :func:`~backend.encoding.kernels.level_kernel`."""


def standardise(train: Array, test: Array, scaling: Scaling = "each") -> tuple[Array, Array]:
    """Centre and scale by the training samples' mean and standard deviation.

    Parameters
    ----------
    train, test : ndarray of shape (n_train, n_dims) and (n_test, n_dims)
    scaling : {"each", "together"}
        Divide each dimension by its own standard deviation, or all by their root mean square.
        The second is for bases such as OASM, whose dimensions share a unit: a dimension that
        belongs to held-out samples is almost constant in training, and dividing by that would
        blow it up where it is tested.

    Returns
    -------
    tuple of ndarray of float32
        A dimension that is constant in training is only centred.
    """
    mean = train.mean(axis=0, dtype=np.float64)
    scale = train.std(axis=0, dtype=np.float64)
    if scaling == "together":
        scale = np.full_like(scale, np.sqrt(np.mean(scale**2)))
    scale[scale <= 1e-8 * np.maximum(1.0, np.abs(mean))] = 1.0
    return (
        ((train - mean) / scale).astype(np.float32),
        ((test - mean) / scale).astype(np.float32),
    )


def ridge_path(
    features: Array, responses: Array, new_features: Array, alphas: Sequence[float]
) -> Array:
    """Predictions of a ridge regression for each alpha, from one eigendecomposition.

    The smaller of the two Gram matrices is decomposed: over dimensions when there are fewer of
    them than samples, over samples otherwise.

    Parameters
    ----------
    features : ndarray of shape (n_train, n_dims)
        Standardised by the caller.
    responses : ndarray of shape (n_train, n_targets)
        Centred here; the mean is added to the predictions.
    new_features : ndarray of shape (n_test, n_dims)
    alphas : sequence of float
        Penalties on the squared norm of the weights, as in ``sklearn.linear_model.Ridge``.

    Returns
    -------
    ndarray of float32, shape (n_alphas, n_test, n_targets)
    """
    mean = responses.mean(axis=0)
    centred = responses - mean
    n_samples, n_dims = features.shape
    if n_dims <= n_samples:
        values, vectors = linalg.eigh(features.T @ features, check_finite=False)
        left = new_features @ vectors
        right = vectors.T @ (features.T @ centred)
    else:
        values, vectors = linalg.eigh(features @ features.T, check_finite=False)
        left = (new_features @ features.T) @ vectors
        right = vectors.T @ centred
    values = np.maximum(values, 0.0)
    path = [left @ (right / (values[:, None] + np.float32(alpha))) for alpha in alphas]
    return np.stack(path) + mean


def choose_alphas(
    features: Array,
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    scaling: Scaling = "each",
) -> NDArray[np.float64]:
    """Choose each target's alpha by its mean R2 over the inner folds.

    Parameters
    ----------
    features, responses : ndarray of shape (n_samples, n_dims) and (n_samples, n_targets)
        Of the whole recording; only ``fold.train`` is looked at.
    fold : Fold
    alphas : sequence of float
        Candidates; the smallest wins a tie.
    scaling : {"each", "together"}
        See :func:`standardise`.

    Returns
    -------
    ndarray of shape (n_targets,)
    """
    x, y = features[fold.train], responses[fold.train]
    scores = np.zeros((len(alphas), y.shape[1]))
    for train, test in fold.inner:
        seen, unseen = standardise(x[train], x[test], scaling)
        scores += r2(ridge_path(seen, y[train], unseen, alphas), y[test])
    return np.asarray(alphas)[scores.argmax(axis=0)]


def fit_predict(
    features: Array,
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    scaling: Scaling = "each",
) -> Array:
    """Fit on a fold's training part and predict its held-out part.

    Parameters
    ----------
    features, responses : ndarray of shape (n_samples, n_dims) and (n_samples, n_targets)
    fold : Fold
    alphas : sequence of float
        Candidates, chosen per target on ``fold.inner``.
    scaling : {"each", "together"}
        See :func:`standardise`.

    Returns
    -------
    ndarray of float32, shape (n_test, n_targets)
    """
    chosen = choose_alphas(features, responses, fold, alphas, scaling)
    seen, unseen = standardise(features[fold.train], features[fold.test], scaling)
    distinct, which = np.unique(chosen, return_inverse=True)
    path = ridge_path(seen, responses[fold.train], unseen, distinct.tolist())
    return path[which, :, np.arange(len(which))].T
