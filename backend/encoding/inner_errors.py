"""What ridge regression on a kernel needs of each alpha, made once for all targets.

``R = inv(K + alpha)``, of the training kernel ``K``, holds the models of all inner folds: where
samples ``S`` are left out, the errors of predicting them from all others are
``inv(R_SS) (R y)_S``, exactly. These errors are linear in the responses, so that the squared error
over all inner folds is a quadratic form ``y' Q y``, of whose symmetric ``Q`` half is enough.

References
----------
An, Liu & Venkatesh 2007, Fast cross-validation algorithms for least squares support vector machine
and kernel ridge regression, Pattern Recognition 40:2154.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from backend.encoding.folds import Fold
from backend.encoding.parallel import map_parallel
from backend.encoding.products import Spare, gram, inverse_positive, multiply, pick, sum_products

Item = TypeVar("Item")
Result = TypeVar("Result")

# More blocks leave less to compute in vain, at products that are too thin to be fast.
N_BLOCKS = 16
# Where alpha is a smaller part of the kernel's norm than this, 32 bits would lose what an inverse
# is made of.
_SINGLE = 1e-4


class InnerErrors:
    """Quadratic forms whose values are a target's squared errors on the inner folds, per alpha.

    Blocks above the diagonal stand for those below it, and count twice.

    Parameters
    ----------
    kernel : Tensor of float32, shape (n_train, n_train)
        Of the training samples.
    new : Tensor of float32, shape (n_test, n_train)
        Kernel of the held-out samples with them.
    fold : Fold
    alphas : ndarray of float64, shape (n_alphas,)

    Attributes
    ----------
    operators : Tensor of float32, shape (n_alphas, n_test, n_train)
        Each turns centred training responses into predictions.
    """

    def __init__(
        self, kernel: torch.Tensor, new: torch.Tensor, fold: Fold, alphas: NDArray[np.float64]
    ) -> None:
        n = len(kernel)
        size = -(-n // N_BLOCKS)
        self._kernel, self._new = kernel, new
        self._norm = float(torch.linalg.matrix_norm(kernel))
        self._stacks = [
            (first, kernel.new_empty((len(alphas), min(size, n - first), n - first)))
            for first in range(0, n, size)
        ]
        self.operators = new.new_empty((len(alphas), *new.shape))
        self._left_out = [
            # Samples beside a block are in no part of its fold, and left out like its own.
            (np.setdiff1d(np.arange(n), train), test)
            for train, test in fold.inner
        ]
        self._spare = threading.local()
        # The smallest take longest: with them last, all cores but one would wait at the end.
        last_first = sorted(enumerate(alphas), key=lambda numbered: numbered[1])
        finish(each(self._add, last_first, kernel.device))

    def add_to(self, losses: torch.Tensor, responses: torch.Tensor) -> None:
        """Add the forms' values to losses.

        Parameters
        ----------
        losses : Tensor of float64, shape (n_alphas, n_targets)
        responses : Tensor of float32, shape (n_train, n_targets)
            Centred.
        """
        n_alphas, n_targets = losses.shape
        # One buffer for all products: memory that is asked for anew comes back in pieces.
        buffer = responses.new_empty(n_alphas * self._stacks[0][1].shape[1] * n_targets)
        for first, stack in self._stacks:
            rows = stack.flatten(0, 1)
            product = buffer[: len(rows) * n_targets].view(len(rows), n_targets)
            multiply(rows, responses[first:], product)
            here = responses[first : first + stack.shape[1]]
            losses += sum_products(product.view(len(stack), -1, n_targets), here)

    def _add(self, numbered: tuple[int, float]) -> None:
        index, alpha = numbered
        exact = self._kernel.is_cuda or alpha < _SINGLE * self._norm
        spare = self._own_spare()
        inverse = inverse_positive(self._kernel, alpha, exact=exact, spare=spare)
        multiply(self._new, inverse, self.operators[index])
        form = gram(self._errors(inverse, spare.first), out=spare.second)
        for first, stack in self._stacks:
            size = stack.shape[1]
            block = stack[index].copy_(form[first : first + size, first:])
            block[:, size:] *= 2.0

    def _own_spare(self) -> Spare:
        """Memory of the thread that asks."""
        spare: Spare | None = getattr(self._spare, "own", None)
        if spare is None:
            spare = self._spare.own = Spare(self._kernel)
        return spare

    def _errors(self, inverse: torch.Tensor, space: torch.Tensor) -> torch.Tensor:
        """Matrix that turns responses into errors on all inner folds, each of weight one."""
        sizes = [len(new) for _, new in self._left_out]
        if sum(sizes) != len(space):
            space = inverse.new_empty((sum(sizes), len(inverse)))
        for (left_out, new), part in zip(self._left_out, torch.split(space, sizes), strict=True):
            rows = pick(inverse, left_out)
            solver = inverse_positive(pick(rows, left_out, dim=1))
            solver = pick(solver, np.searchsorted(left_out, new))
            multiply(solver.div_(len(new) ** 0.5), rows, part)
        return space


def each(
    function: Callable[[Item], Result], items: Sequence[Item], device: torch.device
) -> Iterable[Result]:
    """Apply a function to items: in threads of a core each on a processor, in turn on a GPU."""
    if device.type != "cpu":
        return map(function, items)

    def alone(item: Item) -> Result:
        # torch keeps this number for each thread.
        torch.set_num_threads(1)
        return function(item)

    return map_parallel(alone, items)


def finish(results: Iterable[None]) -> None:
    """Wait for work that gives nothing back; an error in it is raised here."""
    for _ in results:
        pass
