"""Linear kernels of delayed story features, without the delayed design.

The design with D delays is D times as wide as the features, and only its products are needed. Row
``i`` of it holds the features of rows ``i - d`` of the same story, so that

    K[i, j] = sum over d of G[i - d, j - d],

where ``G`` is the Gram matrix of the undelayed features and a term is zero where ``i - d`` or
``j - d`` lies before its story.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backend.encoding.delays import check_delays
from backend.encoding.folds import Indices
from backend.encoding.products import gram, pick
from backend.encoding.ridge import Scaling
from backend.errors import InputError

# Dimensions that are standardised at once: enough for a product at full speed, while features on
# disk are never held whole.
_BLOCK = 1024
LEVEL = 1000.0
"""Mean of a kernel's diagonal at which alphas from 1 to a million suit signals from nearly all of a
response to a thousandth of it."""


def story_kernel(
    features: NDArray[Any],
    lengths: Sequence[int],
    delays: Sequence[int],
    rows: Indices,
    train: Indices,
    *,
    scaling: Scaling = "each",
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Compute the linear kernel of standardised, then delayed features.

    Parameters
    ----------
    features : ndarray of shape (n_trs, n_dims)
        Undelayed features of all TRs of all stories, in order. A memory map in half precision is
        read in blocks of dimensions.
    lengths : sequence of int
        TRs of each story; they add up to ``n_trs``.
    delays : sequence of int
        TRs; ``(0,)`` for features that are used as they are.
    rows : ndarray of int, shape (n_samples,)
        The TRs that are kept. Delays reach back to those that are not.
    train : ndarray of int
        Training samples as indices into ``rows``; only their features give mean and scale.
    scaling : {"each", "together"}
        See :func:`backend.encoding.ridge.standardise`.
    device : torch.device or str

    Returns
    -------
    ndarray of float32, shape (n_samples, n_samples)
        ``X @ X.T`` of the delayed design, whose zeros before a story stand for the training mean.

    Raises
    ------
    InputError
        If lengths do not add up, if rows or training samples are outside or none, if delays are
        not distinct whole numbers from 0, or if a feature is not finite.
    """
    starts = _check_stories(features, lengths)
    shifts = check_delays(delays)
    _check_indices("rows", rows, len(features))
    _check_indices("training samples", train, len(rows))
    gram = _standardised_gram(features, rows[train], scaling, torch.device(device))
    kernel = torch.zeros_like(gram)
    ends = np.cumsum(lengths)
    for shift in shifts:
        n = len(gram) - shift
        inside = torch.from_numpy(np.arange(shift, len(gram)) - starts[shift:] >= shift).float()
        inside = inside.to(gram.device)
        for end, length in zip(ends, lengths, strict=True):
            reached, reach = slice(end - length, end - shift), slice(end - length + shift, end)
            if length > shift:
                kernel[reach, shift:].addcmul_(gram[reached, :n], inside)
    return pick(pick(kernel, rows), rows, dim=1).cpu().numpy()


def level_kernel(kernel: NDArray[Any], train: Indices) -> NDArray[np.float32]:
    """Scale a kernel so that its diagonal over the training samples has the mean 1000.

    The alphas that suit a response then depend neither on how many dimensions and delays a model
    has nor on how the features were scaled.

    Parameters
    ----------
    kernel : ndarray of shape (n_samples, n_samples)
    train : ndarray of int

    Returns
    -------
    ndarray of float32, shape (n_samples, n_samples)
        A kernel of nothing stays as it is.
    """
    size = float(kernel.diagonal()[train].mean(dtype=np.float64))
    return np.asarray(kernel * (LEVEL / size if size > 0 else 1.0), dtype=np.float32)


def _standardised_gram(
    features: NDArray[Any], train_rows: Indices, scaling: Scaling, device: torch.device
) -> torch.Tensor:
    """Gram matrix of features standardised by some of their rows, in blocks of dimensions."""
    n_trs, n_dims = features.shape
    total = torch.zeros((n_trs, n_trs), device=device)
    total_variance = 0.0
    chosen = torch.from_numpy(train_rows).to(device)
    for first in range(0, n_dims, _BLOCK):
        block = np.ascontiguousarray(features[:, first : first + _BLOCK], dtype=np.float32)
        _check_finite(block, first)
        x = torch.from_numpy(block).to(device)
        seen = x[chosen].double()
        mean, scale = seen.mean(dim=0), seen.std(dim=0, correction=0)
        constant = scale <= 1e-8 * mean.abs().clamp(min=1.0)
        x = x - mean.float()
        if scaling == "each":
            x /= torch.where(constant, 1.0, scale).float()
        else:
            total_variance += float(scale.square().sum())
        total += gram(x, "rows")
    if scaling == "together" and total_variance > 0:
        total /= total_variance / n_dims
    return total


def _check_stories(features: NDArray[Any], lengths: Sequence[int]) -> Indices:
    """First TR of the story of each TR."""
    if features.ndim != 2 or features.shape[1] == 0:
        raise InputError(
            f"features of shape {features.shape} were given; a matrix of TRs by dimensions is "
            "needed."
        )
    if min(lengths, default=0) < 1 or sum(lengths) != len(features):
        raise InputError(
            f"stories of {', '.join(map(str, lengths)) or 'no'} TRs were given for features of "
            f"{len(features)}; give each story's TRs before trimming, in the features' order."
        )
    firsts = np.cumsum([0, *lengths[:-1]])
    return np.repeat(firsts, lengths).astype(np.int64)


def _check_indices(what: str, indices: Indices, n: int) -> None:
    if len(indices) == 0:
        raise InputError(f"no {what} were given; trim less, or check the folds.")
    if indices.min() < 0 or indices.max() >= n:
        raise InputError(
            f"{what} run from {indices.min()} to {indices.max()}, but there are only {n} to "
            "choose from, counted from 0."
        )


def _check_finite(block: NDArray[np.float32], first: int) -> None:
    finite = np.isfinite(block)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"features hold {np.count_nonzero(~finite)} values that are not finite, the first at "
            f"TR {row} in dimension {first + column}; extract them again, or leave the layer out."
        )
