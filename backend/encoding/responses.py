"""Responses of many targets, read in batches."""

import numpy as np
import torch
from numpy.typing import NDArray

from backend.encoding.folds import Indices, as_slice
from backend.errors import InputError

Array = NDArray[np.float32]


class Responses:
    """Responses in batches of targets, centred by their training mean.

    Parameters
    ----------
    values : ndarray of float32, shape (n_samples, n_targets)
        May be a memory map.
    train : ndarray of int
    size : int
        Targets of a batch.
    device : torch.device

    Attributes
    ----------
    slices : list of slice
        Targets of each batch.

    Raises
    ------
    InputError
        If a response is not finite.
    """

    def __init__(self, values: Array, train: Indices, size: int, device: torch.device) -> None:
        self._values = values
        self.device = device
        self.n_targets = values.shape[1]
        self.slices = [slice(i, i + size) for i in range(0, self.n_targets, size)]
        self.slices[-1] = slice(self.slices[-1].start, self.n_targets)
        self._means = [self._mean(targets, train) for targets in self.slices]

    def mean(self, index: int) -> torch.Tensor:
        """Training means of a batch, shape (n_targets_of_batch,)."""
        return self._means[index].to(self.device)

    def centred(self, index: int, rows: Indices) -> torch.Tensor:
        """Rows of a batch, shape (n_rows, n_targets_of_batch), less the training means."""
        values = self._values[:, self.slices[index]][as_slice(rows)]
        centred = np.subtract(values, self._means[index].numpy(), dtype=np.float32)
        return torch.from_numpy(centred).to(self.device)

    def zeros(self, n_rows: int) -> torch.Tensor:
        """Zeros of float64, shape (n_rows, n_targets), to add up what batches give."""
        return torch.zeros((n_rows, self.n_targets), dtype=torch.float64, device=self.device)

    def _mean(self, targets: slice, train: Indices) -> torch.Tensor:
        values = self._values[:, targets]
        check_responses(values, targets.start)
        # In 64 bits the mean of a constant is that constant, so that nothing is left of it.
        return torch.from_numpy(
            values[as_slice(train)].mean(axis=0, dtype=np.float64).astype(np.float32)
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
