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


@dataclass(frozen=True)
class Erasers:
    """What takes a property out of states, and what takes as many random directions.

    Attributes
    ----------
    leace : Eraser
    random : tuple of Eraser
        Draws, each of the same rank, in the same whitened space.
    """

    leace: Eraser
    random: tuple[Eraser, ...]


@dataclass(frozen=True)
class StateSums:
    """Sums over states, of which those of several parts may be added.

    Attributes
    ----------
    n : int
        States.
    total : ndarray, shape (n_dims,)
    products : ndarray, shape (n_dims, n_dims)
    """

    n: int
    total: Values
    products: Values

    @classmethod
    def of(cls, states: NDArray[np.floating]) -> "StateSums":
        """Sum over states of shape (n_items, n_dims)."""
        array = np.asarray(states, dtype=np.float64)
        return cls(len(array), array.sum(axis=0), array.T @ array)

    def __add__(self, other: "StateSums") -> "StateSums":
        """Sum over both."""
        return StateSums(self.n + other.n, self.total + other.total, self.products + other.products)


@dataclass(frozen=True)
class Whitening:
    """The map to a space in which states vary alike in all directions, and back.

    Attributes
    ----------
    n : int
        States that it was made from.
    mean : ndarray, shape (n_dims,)
    white, colour : ndarray, shape (n_dims, n_dims)
        Directions in which states do not vary are left out of both.
    """

    n: int
    mean: Values
    white: Values
    colour: Values

    @classmethod
    def of(cls, sums: StateSums) -> "Whitening":
        """Whiten the states that were summed."""
        mean = sums.total / sums.n
        values, vectors = np.linalg.eigh(sums.products / sums.n - np.outer(mean, mean))
        kept = values > _TOLERANCE * values.max()
        roots, basis = np.sqrt(values[kept]), vectors[:, kept]
        return cls(sums.n, mean, (basis / roots) @ basis.T, (basis * roots) @ basis.T)

    def erasers(self, products: Values, n_random: int) -> Erasers:
        """Find the smallest change of states after which no linear probe beats chance.

        Parameters
        ----------
        products : ndarray of float64, shape (n_dims, n_targets)
            Of states with what is removed, summed over the states that were whitened. Each target
            adds up to 0 over them.
        n_random : int
            Draws of random directions.

        Returns
        -------
        Erasers
            Of a rank no higher than the number of targets. On the states that were whitened, the
            covariance with every target is 0 after erasure.

        References
        ----------
        Belrose et al. 2023, LEACE: perfect linear concept erasure in closed form, NeurIPS.
        """
        left, sizes, _ = np.linalg.svd(self.white @ products / self.n, full_matrices=False)
        leace = self._eraser(left[:, sizes > _TOLERANCE * max(1.0, sizes.max(initial=0.0))])
        return Erasers(leace, tuple(self._random(leace.rank, seed) for seed in range(n_random)))

    def _random(self, rank: int, seed: int) -> Eraser:
        random = np.random.default_rng(seed).normal(size=(self.white.shape[0], rank))
        # Within the directions in which states vary at all.
        basis, _ = np.linalg.qr(self.white @ self.colour @ random)
        return self._eraser(basis)

    def _eraser(self, basis: Values) -> Eraser:
        return Eraser(self.mean, basis.T @ self.white, self.colour @ basis)


def fit_erasers(states: NDArray[np.floating], targets: Values, n_random: int = 0) -> Erasers:
    """Remove from states what varies with targets, and as many random directions.

    Parameters
    ----------
    states : ndarray, shape (n_items, n_dims)
        That the erasers are fitted to.
    targets : ndarray of float64, shape (n_items, n_targets)
        Such as :func:`indicators` of labels.
    n_random : int

    Returns
    -------
    Erasers
    """
    array = np.asarray(states, dtype=np.float64)
    products = (array - array.mean(axis=0)).T @ (targets - targets.mean(axis=0))
    return Whitening.of(StateSums.of(array)).erasers(products, n_random)


def indicators(labels: NDArray[np.int64], n_labels: int) -> Values:
    """Mark the items of each label, centred, so that each column adds up to 0.

    Parameters
    ----------
    labels : ndarray of int, shape (n_items,)
        From 0 to ``n_labels`` - 1; below 0 for an item without one, which is 0 in every column.
    n_labels : int

    Returns
    -------
    ndarray of float64, shape (n_items, n_labels)
    """
    marked = (labels[:, None] == np.arange(n_labels)[None]).astype(np.float64)
    has_one = labels >= 0
    if has_one.any():
        marked[has_one] -= marked[has_one].mean(axis=0)
    return marked
