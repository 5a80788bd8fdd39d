"""Products and inverses of dense matrices, by the library that is best on each device.

On a GPU that is torch. On a processor numpy multiplies: it takes half the time for the product of a
matrix with itself, and its OpenBLAS can be held to one thread where others work beside it. A tensor
on the processor shares its memory with an array, so that nothing is copied between them.
"""

from typing import Literal

import numpy as np
import torch

from backend.encoding.folds import Indices, as_slice

# Up to this size LAPACK inverts a matrix no slower than products of its halves would.
_LEAF = 256


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


def gram(
    matrix: torch.Tensor,
    of: Literal["columns", "rows"] = "columns",
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute the products of a matrix's columns, or rows, with each other.

    Parameters
    ----------
    matrix : Tensor of shape (k, n), or of rows (n, k)
        Contiguous.
    of : {"columns", "rows"}
    out : Tensor of shape (n, n), optional
        Contiguous; written to.

    Returns
    -------
    Tensor of shape (n, n)
        ``matrix.T @ matrix``, or ``matrix @ matrix.T``.
    """
    left = matrix.T if of == "columns" else matrix
    if matrix.is_cuda:
        return torch.mm(left, left.T, out=out)
    if out is None:
        out = left.new_empty((len(left), len(left)))
    # numpy sees that both are the same and computes one half.
    array = left.numpy()
    np.matmul(array, array.T, out=out.numpy())
    return out


def inverse_positive(
    matrix: torch.Tensor, alpha: float = 0.0, *, exact: bool = False, spare: "Spare | None" = None
) -> torch.Tensor:
    """Invert a symmetric positive definite matrix, with alpha added to its diagonal.

    Parameters
    ----------
    matrix : Tensor of float32, shape (n, n)
    alpha : float
    exact : bool
        Compute in 64 bits.
    spare : Spare, optional
        Memory to work in, of which the result is ``third``.

    Returns
    -------
    Tensor of float32, shape (n, n)
    """
    spare = spare or Spare(matrix)
    regular = spare.double if exact else spare.third
    regular.copy_(matrix)
    regular.diagonal().add_(alpha)
    if not _invert(regular, spare.work(exact)):
        # Rounding has left it indefinite. This solver does not mind.
        regular = matrix.double()
        regular.diagonal().add_(alpha)
        return spare.third.copy_(torch.linalg.inv(regular))
    return spare.third.copy_(regular) if exact else regular


def _invert(matrix: torch.Tensor, work: torch.Tensor) -> bool:
    """Invert in place, halving by Schur complements: products are faster than what LAPACK does.

    Parameters
    ----------
    matrix : Tensor of shape (n, n)
        Symmetric positive definite; may be part of a larger one.
    work : Tensor of shape (at least n * n / 2 + n,)

    Returns
    -------
    bool
        False where the matrix is not positive definite in its precision.
    """
    n = len(matrix)
    if n <= _LEAF or matrix.is_cuda:
        factor, failed = torch.linalg.cholesky_ex(matrix)
        if failed:
            return False
        matrix.copy_(torch.cholesky_inverse(factor))
        return True
    half = n // 2
    top, right, below = matrix[:half, :half], matrix[:half, half:], matrix[half:, half:]
    if not _invert(top, work):
        return False
    weights = work[: half * (n - half)].view(half, n - half)
    rest = work[half * (n - half) :]
    product = rest[: (n - half) ** 2].view(n - half, n - half)
    multiply(top, right, weights)
    below -= multiply(right.T, weights, product)
    # What is below has no weights of its own to keep, but these must last.
    if not _invert(below, rest):
        return False
    multiply(weights, below, right)
    right.neg_()
    matrix[half:, :half] = right.T
    product = rest[: half**2].view(half, half)
    top -= multiply(right, weights.T, product)
    return True


class Spare:
    """Memory for three square matrices, used again: fresh memory costs time as it is first touched.

    Parameters
    ----------
    like : Tensor of float32, shape (n, n)

    Attributes
    ----------
    first, second, third : Tensor of float32, shape (n, n)
    double : Tensor of float64, shape (n, n)
        In the place of ``first`` and ``second``.
    """

    def __init__(self, like: torch.Tensor) -> None:
        n = len(like)
        self.double = like.new_empty((n, n), dtype=torch.float64)
        self.first, self.second = self.double.view(-1).view(torch.float32).view(2, n, n)
        # A little more, which makes half as many numbers of 64 bits enough to invert with.
        self._end = like.new_empty(2 * (n * n // 2 + n))
        self.third = self._end[: n * n].view(n, n)

    def work(self, exact: bool) -> torch.Tensor:
        """Memory beside the matrix that is inverted, which is ``double`` or ``third``."""
        return self._end.view(torch.float64) if exact else self.double.view(-1).view(torch.float32)


def take_columns(matrix: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Copy some columns, shape (n, n_columns)."""
    if matrix.is_cuda:
        return matrix[:, columns]
    return torch.from_numpy(matrix.numpy().take(columns.numpy(), axis=1))


def pick(matrix: torch.Tensor, indices: Indices, dim: int = 0) -> torch.Tensor:
    """Take rows (or columns, where ``dim`` is 1), without a copy where they stand together.

    Parameters
    ----------
    matrix : Tensor of shape (n, m)
    indices : ndarray of int
    dim : {0, 1}

    Returns
    -------
    Tensor
    """
    chosen = as_slice(indices)
    if isinstance(chosen, slice):
        return matrix.narrow(dim, chosen.start, len(indices))
    return matrix.index_select(dim, torch.from_numpy(chosen).to(matrix.device))


def sum_products(stack: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Multiply matrices entry by entry with another, and add up their rows.

    Parameters
    ----------
    stack : Tensor of shape (n_matrices, n, m)
    matrix : Tensor of shape (n, m)

    Returns
    -------
    Tensor of shape (n_matrices, m)
    """
    if stack.is_cuda:
        return (stack * matrix).sum(dim=1)
    return torch.from_numpy(np.einsum("anm,nm->am", stack.numpy(), matrix.numpy()))
