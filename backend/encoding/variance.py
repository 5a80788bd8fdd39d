"""What a feature set explains that others do not, by banded ridge regression.

A joint model gives each feature set (band) a weight of its own, so that a few baselines are not
shrunk like the thousands of dimensions beside them. What a set adds is the held-out R2 of the
joint model less that of the model without the set. Two bands, as every run of stories has them, are
searched over a grid of weights with one kernel ridge regression each; himalaya searches the weights
of more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from himalaya.backend import set_backend
from himalaya.kernel_ridge import (
    generate_dirichlet_samples,
    solve_multiple_kernel_ridge_random_search,
)
from numpy.typing import NDArray

from backend.encoding.folds import Fold
from backend.encoding.kernel_ridge import KernelFit, check_problem, solve_kernel_ridge
from backend.encoding.kernels import level_kernel
from backend.encoding.responses import check_responses
from backend.encoding.ridge import ALPHAS, Array
from backend.encoding.scores import r2
from backend.errors import InputError

N_GAMMAS = 30
"""Candidate weights where there are three bands or more."""

# What the second of two bands weighs. The first candidate wins a tie, so that a band which adds
# nothing is given nothing. Weights of 0.01 and 0.99 beside these take two thirds more time, and the
# unique R2 that they find is no nearer to that of a grid of 13 weights and 21 alphas.
_SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
# Targets that himalaya predicts at once, for every alpha.
_TARGETS = 2000


@dataclass(frozen=True)
class VariancePartition:
    """Held-out R2 of a joint model, and of what is left when one set is taken out.

    Attributes
    ----------
    joint : ndarray of float32, shape (n_targets,)
    without : mapping of str to ndarray of float32, shape (n_targets,)
        By the name of the set that is taken out.
    """

    joint: NDArray[np.float32]
    without: Mapping[str, NDArray[np.float32]]

    def unique(self, name: str) -> NDArray[np.float32]:
        """R2 that only this set explains; negative where it makes predictions worse."""
        return self.joint - self.without[name]


def partition_variance(
    kernels: Mapping[str, Array],
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    *,
    remove: Iterable[str] | None = None,
    alone: Mapping[str, KernelFit] | None = None,
    n_gammas: int = N_GAMMAS,
    seed: int = 0,
) -> VariancePartition:
    """Compare a joint model with the models that lack one of its sets.

    Parameters
    ----------
    kernels : mapping of str to ndarray of shape (n_samples, n_samples)
        One per set, each from features standardised by ``fold.train``; their scale does not
        matter.
    responses : ndarray of float32, shape (n_samples, n_targets)
    fold : Fold
    alphas : sequence of float
        Candidates, for kernels whose diagonal has the mean 1000.
    remove : iterable of str, optional
        Sets to take out, each in turn; all by default.
    alone : mapping of str to KernelFit, optional
        What single sets predict by themselves, from :func:`solve_kernel_ridge` on the same fold,
        responses and alphas, with :func:`level_kernel`'s kernel: baselines are fitted once, and
        every layer is added to them.
    n_gammas, seed : int
        See :func:`predict_bands`.

    Returns
    -------
    VariancePartition

    Raises
    ------
    InputError
        If there are fewer than two sets, if a set to take out is unknown, if a fit is that of
        other targets, or for what :func:`predict_bands` refuses.
    """
    if len(kernels) < 2:
        raise InputError(
            f"variance cannot be divided among {len(kernels)} feature sets; give at least two."
        )
    _check_all(kernels, responses, fold, alphas)
    truth = responses[fold.test]
    without: dict[str, NDArray[np.float32]] = {}

    def score(some: Mapping[str, Array]) -> NDArray[np.float32]:
        predicted = predict_bands(
            some, responses, fold, alphas, alone=alone, n_gammas=n_gammas, seed=seed
        )
        return r2(predicted, truth)

    for name in kernels if remove is None else remove:
        if name not in kernels:
            raise InputError(
                f"the set {name!r} cannot be taken out; there are {', '.join(kernels)}."
            )
        without[name] = score({other: kernels[other] for other in kernels if other != name})
    return VariancePartition(score(kernels), without)


def predict_bands(
    kernels: Mapping[str, Array],
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    *,
    alone: Mapping[str, KernelFit] | None = None,
    n_gammas: int = N_GAMMAS,
    seed: int = 0,
) -> Array:
    """Fit a banded ridge regression on a fold's training part and predict its held-out part.

    Parameters
    ----------
    kernels : mapping of str to ndarray of shape (n_samples, n_samples)
        One per band. Each is scaled so that its diagonal over ``fold.train`` has the mean 1000.
    responses : ndarray of float32, shape (n_samples, n_targets)
    fold : Fold
        Weights and alpha of each target are chosen on ``fold.inner``.
    alphas : sequence of float
    alone : mapping of str to KernelFit, optional
        See :func:`partition_variance`.
    n_gammas : int
        Candidate weights of three bands or more: even mixtures of all bands, of all but one and
        of one, and random ones for the rest. Two bands are searched on a grid of five.
    seed : int
        Of the random weights.

    Returns
    -------
    ndarray of float32, shape (n_test, n_targets)

    Raises
    ------
    InputError
        As :func:`backend.encoding.kernel_ridge.solve_kernel_ridge`, if there is no band, or if a
        fit is that of other targets.

    References
    ----------
    Dupre la Tour et al. 2022, Feature-space selection with banded ridge regression, NeuroImage
    264:119728. Nunez-Elizalde, Huth & Gallant 2019, NeuroImage 197:482.
    """
    if not kernels:
        raise InputError("no feature sets were given; a model needs at least one.")
    _check_all(kernels, responses, fold, alphas)
    alone = {name: fit for name, fit in (alone or {}).items() if name in kernels}
    for name, fit in alone.items():
        if fit.predicted.shape != (len(fold.test), responses.shape[1]):
            raise InputError(
                f"the fit of {name} alone predicts an array of {fit.predicted.shape}, but there "
                f"are {len(fold.test)} held-out samples of {responses.shape[1]} targets; give that "
                "of the same responses and fold."
            )
    if len(kernels) <= 2:
        return _predict_on_grid(kernels, responses, fold, alphas, alone)
    scaled = np.stack([level_kernel(kernel, fold.train) for kernel in kernels.values()])
    inside = np.asarray(responses[fold.train], dtype=np.float32)
    mean = inside.mean(axis=0, dtype=np.float64).astype(np.float32)
    within = scaled[:, fold.train[:, None], fold.train]
    # torch decomposes a kernel in a tenth of the time that SciPy takes.
    set_backend("torch")
    # A band of weight zero has a log weight of minus infinity.
    deltas = solve_multiple_kernel_ridge_random_search(
        torch.from_numpy(within),
        torch.from_numpy(inside - mean),
        n_iter=torch.from_numpy(make_gammas(len(scaled), n_gammas, seed)),
        alphas=torch.from_numpy(np.unique(np.asarray(alphas, dtype=np.float32))),
        cv=list(fold.inner),
        n_targets_batch=_TARGETS,
        progress_bar=False,
    )[0].numpy()
    across = scaled[:, fold.test[:, None], fold.train]
    return mean + _refit(within, across, inside - mean, np.exp(deltas))


def _predict_on_grid(
    kernels: Mapping[str, Array],
    responses: Array,
    fold: Fold,
    alphas: Sequence[float],
    alone: Mapping[str, KernelFit],
) -> Array:
    """Fit each mixture of one or two bands, and keep each target's best on the inner folds."""
    names = list(kernels)
    scaled = {name: level_kernel(kernel, fold.train) for name, kernel in kernels.items()}
    gammas = make_gammas(2, 0, 0) if len(names) == 2 else np.ones((1, 1), dtype=np.float32)
    predicted = np.empty((len(fold.test), responses.shape[1]), dtype=np.float32)
    least = np.full(responses.shape[1], np.inf)
    for weights in gammas:
        used = [name for name, weight in zip(names, weights, strict=True) if weight > 0]
        if len(used) == 1 and used[0] in alone:
            fit = alone[used[0]]
        else:
            mixed = sum(w * scaled[name] for name, w in zip(names, weights, strict=True) if w > 0)
            fit = solve_kernel_ridge(mixed, responses, fold, alphas)
        better = fit.losses < least
        predicted[:, better] = fit.predicted[:, better]
        least[better] = fit.losses[better]
    return predicted


