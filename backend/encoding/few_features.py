"""Ridge regression where a kernel is that of few features, such as word rate at four delays."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float32]

# Below this share of the samples, features are few.
_FEW = 0.25
# A pivot of a kernel's Cholesky decomposition that is this small beside its largest entry is
# rounding.
_RANK_TOLERANCE = 1e-6


def few_features(kernel: Array) -> Array | None:
    """Find features that have a kernel, where a quarter as many as samples are enough.

    Parameters
    ----------
    kernel : ndarray of shape (n_samples, n_samples)

    Returns
    -------
    ndarray of float32, shape (n_samples, rank), or None
        None where there are not few.
    """
    whole = np.asarray(kernel, dtype=np.float32)
    most = int(len(whole) * _FEW)
    # No part of a kernel has a higher rank, and a part is soon decomposed.
    some = np.linspace(0, len(whole) - 1, min(len(whole), most + most // 4 + 1)).astype(np.int64)
    if _factor(whole[np.ix_(some, some)])[2] > most:
        return None
    factor, pivots, rank = _factor(whole)
    if rank > most:
        return None
    features = np.zeros((len(whole), max(rank, 1)), dtype=np.float32)
    features[pivots, :rank] = np.tril(factor)[:, :rank]
    return features


def _factor(kernel: Array) -> tuple[Array, NDArray[np.intp], int]:
    """Cholesky factor with pivoting: the factor, the pivots and the numerical rank."""
    tolerance = _RANK_TOLERANCE * float(kernel.diagonal().max())
    factor, pivots, rank, _ = lapack.spstrf(kernel.T, tol=tolerance, lower=1)
    return factor, pivots - 1, rank


class RidgePath:
    """Predictions for any alpha: ``left @ diag(1 / (values + alpha)) @ right @ y``.

    ``values`` are in 64 bits: what is left of a small one beside a large one decides how small
    alphas predict.

    Parameters
    ----------
    seen, unseen : Tensor of float32, shape (n_train, n_dims) and (n_test, n_dims)

    Attributes
    ----------
    right : Tensor of float32, shape (n_dims, n_train)
    """

    def __init__(self, seen: torch.Tensor, unseen: torch.Tensor) -> None:
        features = seen.double()
        values, vectors = torch.linalg.eigh(features.T @ features)
        self._values = values.clamp_(min=0.0)
        self._left = (unseen.double() @ vectors).float()
        self.right = (features @ vectors).T.float().contiguous()

    def scaled(self, alpha: float) -> torch.Tensor:
        """All but ``right``, shape (n_test, n_dims)."""
        return self._left * (1.0 / (self._values + alpha)).float()
