"""How the ridge regression grows with TRs, features and targets, and where it ends up.

Fits as in :mod:`benchmarks.ridge` are timed while one size grows at a time, then a formula is
fitted to their processor seconds:

    seconds = a n^2 d + b n^3 + c n^2 t

with n training TRs, d undelayed features and t targets, for 10 alphas: products of features, an
inverse and a quadratic form per alpha, and targets that stream through the forms. Delays
add nothing that is seen beside d, and inner folds little. The formula's constants are those of
this machine; it is then read at 4,000 x 4,096 x 4 delays x 80,000 targets, which ``--full`` also
measures (about 4 GB of memory). Targets stream: their correlations are kept, not predictions.

KernelRidgeCV of himalaya runs beside it on the torch backend, up to ``--beside`` times the work
of the first benchmark, with the batches that were fastest there.

    python -m benchmarks.ridge_growth
    python -m benchmarks.ridge_growth --full
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from backend.encoding.delays import DELAYS
from backend.encoding.scores import pearson_r
from benchmarks.contenders import Contender, Prepare, Run, machine, set_threads
from benchmarks.ridge import KERNEL, Array, Fit, Problem, prepare_himalaya, warmed_up

BASE = Problem()
LADDER = (
    BASE,
    Problem(n_train=500),
    Problem(n_train=2000),
    Problem(n_dims=192),
    Problem(n_dims=4096),
    Problem(n_targets=1000),
    Problem(n_targets=20000),
)
FULL = Problem(4000, 4096, 80000)


def prepare_scores(folder: Path, problem: Problem, device: str) -> Fit:
    """Make this project's fit, which keeps a correlation per target."""
    from backend.encoding.kernel_ridge import stream_kernel_ridge
    from backend.encoding.kernels import story_kernel

    def fit(features: Array, responses: Array, sizes: Problem) -> Array:
        fold = sizes.fold()
        rows = np.arange(len(features))
        kernel = story_kernel(features, sizes.lengths, DELAYS, rows, fold.train, device=device)
        batches = stream_kernel_ridge(kernel, responses, fold, sizes.alphas.tolist(), device=device)
        truth = responses[fold.test]
        return np.concatenate(
            [pearson_r(batch.predicted, truth[:, batch.targets]) for batch in batches]
        )

    return warmed_up(fit, folder, problem)


def terms(problem: Problem) -> tuple[float, float, float]:
    """Give the formula's three products, in billions."""
    n = problem.n_train
    return n**2 * problem.n_dims / 1e9, n**3 / 1e9, n**2 * problem.n_targets / 1e9


def fit_formula(problems: list[Problem], seconds: list[float]) -> NDArray[np.float64]:
    """Find the constants, none negative, with the least relative error."""
    weights = 1 / np.asarray(seconds)
    design = np.asarray([terms(problem) for problem in problems]) * weights[:, None]
    return nnls(design, np.ones(len(seconds)))[0]


def measure(prepare: Prepare, problem: Problem, repeats: int, **settings: object) -> list[Run]:
    """Fit several times in a process of its own, after one fit that is thrown away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        problem.write(folder)
        contender = Contender(prepare, folder=folder, problem=problem, **settings)
        runs = [contender.run() for _ in range(repeats + 1)]
        contender.close()
    return runs[1:] or runs


def _row(problem: Problem, runs: list[Run], formula: float | None, beside: float | None) -> str:
    wall = statistics.median(run.seconds for run in runs)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    added = max(run.added_bytes for run in runs) / 2**20
    return (
        f"{problem.n_train:>6}{problem.n_dims:>7}{problem.n_targets:>8}{wall:>9.2f}{cpu:>11.2f}"
        f"{'' if formula is None else format(formula, '.2f'):>10}{added:>11.0f}"
        f"{'' if beside is None else format(beside, '.2f'):>16}"
        f"{'' if beside is None else format(beside / cpu, '.2f'):>7}"
    )


def main() -> None:
    """Measure the ladder, fit the formula, print both, and read the formula at full size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="fits per size (default: 3)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, help="of each contender (default: the cores)")
    parser.add_argument(
        "--beside", type=float, default=5.0, help="limit of himalaya's work (default: 5; 0: none)"
    )
    parser.add_argument("--full", action="store_true", help="measure the full size too")
    given = parser.parse_args()
    if given.threads:
        set_threads(given.threads)
    print(machine())
    himalaya = {
        "kind": KERNEL,
        "backend": "torch" if given.device == "cpu" else "torch_cuda",
        "targets": 4000,
        "refit_targets": 500,
        "alphas": 10,
    }
    measured: list[tuple[Problem, list[Run], float | None]] = []
    for problem in LADDER:
        runs = measure(prepare_scores, problem, given.repeats, device=given.device)
        beside = None
        if terms(problem)[2] <= given.beside * terms(BASE)[2]:
            others = measure(prepare_himalaya, problem, given.repeats, **himalaya)
            beside = statistics.median(run.cpu_seconds for run in others)
        measured.append((problem, runs, beside))
    seconds = [statistics.median(run.cpu_seconds for run in runs) for _, runs, _ in measured]
    constants = fit_formula([problem for problem, _, _ in measured], seconds)
    print(
        f"\n{'TRs':>6}{'dims':>7}{'targets':>8}{'wall, s':>9}{'processor':>11}{'formula':>10}"
        f"{'added, MB':>11}{'KernelRidgeCV':>16}{'ratio':>7}"
    )
    for problem, runs, beside in measured:
        print(_row(problem, runs, float(constants @ terms(problem)), beside))
    a, b, c = constants
    print(f"\nprocessor seconds = {a:.3g} n^2 d + {b:.3g} n^3 + {c:.3g} n^2 t, in billions")
    extrapolated = float(constants @ terms(FULL))
    print(
        f"{FULL.n_train} TRs x {FULL.n_dims} x {len(DELAYS)} delays x {FULL.n_targets} targets: "
        f"{extrapolated:.0f} processor seconds by the formula"
    )
    if given.full:
        runs = measure(prepare_scores, FULL, 0, device=given.device)
        print(_row(FULL, runs, extrapolated, None))
    print(machine())


if __name__ == "__main__":
    main()
