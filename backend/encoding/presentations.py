"""How presentations of one story, to one subject or to several, vary together.

Ceilings rest on one quantity per target, the covariance of the presentations with each other: the
correlation of any two averages of them, and the variance of any average, follow from it. So a
hundred split halves cost no more than one pass over the responses.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError

Array = NDArray[np.floating]
# Responses in 64 bits held at a time.
_BATCH_BYTES = 64_000_000
# A response whose spread is this small beside its mean is constant but for rounding.
_ROUNDING = 1e-6


def require_presentations(values: Array, kind: str) -> None:
    """Refuse what no ceiling can be estimated from.

    Parameters
    ----------
    values : ndarray of shape (n, n_trs, n_targets)
    kind : str
        What is presented n times, for the message.

    Raises
    ------
    InputError
        If there are fewer than two presentations or three TRs, or a value is not finite.
    """
    if values.ndim != 3 or len(values) < 2 or values.shape[1] < 3:
        raise InputError(
            f"{kind} of shape {values.shape} were given; a noise ceiling needs ({kind}, TRs, "
            f"targets) with at least 2 {kind} and 3 TRs."
        )
    for number, one in enumerate(values):
        if not np.isfinite(one).all():
            raise InputError(
                f"number {number} (from 0) of {len(values)} {kind} holds NaN or infinite values; "
                "leave it or the targets out."
            )


def covariances(values: Array) -> Iterator[tuple[slice, Array, NDArray[np.bool_]]]:
    """Covariance over time of all presentations, for one batch of targets after another.

    Parameters
    ----------
    values : ndarray of shape (n, n_trs, n_targets)

    Yields
    ------
    batch : slice
    covariance : ndarray of shape (n, n, n_batch)
    alive : ndarray of bool, shape (n, n_batch)
        Presentations that are not constant.
    """
    n, n_trs, n_targets = values.shape
    size = max(1, _BATCH_BYTES // (8 * n * n_trs))
    for start in range(0, n_targets, size):
        batch = slice(start, min(start + size, n_targets))
        part = values[:, :, batch].astype(np.float64)
        mean = part.mean(axis=1, keepdims=True)
        part -= mean
        over_targets = part.transpose(2, 0, 1)
        covariance = np.matmul(over_targets, over_targets.transpose(0, 2, 1)) / n_trs
        covariance = np.ascontiguousarray(covariance.transpose(1, 2, 0))
        variance = np.einsum("iit->it", covariance)
        yield batch, covariance, variance > (_ROUNDING * mean[:, 0]) ** 2


def correlation(covariance: Array, first: Array, second: Array) -> Array:
    """Correlate weighted sums of presentations.

    Parameters
    ----------
    covariance : ndarray of shape (n, n, n_targets)
    first, second : ndarray of shape (n_pairs, n)
        Weights of the two sums.

    Returns
    -------
    ndarray of shape (n_pairs, n_targets)
        NaN where a sum does not vary.
    """
    with_first = np.einsum("pi,ijt->pjt", first, covariance, optimize=True)
    with_second = np.einsum("pi,ijt->pjt", second, covariance, optimize=True)
    shared = np.einsum("pj,pjt->pt", second, with_first)
    power = np.einsum("pj,pjt->pt", first, with_first) * np.einsum(
        "pj,pjt->pt", second, with_second
    )
    return divided(shared, np.sqrt(np.maximum(power, 0.0)), power > 0)


def divided(above: Array, below: Array, where: NDArray[np.bool_]) -> Array:
    """Divide where that is allowed; NaN elsewhere."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=where)
