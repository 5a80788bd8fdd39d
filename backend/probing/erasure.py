"""Removal of what a linear probe could read, and nothing more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Eraser:
    """An affine map that takes a subspace out of states.

    Attributes
    ----------
    mean : ndarray, shape (n_dims,)
        Is left where it is.
    into : ndarray, shape (rank, n_dims)
        Reads what is removed.
    out_of : ndarray, shape (n_dims, rank)
        Writes it, to be taken away.
    """

    mean: Values
    into: Values
    out_of: Values

    @property
    def rank(self) -> int:
        """Number of directions that are removed."""
        return len(self.into)

    def erase(self, states: NDArray[np.floating]) -> NDArray[np.float32]:
        """Take the subspace out of states.

        Parameters
        ----------
        states : ndarray, shape (n_items, n_dims)

        Returns
        -------
        ndarray of float32, shape (n_items, n_dims)
        """
        centred = np.asarray(states, dtype=np.float64) - self.mean
        return (centred - (centred @ self.into.T) @ self.out_of.T + self.mean).astype(np.float32)


def fit_leace(states: NDArray[np.floating], labels: NDArray[np.int64]) -> Eraser:
    """Find the smallest change of states after which no linear probe beats chance.

    Parameters
    ----------
    states : ndarray, shape (n_items, n_dims)
        That the eraser is fitted to.
    labels : ndarray of int, shape (n_items,) or (n_items, n_properties)
        One property, or several to be removed together.

    Returns
    -------
    Eraser
        On the states that it was fitted to, the covariance with every label is 0.

    References
    ----------
    Belrose et al. 2023, LEACE: perfect linear concept erasure in closed form, NeurIPS.
    """
    columns = labels if labels.ndim == 2 else labels[:, None]
    indicators = np.concatenate([_indicators(column) for column in columns.T], axis=1)
    return fit_leace_to(states, indicators)


def fit_leace_to(states: NDArray[np.floating], targets: Values) -> Eraser:
    """Remove what varies with numbers, as :func:`fit_leace` does what varies with labels.

    Parameters
    ----------
    states : ndarray, shape (n_items, n_dims)
    targets : ndarray of float64, shape (n_items, n_targets)

    Returns
    -------
    Eraser
        Of a rank no higher than the number of targets.
    """
    whitening = _Whitening.of(states)
    centred = np.asarray(states, dtype=np.float64) - whitening.mean
    covariance = centred.T @ (targets - targets.mean(axis=0)) / len(states)
    left, sizes, _ = np.linalg.svd(whitening.white @ covariance, full_matrices=False)
    return whitening.eraser(left[:, sizes > _TOLERANCE * max(1.0, sizes.max(initial=0.0))])


def fit_random(states: NDArray[np.floating], rank: int, seed: int) -> Eraser:
    """Remove random directions instead, as many, in the same whitened space.

    Parameters
    ----------
    states : ndarray, shape (n_items, n_dims)
    rank : int
    seed : int

    Returns
    -------
    Eraser
    """
    whitening = _Whitening.of(states)
    random = np.random.default_rng(seed).normal(size=(whitening.white.shape[0], rank))
    # Within the directions in which states vary at all.
    basis, _ = np.linalg.qr(whitening.white @ whitening.colour @ random)
    return whitening.eraser(basis)


@dataclass(frozen=True)
class _Whitening:
    mean: Values
    white: Values
    colour: Values

    @classmethod
    def of(cls, states: NDArray[np.floating]) -> "_Whitening":
        array = np.asarray(states, dtype=np.float64)
        mean = array.mean(axis=0)
        centred = array - mean
        values, vectors = np.linalg.eigh(centred.T @ centred / len(array))
        kept = values > _TOLERANCE * values.max()
        roots, basis = np.sqrt(values[kept]), vectors[:, kept]
        return cls(mean, (basis / roots) @ basis.T, (basis * roots) @ basis.T)

    def eraser(self, basis: Values) -> Eraser:
        return Eraser(self.mean, basis.T @ self.white, self.colour @ basis)


def _indicators(labels: NDArray[np.int64]) -> Values:
    return (labels[:, None] == np.unique(labels)[None]).astype(np.float64)
