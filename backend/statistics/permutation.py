"""Is a held-out correlation above chance? Permutations of blocks of time, for every target at once.

Neighbouring TRs are alike, in the response and in its prediction. Shuffling single TRs destroys
that likeness, makes chance look narrower than it is, and calls too much significant; shuffling
blocks of consecutive TRs keeps it inside the blocks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import lgamma, log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from backend.errors import InputError

Array = NDArray[np.floating]
Floats = NDArray[np.float32]
BLOCK_SECONDS = 40.0
"""Length of the blocks that are permuted: longer than a response remembers, so that no more null
targets are called significant than should be."""
# Orders that permutations may take; with fewer, p could never reach 0.05.
_LEAST_ORDERS = 20
# Correlations closer than this differ by the rounding of 32-bit sums only, and count as ties.
_TIE = 1e-6
# As in backend.encoding.scores: a prediction whose spread is this small beside the response's is
# constant but for rounding.
_FLAT = 1e-5
# A response whose spread is this small beside its mean is constant but for rounding.
_ROUNDING = 1e-6
# Cross-products of a batch of targets, in bytes, that stay in a core's cache while they are summed.
_BATCH_BYTES = 2_000_000


@dataclass(frozen=True)
class _Segment:
    """Consecutive rows of one held-out story, cut into blocks; what is over stays in place."""

    start: int
    stop: int
    n_blocks: int
    block_length: int

    @property
    def rows(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def blocked(self) -> slice:
        return slice(self.start, self.start + self.n_blocks * self.block_length)

    @property
    def over(self) -> slice:
        return slice(self.start + self.n_blocks * self.block_length, self.stop)


def block_permutation_p(
    predicted: Array,
    held_out: Array,
    block_length: int = 10,
    n_permutations: int = 1000,
    seed: int = 0,
    segments: Sequence[object] | None = None,
) -> Floats:
    """One-sided p of each target's held-out correlation, by permutation of blocks of TRs.

    Parameters
    ----------
    predicted, held_out : ndarray of shape (n_trs, n_targets)
        Predictions and responses of all held-out TRs in order: the outer folds below one another.
    block_length : int
        TRs, several times as many as the series remember: what two neighbouring blocks share is
        lost. Measured on null targets whose response and prediction are both AR(1), 800 TRs, at a
        nominal 5 %: with coefficient 0.5, 5.5 % are called significant by blocks of 10 and 5.1 % by
        blocks of 20 (10 % by single TRs); with 0.7, 6.0 % and 5.4 % (16 %).
    n_permutations : int
        The smallest p that can be had is ``1 / (1 + n_permutations)``.
    seed : int
        Of the permutations, which are the same for all targets.
    segments : sequence of length n_trs, optional
        What each row belongs to: a name for each held-out story (of each fold, where folds share a
        story). Without it, all rows are one story.

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        ``(1 + permutations with r no smaller than the observed) / (1 + n_permutations)``. A
        constant prediction explains nothing and gets 1; where the response is constant there was
        nothing to explain, and p is NaN.

    Raises
    ------
    InputError
        If shapes differ, a value is not finite, blocks or permutations are fewer than 1, a name in
        ``segments`` comes back after another, or so few blocks fit into the segments that their
        orders are fewer than 20.

    Notes
    -----
    The correlation is pooled: both series are standardised within each segment and correlated over
    all rows, which is the mean of the segments' correlations weighted by their lengths. So a fold's
    own mean and scale, which say nothing of its prediction, do not count.

    Blocks change places only within their segment. That is valid whatever the stories' lengths,
    noise and models; across segments it would ask that blocks of different stories, predicted by
    models of different folds, be exchangeable. TRs at a segment's end that fill no block stay in
    place: they add the same to every permutation, so that neither side gains.

    Since every permuted correlation is a sum of products of whole blocks, the products of all pairs
    of blocks in a segment are computed once and permutations add up chosen ones: n_trs /
    block_length additions per target instead of n_trs.

    References
    ----------
    Phipson & Smyth 2010, Permutation p-values should never be zero, Statistical Applications in
    Genetics and Molecular Biology 9:39 (the added ones). LeBel, Jain & Huth 2021, Voxelwise
    encoding models show that cerebellar language representations are highly conceptual, Journal of
    Neuroscience 41:10341 (blocks of 10 TRs).
    """
    _require_pair(predicted, held_out)
    parts = _cut(len(predicted), block_length, segments)
    _require_orders(parts, n_permutations)
    chooser = _chooser(parts, n_permutations, np.random.default_rng(seed))
    n_trs, n_targets = predicted.shape
    p = np.empty(n_targets, dtype=np.float32)
    # Products of two blocks are too small to be shared between threads.
    with threadpool_limits(limits=1, user_api="blas"):
        for batch in _batches(n_targets, chooser.shape[1]):
            x, y, varies = _standardised(predicted[:, batch], held_out[:, batch], parts)
            fixed = _products_over(x, y, parts)
            # Row 0 is the order as it was.
            r = (chooser @ _block_products(x, y, parts) + fixed) / np.float32(n_trs)
            reached = (r[1:] >= r[0] - _TIE).sum(axis=0)
            p[batch] = np.where(varies, (1 + reached) / (1 + n_permutations), np.nan)
    return p


def _require_pair(predicted: Array, held_out: Array) -> None:
    if predicted.ndim != 2 or predicted.shape != held_out.shape:
        raise InputError(
            f"predictions have shape {predicted.shape} and held-out responses {held_out.shape}; "
            "both must be (TRs, targets) of the same size."
        )
    for name, values in (("predictions", predicted), ("held-out responses", held_out)):
        bad = ~np.isfinite(values).all(axis=0)
        if bad.any():
            raise InputError(
                f"{name} of {int(bad.sum())} of {bad.size} targets hold NaN or infinite values, "
                f"first target {int(bad.argmax())}; leave these targets out."
            )


def _cut(n_trs: int, block_length: int, labels: Sequence[object] | None) -> list[_Segment]:
    """Cut each segment into as many whole blocks as fit."""
    if block_length < 1:
        raise InputError(f"blocks of {block_length} TRs were asked for; 1 or more are accepted.")
    if labels is None:
        bounds = [0, n_trs]
    else:
        if len(labels) != n_trs:
            raise InputError(
                f"{len(labels)} segment names were given for {n_trs} TRs; give one for each TR."
            )
        starts = [i for i in range(n_trs) if i == 0 or labels[i] != labels[i - 1]]
        _require_whole([labels[start] for start in starts])
        bounds = [*starts, n_trs]
    return [
        _Segment(start, stop, (stop - start) // block_length, block_length)
        for start, stop in pairwise(bounds)
    ]


def _require_whole(names: Sequence[object]) -> None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise InputError(
                f"segment {name!r} comes back after another one; a segment's TRs must follow each "
                "other. Order rows by story, and name folds of one story differently."
            )
        seen.add(name)


def _require_orders(parts: Sequence[_Segment], n_permutations: int) -> None:
    if n_permutations < 1:
        raise InputError(f"{n_permutations} permutations were asked for; ask for 1 or more.")
    if sum(lgamma(part.n_blocks + 1) for part in parts) < log(_LEAST_ORDERS) - 1e-9:
        lengths = ", ".join(str(part.stop - part.start) for part in parts)
        raise InputError(
            f"blocks of {parts[0].block_length} TRs in held-out segments of {lengths} TRs can be "
            f"put into fewer than {_LEAST_ORDERS} orders, so that p could not reach 0.05; hold out "
            "more, or ask for shorter blocks."
        )


def _chooser(
    parts: Sequence[_Segment], n_permutations: int, random: np.random.Generator
) -> sparse.csr_array:
    """Write permutations as a sparse matrix of ones, (1 + n_permutations, pairs of blocks).

    A row has one 1 for each block: at the pair of that block of the response and the block of the
    prediction that comes to stand beside it. Row 0 is the observed order.
    """
    columns = []
    first = 0
    for part in parts:
        own = np.arange(part.n_blocks)
        orders = random.permuted(np.tile(own, (1 + n_permutations, 1)), axis=1)
        orders[0] = own
        columns.append(first + orders * part.n_blocks + own)
        first += part.n_blocks**2
    chosen = np.hstack(columns).astype(np.int32)
    n_rows, n_blocks = chosen.shape
    starts = np.arange(n_rows + 1, dtype=np.int32) * n_blocks
    ones = np.ones(chosen.size, dtype=np.float32)
    return sparse.csr_array((ones, chosen.ravel(), starts), shape=(n_rows, first))


def _batches(n_targets: int, n_pairs: int) -> Iterator[slice]:
    size = max(8, _BATCH_BYTES // (4 * n_pairs))
    for start in range(0, n_targets, size):
        yield slice(start, min(start + size, n_targets))


def _standardised(
    predicted: Array, held_out: Array, parts: Sequence[_Segment]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Z-score both within segments, zero where constant; and which responses vary anywhere."""
    x = np.zeros(predicted.shape, dtype=np.float32)
    y = np.zeros(predicted.shape, dtype=np.float32)
    varies = np.zeros(predicted.shape[1], dtype=bool)
    for part in parts:
        response, mean, sd = _centred(held_out[part.rows])
        prediction, _, spread = _centred(predicted[part.rows])
        alive = sd > _ROUNDING * np.abs(mean)
        x[part.rows] = prediction * _inverse(spread, alive & (spread > _FLAT * sd))
        y[part.rows] = response * _inverse(sd, alive)
        varies |= alive
    return x, y, varies


