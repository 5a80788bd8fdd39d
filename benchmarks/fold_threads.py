"""Folds side by side with one BLAS thread each, or one after the other with all of them.

Behind :func:`backend.encoding.parallel.map_parallel`. Both ways are timed in one run, in turns, so
that whatever else the machine does falls on both; medians are printed, never asserted.

    python -m benchmarks.fold_threads
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from backend.encoding.banded import BandedFold, BandKernels
from backend.encoding.folds import Fold, default_gap, make_folds
from backend.encoding.parallel import map_parallel

N_DIMS = 384
N_BANDS = 3
N_FOLDS = 10
Array = NDArray[np.float32]
Fit = Callable[[Fold], Array]


def make_fit(n_samples: int, seed: int = 0) -> tuple[Fit, list[Fold]]:
    """Make a banded regression of one target on random feature sets.

    Parameters
    ----------
    n_samples : int
        Sentences.
    seed : int

    Returns
    -------
    tuple of (callable, list of Fold)
        The first fits a fold and predicts its held-out part.
    """
    random = np.random.default_rng(seed)
    bands = [random.standard_normal((n_samples, N_DIMS), np.float32) for _ in range(N_BANDS)]
    responses = (bands[0][:, :5].sum(axis=1) + random.normal(0, 2, n_samples)).astype(np.float32)

    def fit(fold: Fold) -> Array:
        model = BandedFold(responses[:, None], fold)
        for band in bands:
            model = model.extend(BandKernels.of(band, fold))
        return model.predict()

    return fit, make_folds(n_samples, "contiguous", N_FOLDS, gap=default_gap(n_samples))


def one_after_the_other(fit: Fit, folds: Sequence[Fold]) -> list[Array]:
    """Fit folds in turn, with as many BLAS threads as it takes by itself."""
    return [fit(fold) for fold in folds]


def side_by_side(fit: Fit, folds: Sequence[Fold]) -> list[Array]:
    """Fit folds in threads, as the backend does."""
    return list(map_parallel(fit, folds))


def seconds(
    work: Callable[[Fit, Sequence[Fold]], list[Array]], fit: Fit, folds: list[Fold]
) -> float:
    """Time one pass over the folds."""
    started = time.perf_counter()
    work(fit, folds)
    return time.perf_counter() - started


def compare(n_samples: int, repeats: int) -> tuple[float, float, float]:
    """Time both ways in pairs, the first of a pair in turns.

    Parameters
    ----------
    n_samples : int
    repeats : int
        Pairs, after one that is thrown away.

    Returns
    -------
    tuple of float
        Median seconds one after the other, median seconds side by side, median ratio of a pair.
    """
    fit, folds = make_fit(n_samples)
    ways = (one_after_the_other, side_by_side)
    pairs = []
    for repeat in range(repeats + 1):
        order = ways if repeat % 2 else ways[::-1]
        taken = {way: seconds(way, fit, folds) for way in order}
        pairs.append([taken[way] for way in ways])
    first, second = zip(*pairs[1:], strict=True)
    ratios = [a / b for a, b in zip(first, second, strict=True)]
    return statistics.median(first), statistics.median(second), statistics.median(ratios)


def main() -> None:
    """Compare each size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=int, nargs="+", default=[240, 627], metavar="N")
    parser.add_argument("--repeats", type=int, default=7, help="pairs per size (default: 7)")
    arguments = parser.parse_args()
    blas = {
        f"{info['internal_api']} {info['version']}, {info['num_threads']} threads"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    print(f"{os.cpu_count()} cores; BLAS by default: {'; '.join(sorted(blas))}")
    print(
        f"{N_FOLDS} folds, {N_BANDS} bands of {N_DIMS} dimensions, medians of "
        f"{arguments.repeats} pairs\n"
    )
    print(f"{'n':>5}  {'in turn, s':>11}  {'side by side, s':>15}  {'ratio':>6}")
    for n_samples in arguments.samples:
        in_turn, parallel, ratio = compare(n_samples, arguments.repeats)
        print(f"{n_samples:>5}  {in_turn:>11.3f}  {parallel:>15.3f}  {ratio:>6.2f}")


if __name__ == "__main__":
    main()
