"""Banded ridge: feature sets side by side, each with a penalty of its own.

A joint model of a few length features and hundreds of model dimensions cannot share one alpha: what
suits the hundreds shrinks the few to nothing, and the model is credited with their variance. Bands
are added one at a time; each band's alpha is chosen per target on the inner folds, with the bands
before it as they were chosen. The last band can therefore be given only what the earlier ones,
at their own best, leave over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from backend.encoding.folds import Fold
from backend.encoding.ridge import ALPHAS, Array, Scaling, standardise
from backend.encoding.scores import r2


@dataclass(frozen=True)
class BandKernels:
    """Linear kernels of one feature set in one fold, standardised on each training part.

    Attributes
    ----------
    pairs : tuple of (train kernel, test kernel)
        Shapes (n_train, n_train) and (n_test, n_train): one pair per inner fold, then the outer.
    """

    pairs: tuple[tuple[Array, Array], ...]

    @classmethod
    def of(cls, features: Array, fold: Fold, scaling: Scaling = "each") -> "BandKernels":
        """Compute the kernels of ``features`` [n_samples, n_dims] in ``fold``."""
        inside = features[fold.train]
        parts = [(inside[train], inside[test]) for train, test in fold.inner]
        parts.append((inside, features[fold.test]))
        pairs = []
        for train, test in parts:
            seen, unseen = standardise(train, test, scaling)
            pairs.append((seen @ seen.T, unseen @ seen.T))
        return cls(tuple(pairs))


@dataclass(frozen=True)
class _System:
    """Targets with the same alphas so far, and the sum of their bands' kernels over alpha."""

    targets: NDArray[np.int64]
    pairs: tuple[tuple[Array, Array], ...]


class BandedFold:
    """A banded ridge regression on one fold, grown band by band.

    Parameters
    ----------
    responses : ndarray of shape (n_samples, n_targets)
        Of the whole recording.
    fold : Fold
    alphas : sequence of float
        Candidates for every band, on standardised features.

    Notes
    -----
    Extending does not change a model but returns a new one, so that one set of baselines is fitted
    once and every layer is added to it.

    References
    ----------
    Nunez-Elizalde, Huth & Gallant 2019, Voxelwise encoding models with non-spherical multivariate
    normal priors, NeuroImage 197:482. Dupre la Tour et al. 2022, Feature-space selection with
    banded ridge regression, NeuroImage 264:119728.
    """

    def __init__(self, responses: Array, fold: Fold, alphas: Sequence[float] = ALPHAS) -> None:
        self.fold = fold
        self.alphas = np.asarray(alphas, dtype=np.float64)
        inside = responses[fold.train]
        self._truth = [(inside[train], inside[test]) for train, test in fold.inner]
        self._truth.append((inside, responses[fold.test]))
        self.n_targets = responses.shape[1]
        self.chosen = np.empty((0, self.n_targets))
        self._systems: list[_System] = []

    def extend(self, band: BandKernels) -> "BandedFold":
        """Add a feature set, choosing its alpha for each target.

        Parameters
        ----------
        band : BandKernels
            Made with the same fold.

        Returns
        -------
        BandedFold
            A new model; this one stays as it was.
        """
        grown = object.__new__(BandedFold)
        grown.fold, grown.alphas, grown.n_targets = self.fold, self.alphas, self.n_targets
        grown._truth = self._truth
        grown._systems = []
        chosen = np.empty(self.n_targets)
        for system in self._systems or [self._empty(band)]:
            best = self._choose(system, band)
            chosen[system.targets] = self.alphas[best]
            for index in np.unique(best):
                members = system.targets[best == index]
                grown._systems.append(_joined(system, band, self.alphas[index], members))
        grown.chosen = np.vstack([self.chosen, chosen])
        return grown

    def predict(self) -> Array:
        """Predict the held-out part with every band added so far.

        Returns
        -------
        ndarray of float32, shape (n_test, n_targets)
        """
        train, test = self._truth[-1]
        predicted = np.tile(train.mean(axis=0), (len(test), 1)).astype(np.float32)
        for system in self._systems:
            kernel, new_kernel = system.pairs[-1]
            y = train[:, system.targets]
            centred = y - y.mean(axis=0)
            factor = linalg.cho_factor(_ridged(kernel), lower=True, check_finite=False)
            weights = linalg.cho_solve(factor, centred, check_finite=False)
            predicted[:, system.targets] += new_kernel @ weights
        return predicted

    def _empty(self, band: BandKernels) -> _System:
        zeros = tuple((np.zeros_like(k), np.zeros_like(new)) for k, new in band.pairs)
        return _System(np.arange(self.n_targets), zeros)

    def _choose(self, system: _System, band: BandKernels) -> NDArray[np.int64]:
        scores = np.zeros((len(self.alphas), len(system.targets)))
        inner = zip(system.pairs[:-1], band.pairs[:-1], self._truth[:-1], strict=True)
        for (kernel, new_kernel), (added, new_added), (train, test) in inner:
            y = train[:, system.targets]
            path = _alpha_path(kernel, new_kernel, added, new_added, y, self.alphas)
            scores += r2(path, test[:, system.targets])
        return scores.argmax(axis=0)


def _joined(
    system: _System, band: BandKernels, alpha: float, targets: NDArray[np.int64]
) -> _System:
    scale = np.float32(1.0 / alpha)
    pairs = tuple(
        (kernel + scale * added, new_kernel + scale * new_added)
        for (kernel, new_kernel), (added, new_added) in zip(system.pairs, band.pairs, strict=True)
    )
    return _System(targets, pairs)


def _ridged(kernel: Array) -> Array:
    return kernel + np.eye(len(kernel), dtype=kernel.dtype)


def _alpha_path(
    kernel: Array,
    new_kernel: Array,
    added: Array,
    new_added: Array,
    responses: Array,
    alphas: NDArray[np.float64],
) -> Array:
    """Predictions for each alpha of an added band, from one eigendecomposition.

    With ``M = kernel + I = L L'`` and ``L^-1 added L^-T = U diag(s) U'``, the inverse of
    ``M + added / alpha`` is ``L^-T U diag(1 / (1 + s / alpha)) U' L^-1`` for every alpha.
    """
    mean = responses.mean(axis=0)
    lower = linalg.cholesky(_ridged(kernel), lower=True, check_finite=False)
    half = linalg.solve_triangular(lower, added, lower=True, check_finite=False)
    whitened = linalg.solve_triangular(lower, half.T, lower=True, check_finite=False)
    values, vectors = linalg.eigh((whitened + whitened.T) / 2, check_finite=False)
    values = np.maximum(values, 0.0)
    right = vectors.T @ linalg.solve_triangular(
        lower, responses - mean, lower=True, check_finite=False
    )
    back = linalg.solve_triangular(lower, vectors, lower=True, trans="T", check_finite=False)
    old_part, new_part = new_kernel @ back, new_added @ back
    path = []
    for alpha in alphas:
        shrunk = right / (1.0 + values / alpha).astype(np.float32)[:, None]
        path.append((old_part + new_part * np.float32(1.0 / alpha)) @ shrunk)
    return np.stack(path).astype(np.float32) + mean
