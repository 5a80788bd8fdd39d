"""How well predicted responses match held-out ones, target by target."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
# A prediction whose spread is this small beside the response's is constant but for the rounding of
# 32-bit floats.
_FLAT = 1e-5


def pearson_r(predicted: Array, held_out: Array) -> NDArray[np.float32]:
    """Pearson correlation of each target.

    Parameters
    ----------
    predicted, held_out : ndarray of shape (n_samples, n_targets)
        Predicted and recorded responses of one fold.

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        A constant prediction, or a constant response, explains nothing and scores 0.
    """
    p = np.asarray(predicted, dtype=np.float64)
    y = np.asarray(held_out, dtype=np.float64)
    p = p - p.mean(axis=0)
    y = y - y.mean(axis=0)
    spread_p = np.sqrt((p * p).sum(axis=0))
    spread_y = np.sqrt((y * y).sum(axis=0))
    defined = (spread_p > _FLAT * spread_y) & (spread_y > 0)
    scale = np.where(defined, spread_p * spread_y, 1.0)
    return np.where(defined, (p * y).sum(axis=0) / scale, 0.0).astype(np.float32)


def r2(predicted: Array, held_out: Array) -> NDArray[np.float32]:
    """Share of a target's held-out variance that the prediction explains.

    Parameters
    ----------
    predicted : ndarray of shape (..., n_samples, n_targets)
        Leading axes are alternatives, for instance one per alpha.
    held_out : ndarray of shape (n_samples, n_targets)

    Returns
    -------
    ndarray of float32, shape (..., n_targets)
        ``1 - residual / total`` about the held-out mean, as in scikit-learn's ``r2_score``; it is
        negative where the mean would have predicted better. A constant response scores 0.
    """
    y = np.asarray(held_out, dtype=np.float64)
    total = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    residual = ((np.asarray(predicted, dtype=np.float64) - y) ** 2).sum(axis=-2)
    scale = np.where(total > 0, total, 1.0)
    return np.where(total > 0, 1.0 - residual / scale, 0.0).astype(np.float32)
