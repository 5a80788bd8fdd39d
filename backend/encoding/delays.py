"""From what was heard in a TR to what the blood shows later: delays, or a fixed response.

Both work inside one story. Before it there is nothing, so that rows that would come from there are
zero.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from backend.encoding.alignment import check_tr, resample
from backend.errors import InputError

Hrf = Literal["glover", "spm"]
DELAYS: tuple[int, ...] = (1, 2, 3, 4)
"""TRs; with a TR of two seconds they span the rise and the peak of the response."""

# As in nilearn: samples of the response function per TR. It is even, so that a TR's middle is one.
_OVERSAMPLING = 50


def check_delays(delays: Sequence[int]) -> tuple[int, ...]:
    """Refuse delays that are not distinct whole numbers of TRs, none of them negative.

    Parameters
    ----------
    delays : sequence of int

    Returns
    -------
    tuple of int
        The delays in the order in which they were given.

    Raises
    ------
    InputError
    """
    whole = tuple(int(delay) for delay in delays)
    if not whole or len(set(whole)) < len(whole) or min(whole) < 0 or whole != tuple(delays):
        raise InputError(
            f"delays {', '.join(map(str, delays)) or '(none)'} were given; give distinct whole "
            "numbers of TRs from 0, for instance 1 2 3 4."
        )
    return whole


def delay(features: NDArray[Any], delays: Sequence[int] = DELAYS) -> NDArray[np.float32]:
    """Shift features later by each of several delays: a finite impulse response model.

    Parameters
    ----------
    features : ndarray of shape (n_trs, n_dims)
        Of one story, so that none of it reaches the next.
    delays : sequence of int
        TRs.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_dims * len(delays))
        All dimensions at the first delay, then all at the second, and so on. Row ``i`` of a delay
        ``d`` is row ``i - d`` of the features, and zero where that lies before the story.

    Raises
    ------
    InputError
        If delays are not distinct whole numbers from 0.
    """
    n_trs, n_dims = features.shape
    shifts = check_delays(delays)
    result = np.zeros((n_trs, n_dims * len(shifts)), dtype=np.float32)
    for index, shift in enumerate(shifts):
        block = result[:, index * n_dims : (index + 1) * n_dims]
        block[shift:] = features[: max(0, n_trs - shift)]
    return result


def convolve_hrf(features: NDArray[Any], tr: float, model: Hrf = "glover") -> NDArray[np.float32]:
    """Response to features by a canonical hemodynamic response function.

    Parameters
    ----------
    features : ndarray of shape (n_trs, n_dims)
        Of one story. Each row holds throughout its TR.
    tr : float
        Seconds from a volume to the next.
    model : {"glover", "spm"}
        nilearn's response functions, of unit area: features that stay constant for long come back
        as they are.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_dims)
        The response in the middle of each TR, as ``compute_regressor`` of nilearn gives it for
        one block per TR.

    Raises
    ------
    InputError
        If the model is unknown or the TR impossible.
    """
    check_tr(tr)
    kernel = _hrf_per_tr(tr, model)[: len(features)]
    n_trs = len(features)
    matrix = sparse.diags_array(
        [np.full(n_trs - lag, weight) for lag, weight in enumerate(kernel)],
        offsets=[-lag for lag in range(len(kernel))],
        shape=(n_trs, n_trs),
        dtype=np.float32,
    )
    return resample(matrix.tocsr(), features)


def _hrf_per_tr(tr: float, model: Hrf) -> NDArray[np.float64]:
    """Response to a block of one TR, in the middle of that TR and of those that follow."""
    # nilearn takes over a second to load, which only a run that convolves should pay.
    from nilearn.glm.first_level import glover_hrf, spm_hrf

    functions = {"glover": glover_hrf, "spm": spm_hrf}
    if model not in functions:
        raise InputError(f"unknown response function {model!r}; accepted are glover and spm.")
    samples = functions[model](tr, _OVERSAMPLING)
    area = np.concatenate([[0.0], np.cumsum(samples)])
    # Half of a block has passed at the middle of its own TR.
    n_trs = len(samples) // _OVERSAMPLING + 2
    edges = np.arange(n_trs + 1) * _OVERSAMPLING - _OVERSAMPLING // 2 + 1
    return np.diff(area[np.clip(edges, 0, len(samples))])