def make_gammas(n_bands: int, n_gammas: int, seed: int) -> NDArray[np.float32]:
    """List the bands' weights to try, in the order in which they win ties.

    Parameters
    ----------
    n_bands, n_gammas, seed : int
        See :func:`predict_bands`.

    Returns
    -------
    ndarray of float32, shape (n, n_bands)
        Rows add up to 1. Each band is left out in one of them, so that the joint model can be
        the one without it.
    """
    if n_bands == 2:
        second = np.asarray(_SHARES)
        return np.column_stack([1 - second, second]).astype(np.float32)
    alone = np.eye(n_bands)
    even = np.vstack([(1 - alone) / (n_bands - 1), alone, np.full((1, n_bands), 1 / n_bands)])
    n_random = max(1, n_gammas - len(even))
    random = generate_dirichlet_samples(n_random, n_bands, [0.1, 1.0], random_state=seed)
    return np.vstack([even, random]).astype(np.float32)


def _check_all(
    kernels: Mapping[str, Array], responses: Array, fold: Fold, alphas: Sequence[float]
) -> None:
    for kernel in kernels.values():
        check_problem(kernel, responses, fold, alphas)
    check_responses(responses)


def _refit(within: Array, across: Array, centred: Array, weights: Array) -> Array:
    """Predict with each target's weights over alpha, targets of equal weights at once."""
    predicted = np.zeros((across.shape[1], centred.shape[1]), dtype=np.float32)
    systems, which = np.unique(weights, axis=1, return_inverse=True)
    for index, system in enumerate(systems.T.astype(np.float32)):
        targets = np.flatnonzero(which.ravel() == index)
        ridged = np.tensordot(system, within, axes=1)
        ridged[np.diag_indices_from(ridged)] += 1.0
        factor = torch.linalg.cholesky(torch.from_numpy(ridged))
        dual = torch.cholesky_solve(torch.from_numpy(centred[:, targets]), factor).numpy()
        predicted[:, targets] = np.tensordot(system, across, axes=1) @ dual
    return predicted
