"""Products and inverses of dense matrices, by the library that is best on each device.

On a GPU that is torch. On a processor numpy multiplies: it takes half the time for the product of a
matrix with itself, and its OpenBLAS can be held to one thread where others work beside it. A tensor
on the processor shares its memory with an array, so that nothing is copied between them.
"""

from typing import Literal

import numpy as np
import torch


def multiply(
    left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Multiply two matrices.

    Parameters
    ----------
    left, right : Tensor of shape (n, k) and (k, m)
    out : Tensor of shape (n, m), optional
        Contiguous; written to.

    Returns
    -------
    Tensor of shape (n, m)
    """
    if left.is_cuda:
        return torch.mm(left, right, out=out)
    if out is None:
        out = left.new_empty((len(left), right.shape[1]))
    np.matmul(left.numpy(), right.numpy(), out=out.numpy())
    return out


def gram(matrix: torch.Tensor, of: Literal["columns", "rows"] = "columns") -> torch.Tensor:
    """Compute the products of a matrix's columns, or rows, with each other.

    Parameters
    ----------
    matrix : Tensor of shape (k, n), or of rows (n, k)
        Contiguous.
    of : {"columns", "rows"}

    Returns
    -------
    Tensor of shape (n, n)
        ``matrix.T @ matrix``, or ``matrix @ matrix.T``.
    """
    left = matrix.T if of == "columns" else matrix
    if matrix.is_cuda:
        return left @ left.T
    # numpy sees that both are the same and computes one half.
    array = left.numpy()
    return torch.from_numpy(array @ array.T)


def inverse_positive(
    matrix: torch.Tensor, alpha: float = 0.0, *, exact: bool = False
) -> torch.Tensor:
    """Invert a symmetric positive definite matrix, with alpha added to its diagonal.

    Parameters
    ----------
    matrix : Tensor of float32, shape (n, n)
    alpha : float
    exact : bool
        Compute in 64 bits.

    Returns
    -------
    Tensor of float32, shape (n, n)
    """
    regular = matrix.to(torch.float64 if exact else torch.float32, copy=True)
    regular.diagonal().add_(alpha)
    factor, failed = torch.linalg.cholesky_ex(regular)
    if failed:
        # Rounding has left it indefinite. This solver does not mind.
        regular = matrix.double()
        regular.diagonal().add_(alpha)
        return torch.linalg.inv(regular).float()
    return torch.cholesky_inverse(factor).float()


def take_columns(matrix: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Copy some columns, shape (n, n_columns)."""
    if matrix.is_cuda:
        return matrix[:, columns]
    return torch.from_numpy(matrix.numpy().take(columns.numpy(), axis=1))
