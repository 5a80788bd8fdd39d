"""Kernel ridge regression of many targets, with an alpha per target chosen on inner folds.

One inverse per alpha serves every inner fold and target (:mod:`backend.encoding.inner_errors`).
What comes of it is made once, whatever the number of folds, and targets stream through it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from backend.encoding.few_features import RidgePath, few_features
from backend.encoding.folds import Fold
from backend.encoding.inner_errors import N_BLOCKS, InnerErrors, each, finish
from backend.encoding.parallel import n_threads
from backend.encoding.products import multiply, pick, take_columns
from backend.encoding.responses import Responses
from backend.encoding.ridge import ALPHAS
from backend.errors import InputError

Array = NDArray[np.float32]

# On a processor a batch's predictions should stay in its cache; a GPU wants large products.
_BATCH_BYTES = {"cpu": 16 * 2**20, "cuda": 2 * 2**30}


@dataclass(frozen=True)
class KernelFit:
    """Predictions of a fold's held-out part.

    Attributes
    ----------
    predicted : ndarray of float32, shape (n_test, n_targets)
    alphas : ndarray of float64, shape (n_targets,)
        Chosen on the inner folds.
    losses : ndarray of float64, shape (n_targets,)
        Squared error that these leave there: the mean inside each inner fold, summed over folds.
    """

    predicted: Array
    alphas: NDArray[np.float64]
    losses: NDArray[np.float64]

    def of(self, targets: NDArray[np.int64]) -> "KernelFit":
        """Choose some targets, by their numbers."""
        return KernelFit(self.predicted[:, targets], self.alphas[targets], self.losses[targets])


@dataclass(frozen=True)
class TargetBatch(KernelFit):
    """Predictions of some targets that stand together.

    Attributes
    ----------
    targets : slice
        Which targets these are.
    """

    targets: slice


def solve_kernel_ridge(
    kernel: Array,
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    *,
    targets_batch: int | None = None,
    device: torch.device | str = "cpu",
) -> KernelFit:
    """Fit on a fold's training part and predict its held-out part.

    Parameters, errors and method are those of :func:`stream_kernel_ridge`, which is the better
    choice where predictions of all targets at once would take too much memory.

    Returns
    -------
    KernelFit
    """
    batches = stream_kernel_ridge(
        kernel, responses, fold, alphas, targets_batch=targets_batch, device=device
    )
    n_targets = responses.shape[1] if responses.ndim == 2 else 0
    predicted = np.empty((len(fold.test), n_targets), dtype=np.float32)
    chosen, losses = np.empty(n_targets), np.empty(n_targets)
    for batch in batches:
        predicted[:, batch.targets] = batch.predicted
        chosen[batch.targets] = batch.alphas
        losses[batch.targets] = batch.losses
    return KernelFit(predicted, chosen, losses)


def stream_kernel_ridge(
    kernel: Array,
    responses: Array,
    fold: Fold,
    alphas: Sequence[float] = ALPHAS,
    *,
    targets_batch: int | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[TargetBatch]:
    """Fit on a fold's training part and predict its held-out part, some targets at a time.

    Parameters
    ----------
    kernel : ndarray of shape (n_samples, n_samples)
        Of all samples, such as :func:`backend.encoding.kernels.story_kernel` gives; its features
        should be standardised by ``fold.train``.
    responses : ndarray of float32, shape (n_samples, n_targets)
        May be a memory map. The mean over ``fold.train`` is taken off and added to the predictions.
    fold : Fold
        Alphas are chosen on ``fold.inner``.
    alphas : sequence of float
        Candidates, as in ``sklearn.linear_model.Ridge``. The largest wins a tie.
    targets_batch : int, optional
        Targets at once. By default as many as fit the free memory, and no more than are fastest.
        Beside them some 2.2 bytes per alpha and pair of training samples, and 4 per alpha and pair
        of a training and a held-out sample, are held: 0.4 and 0.1 GB for ten alphas, 4,000 training
        samples and 800 held out.
    device : torch.device or str

    Returns
    -------
    iterator of TargetBatch
        In order. Alphas are chosen before it is returned, predictions made as it is read.

    Raises
    ------
    InputError
        If shapes do not match, if a value is not finite, if alphas are not positive or if a fold
        has an empty part.

    Notes
    -----
    A target's alpha has the least squared error, averaged inside each inner fold and then over
    inner folds: ``l2_neg_loss``, the default of himalaya's ``KernelRidgeCV`` and ``RidgeCV``. As
    there without an intercept, responses are centred once, by the mean over ``fold.train``; no
    held-out sample of the outer fold has part in it. A target that is constant in training is
    predicted to be that constant.

    A kernel of few features (word rate at four delays has rank 4) is factored first, since its
    decomposition is then that of a small matrix.

    References
    ----------
    Saunders, Gammerman & Vovk 1998, Ridge regression learning algorithm in dual variables, ICML.
    An, Liu & Venkatesh 2007, Fast cross-validation algorithms for least squares support vector
    machine and kernel ridge regression, Pattern Recognition 40:2154.
    """
    check_problem(kernel, responses, fold, alphas)
    # The first of equals wins, which shall be the largest.
    candidates = np.unique(np.asarray(alphas, dtype=np.float64))[::-1].copy()
    if targets_batch is not None and targets_batch < 1:
        raise InputError(f"batches of {targets_batch} targets were asked for; give at least 1.")
    place = torch.device(device)
    size = targets_batch or _batch_size(fold, len(candidates), place)
    data = Responses(responses, fold.train, size, place)
    features = few_features(kernel)
    if features is None:
        losses, operators = _by_forms(kernel, data, fold, candidates)
    else:
        losses, operators = _by_features(features, data, fold, candidates)
    return _predict(operators, data, fold, candidates, losses.cpu().numpy())


def _by_forms(
    kernel: Array, data: Responses, fold: Fold, alphas: NDArray[np.float64]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared errors [n_alphas, n_targets], and operators, from the kernel's inverses."""
    whole = torch.from_numpy(np.asarray(kernel, dtype=np.float32)).to(data.device)
    seen = pick(whole, fold.train, dim=1)
    forms = InnerErrors(pick(seen, fold.train), pick(seen, fold.test), fold, alphas)
    losses = data.zeros(len(alphas))

    def add(index: int) -> None:
        forms.add_to(losses[:, data.slices[index]], data.centred(index, fold.train))

    finish(each(add, range(len(data.slices)), data.device))
    return losses, forms.operators