def _centred(values: Array) -> tuple[Array, Array, Array]:
    """Values without their mean, the mean, and the standard deviation, along the rows."""
    inside = values.astype(np.float64)
    mean = inside.mean(axis=0)
    inside -= mean
    return inside, mean, np.sqrt(np.einsum("ij,ij->j", inside, inside) / len(inside))


def _inverse(spread: Array, where: NDArray[np.bool_]) -> Array:
    return np.divide(1.0, spread, out=np.zeros_like(spread), where=where)


def _products_over(x: Floats, y: Floats, parts: Sequence[_Segment]) -> Floats:
    total = np.zeros(x.shape[1], dtype=np.float32)
    for part in parts:
        total += np.einsum("ij,ij->j", x[part.over], y[part.over])
    return total


def _block_products(x: Floats, y: Floats, parts: Sequence[_Segment]) -> Floats:
    """Inner products of each block of ``x`` with each of ``y`` in the same segment.

    Returns
    -------
    ndarray of float32, shape (n_pairs, n_targets)
        Blocks of ``y`` vary fastest.
    """
    products = []
    for part in parts:
        shape = (part.n_blocks, part.block_length, x.shape[1])
        left = x[part.blocked].reshape(shape).transpose(2, 0, 1)
        right = y[part.blocked].reshape(shape).transpose(2, 1, 0)
        pairs = np.matmul(left, right).reshape(x.shape[1], -1)
        products.append(pairs.T)
    return np.ascontiguousarray(np.vstack(products))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Turn p-values into q-values: the false discovery rate at which each would be called.

    Parameters
    ----------
    p : array-like of any shape
        NaN marks what was not tested: it stays NaN and does not count among the tests.

    Returns
    -------
    ndarray of float32, of the same shape

    Raises
    ------
    InputError
        If a p lies outside 0 to 1.

    References
    ----------
    Benjamini & Hochberg 1995, Controlling the false discovery rate, Journal of the Royal
    Statistical Society B 57:289. It holds for targets that are independent or positively dependent,
    as neighbours on the cortex are.
    """
    values = np.asarray(p, dtype=np.float64)
    tested = ~np.isnan(values)
    given = values[tested]
    if given.size and (given.min() < 0 or given.max() > 1):
        raise InputError(
            f"p-values from {given.min():g} to {given.max():g} were given; they lie between 0 and "
            "1."
        )
    order = np.argsort(given)
    scaled = given[order] * given.size / np.arange(1, given.size + 1)
    smallest_above = np.minimum.accumulate(scaled[::-1])[::-1]
    q = np.full(values.shape, np.nan, dtype=np.float32)
    out = np.empty(given.size)
    out[order] = smallest_above
    q[tested] = out
    return q
