"""Kernel ridge regression of many targets, with an alpha per target chosen on inner folds.

With the training kernel decomposed as ``V diag(s) V'``, ``R = V diag(1 / (s + alpha)) V'`` is the
inverse that ridge regression needs, for any alpha. The same ``R`` holds the models of the inner
folds: where samples ``S`` are left out, the errors of predicting them from all others are
``inv(R_SS) (R y)_S``, exactly. One decomposition therefore serves every fold, alpha and target.

These errors are linear in the responses, so that for one alpha the squared error over all inner
folds is a quadratic form ``y' Q y``. ``Q`` is symmetric, so that half of it is enough. The forms
are made once, whatever the number of folds, and targets stream through them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from scipy.linalg import lapack

from backend.encoding.folds import Fold, Indices
from backend.encoding.ridge import ALPHAS
from backend.errors import InputError

Array = NDArray[np.float32]

# On a processor a batch's predictions should stay in its cache; a GPU wants large products.
_BATCH_BYTES = {"cpu": 16 * 2**20, "cuda": 2 * 2**30}
# Below this share of the samples, features are few.
_FEW = 0.25
# More blocks leave less to compute in vain, at products that are too thin to be fast.
_N_BLOCKS = 8
# A pivot of a kernel's Cholesky decomposition that is this small beside its largest entry is
# rounding.
_RANK_TOLERANCE = 1e-6


@dataclass(frozen=True)
class KernelFit:
    """Predictions of a fold's held-out part.

    Attributes
    ----------
    predicted : ndarray of float32, shape (n_test, n_targets)
    alphas : ndarray of float64, shape (n_targets,)
        Chosen on the inner folds.
    """

    predicted: Array
    alphas: NDArray[np.float64]


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
    chosen = np.empty(n_targets)
    for batch in batches:
        predicted[:, batch.targets] = batch.predicted
        chosen[batch.targets] = batch.alphas
    return KernelFit(predicted, chosen)


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
        Beside them some 2.3 bytes per alpha and pair of samples are held, 0.4 GB for ten alphas
        and 4,000 samples.
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
    data = _Responses(responses, fold.train, size, place)
    products = _Products.of(kernel, place)
    path = products.path(fold.train, fold.test)
    if products.few:
        losses = _losses_of_few(products, data, fold, candidates)
    else:
        losses = _losses(path, data, fold, candidates)
    chosen = candidates[losses.argmin(dim=0).cpu().numpy()]
    return _predict(path, data, fold, chosen)


class _Responses:
    """Responses in batches of targets, centred by their training mean."""

    def __init__(self, values: Array, train: Indices, size: int, device: torch.device) -> None:
        self._values = values
        self.device = device
        self.n_targets = values.shape[1]
        self.slices = [slice(i, i + size) for i in range(0, self.n_targets, size)]
        self.slices[-1] = slice(self.slices[-1].start, self.n_targets)
        self._means = [self._mean(targets, train) for targets in self.slices]

    def mean(self, index: int) -> torch.Tensor:
        return self._means[index].to(self.device)

    def centred(self, index: int, rows: Indices) -> torch.Tensor:
        values = np.asarray(self._values[rows, self.slices[index]], dtype=np.float32)
        return torch.from_numpy(values).to(self.device).sub_(self.mean(index))

    def _mean(self, targets: slice, train: Indices) -> torch.Tensor:
        values = self._values[:, targets]
        check_responses(values, targets.start)
        # In 64 bits the mean of a constant is that constant, so that nothing is left of it.
        return torch.from_numpy(values[train].mean(axis=0, dtype=np.float64).astype(np.float32))


@dataclass(frozen=True)
class _Path:
    """Ridge predictions for any alpha: ``left @ diag(1 / (values + alpha)) @ right @ y``.

    ``values`` are in 64 bits: what is left of a small one beside a large one decides how small
    alphas predict.
    """

    left: torch.Tensor
    values: torch.Tensor
    right: torch.Tensor

    def weights(self, alpha: float) -> torch.Tensor:
        """Diagonal in the middle."""
        return (1.0 / (self.values + alpha)).float()

    def scaled(self, alpha: float) -> torch.Tensor:
        """All but ``right``."""
        return self.left * self.weights(alpha)

    def operator(self, alpha: float) -> torch.Tensor:
        """Matrix that turns responses into predictions."""
        return self.scaled(alpha) @ self.right


@dataclass(frozen=True)
class _Products:
    """Scalar products of samples: their kernel, or features with that kernel if there are few."""

    values: torch.Tensor
    few: bool

    @classmethod
    def of(cls, kernel: Array, device: torch.device) -> "_Products":
        whole = np.asarray(kernel, dtype=np.float32)
        largest = float(whole.diagonal().max())
        factor, pivots, rank, _ = lapack.spstrf(whole.T, tol=_RANK_TOLERANCE * largest, lower=1)
        if rank > len(whole) * _FEW:
            return cls(torch.from_numpy(whole).to(device), False)
        features = np.zeros((len(whole), max(rank, 1)), dtype=np.float32)
        features[pivots - 1, :rank] = np.tril(factor)[:, :rank]
        return cls(torch.from_numpy(features).to(device), True)

    def path(self, train: Indices, new: Indices) -> _Path:
        seen, unseen = self.values[train].double(), self.values[new].double()
        values, vectors = torch.linalg.eigh(seen.T @ seen if self.few else seen[:, train])
        left = unseen @ vectors if self.few else unseen[:, train] @ vectors
        right = (seen @ vectors if self.few else vectors).T
        return _Path(left.float(), values.clamp_(min=0.0), right.float().contiguous())


def _upper_blocks(half: torch.Tensor) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Blocks of ``half.T @ half`` on and above the diagonal, with their first and last row."""
    n = half.shape[1]
    size = -(-n // _N_BLOCKS)
    for first in range(0, n, size):
        last = min(first + size, n)
        yield first, last, half[:, first:last].T @ half[:, first:]


def _inverse(path: _Path, alpha: float) -> torch.Tensor:
    """Inverse of the training kernel plus alpha."""
    half = path.right * path.weights(alpha).sqrt()[:, None]
    whole = half.new_empty((half.shape[1], half.shape[1]))
    for first, last, block in _upper_blocks(half):
        whole[first:last, first:] = block
        whole[first:, first:last] = block.T
    return whole


def _inner_errors(path: _Path, fold: Fold, alpha: float) -> torch.Tensor:
    """Matrix that turns responses into errors on all inner folds, each of weight one."""
    inverse = _inverse(path, alpha)
    errors = []
    for train, new in fold.inner:
        # Samples beside a block are in no part of its fold, and left out like those of the block.
        left_out = np.setdiff1d(np.arange(len(fold.train)), train)
        rows = inverse[left_out]
        solved = torch.linalg.inv(rows[:, left_out])[np.searchsorted(left_out, new)]
        errors.append(solved @ rows / len(new) ** 0.5)
    return torch.cat(errors)


class _ErrorForms:
    """Quadratic forms whose values are a target's squared error over the inner folds, per alpha.

    Blocks above the diagonal stand for those below it, and count twice.
    """

    def __init__(self, path: _Path, fold: Fold, alphas: NDArray[np.float64]) -> None:
        self._blocks: list[tuple[int, int, torch.Tensor]] = []
        for index, alpha in enumerate(alphas):
            blocks = _upper_blocks(_inner_errors(path, fold, alpha))
            for number, (first, last, block) in enumerate(blocks):
                if index == 0:
                    stack = block.new_empty((len(alphas), *block.shape))
                    self._blocks.append((first, last, stack))
                block[:, last - first :] *= 2.0
                self._blocks[number][2][index] = block

    def add_to(self, losses: torch.Tensor, responses: torch.Tensor, buffer: torch.Tensor) -> None:
        """Add values to ``losses`` [n_alphas, n_targets] of centred ``responses``.

        The buffer, of as many elements as a batch needs, is what products are written to: memory
        that is asked for anew for every batch comes back in pieces.
        """
        n_targets = responses.shape[1]
        for first, last, stack in self._blocks:
            rows = stack.flatten(0, 1)
            product = buffer[: len(rows) * n_targets].view(len(rows), n_targets)
            torch.mm(rows, responses[first:], out=product)
            for loss, part in zip(losses, product.view(len(stack), -1, n_targets), strict=True):
                loss += part.mul_(responses[first:last]).sum(dim=0, dtype=torch.float64)

    def buffer(self, n_targets: int) -> torch.Tensor:
        """Memory for the products of so many targets."""
        largest = self._blocks[0][2]
        return largest.new_empty(largest.shape[0] * largest.shape[1] * n_targets)


def _losses(path: _Path, data: _Responses, fold: Fold, alphas: NDArray[np.float64]) -> torch.Tensor:
    """Squared errors [n_alphas, n_targets], averaged inside inner folds and summed over them."""
    forms = _ErrorForms(path, fold, alphas)
    losses = torch.zeros((len(alphas), data.n_targets), dtype=torch.float64, device=data.device)
    buffer = forms.buffer(data.slices[0].stop)
    for index, targets in enumerate(data.slices):
        forms.add_to(losses[:, targets], data.centred(index, fold.train), buffer)
    return losses


def _losses_of_few(
    products: _Products, data: _Responses, fold: Fold, alphas: NDArray[np.float64]
) -> torch.Tensor:
    """Do the same by predicting inner folds, which is less work where features are few."""
    losses = torch.zeros((len(alphas), data.n_targets), dtype=torch.float64, device=data.device)
    for train, new in fold.inner:
        path = products.path(fold.train[train], fold.train[new])
        for index, targets in enumerate(data.slices):
            projected = path.right @ data.centred(index, fold.train[train])
            truth = data.centred(index, fold.train[new])
            for loss, alpha in zip(losses, alphas, strict=True):
                errors = torch.addmm(truth, path.scaled(alpha), projected, alpha=-1)
                loss[targets] += errors.square_().mean(dim=0, dtype=torch.float64)
    return losses


def _predict(
    path: _Path, data: _Responses, fold: Fold, chosen: NDArray[np.float64]
) -> Iterator[TargetBatch]:
    distinct, which = np.unique(chosen, return_inverse=True)
    operators = [path.operator(alpha) for alpha in distinct]
    for index, targets in enumerate(data.slices):
        y = data.centred(index, fold.train)
        predicted = data.mean(index).repeat(len(fold.test), 1)
        for number in np.unique(which[targets]):
            columns = torch.from_numpy(np.flatnonzero(which[targets] == number)).to(data.device)
            predicted[:, columns] += operators[number] @ y[:, columns]
        yield TargetBatch(predicted.cpu().numpy(), chosen[targets], targets)


def _batch_size(fold: Fold, n_alphas: int, device: torch.device) -> int:
    """Targets whose responses, and predictions for every alpha, fit the memory of a batch."""
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    longest = max(len(new) for _, new in fold.inner)
    largest = max(longest, len(fold.train) // _N_BLOCKS)
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


def check_responses(responses: Array, first: int = 0) -> None:
    """Refuse responses that are not finite.

    Parameters
    ----------
    responses : ndarray of shape (n_samples, n_targets)
    first : int
        Number of their first target among all, for the message.

    Raises
    ------
    InputError
    """
    finite = np.isfinite(responses)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"responses hold values that are not finite, the first at sample {row} of target "
            f"{first + column}; leave such targets or samples out."
        )