def _by_features(
    features: Array, data: Responses, fold: Fold, alphas: NDArray[np.float64]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do the same by predicting inner folds, which is less work where features are few."""
    whole = torch.from_numpy(features).to(data.device)
    losses = data.zeros(len(alphas))
    for train, new in fold.inner:
        path = RidgePath(whole[fold.train[train]], whole[fold.train[new]])
        for index, targets in enumerate(data.slices):
            projected = path.right @ data.centred(index, fold.train[train])
            truth = data.centred(index, fold.train[new])
            for loss, alpha in zip(losses, alphas, strict=True):
                errors = torch.addmm(truth, path.scaled(alpha), projected, alpha=-1)
                loss[targets] += errors.square_().mean(dim=0, dtype=torch.float64)
    path = RidgePath(whole[fold.train], whole[fold.test])
    return losses, torch.stack([path.scaled(alpha) @ path.right for alpha in alphas])


def _predict(
    operators: torch.Tensor,
    data: Responses,
    fold: Fold,
    alphas: NDArray[np.float64],
    losses: NDArray[np.float64],
) -> Iterator[TargetBatch]:
    best, least = losses.argmin(axis=0), losses.min(axis=0)

    def of_batch(index: int) -> TargetBatch:
        targets = data.slices[index]
        y = data.centred(index, fold.train)
        predicted = data.mean(index).repeat(len(fold.test), 1)
        for number in np.unique(best[targets]):
            columns = torch.from_numpy(np.flatnonzero(best[targets] == number)).to(data.device)
            found = multiply(operators[number], take_columns(y, columns))
            predicted.index_add_(1, columns, found)
        chosen = alphas[best[targets]]
        return TargetBatch(predicted.cpu().numpy(), chosen, least[targets], targets)

    # No more at once than there are cores, so that predictions do not pile up before they are read.
    at_once = n_threads()
    for first in range(0, len(data.slices), at_once):
        numbers = range(first, min(first + at_once, len(data.slices)))
        yield from each(of_batch, numbers, data.device)


def _batch_size(fold: Fold, n_alphas: int, device: torch.device) -> int:
    """Targets whose responses, and predictions for every alpha, fit the memory of a batch."""
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    longest = max(len(new) for _, new in fold.inner)
    largest = max(longest, len(fold.train) // N_BLOCKS)
    per_target = 4 * (2 * len(fold.train) + n_alphas * largest)
    return max(1, min(free // 4, _BATCH_BYTES[device.type]) // per_target)


def check_problem(kernel: Array, responses: Array, fold: Fold, alphas: Sequence[float]) -> None:
    """Refuse what no kernel ridge regression can be fitted to.

    Parameters
    ----------
    kernel, responses, fold, alphas
        See :func:`stream_kernel_ridge`. Whether responses are finite is seen when they are read.

    Raises
    ------
    InputError
    """
    if len(alphas) == 0 or not all(np.isfinite(alpha) and alpha > 0 for alpha in alphas):
        raise InputError(
            f"alphas {', '.join(map(str, alphas)) or '(none)'} were given; give positive numbers."
        )
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise InputError(
            f"a kernel of shape {kernel.shape} was given; one of samples by samples is needed."
        )
    if responses.ndim != 2 or len(responses) != len(kernel) or responses.shape[1] == 0:
        raise InputError(
            f"responses of shape {responses.shape} were given for a kernel of {len(kernel)} "
            "samples; give a row per sample and a column per target."
        )
    if not np.isfinite(kernel).all():
        raise InputError("the kernel holds values that are not finite; compute it again.")
    parts = [fold.train, fold.test, *(part for pair in fold.inner for part in pair)]
    if not fold.inner or min(map(len, parts)) == 0:
        raise InputError(
            "a fold has no inner folds, or one of its parts is empty; ask for fewer folds."
        )
    if max(fold.train.max(), fold.test.max()) >= len(kernel):
        raise InputError(
            f"a fold of samples up to {max(fold.train.max(), fold.test.max())} was given for a "
            f"kernel of {len(kernel)}; make folds of the rows that the kernel was made of."
        )
