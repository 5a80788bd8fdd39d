"""Kernel ridge with an alpha per target, beside himalaya's KernelRidgeCV and RidgeCV.

Each contender starts from the same undelayed features and ends with predictions of a held-out
story: it standardises by the training stories, delays inside stories, chooses alphas on the same
inner folds (one training story each), fits and predicts. himalaya holds the delayed design and has
its batches tuned first: of the settings within a tenth of the fastest, the one that takes least
memory. Contenders are processes of their own that run in turns, in rotating order; medians and the
median of the paired ratios are printed, never asserted. Processor seconds are printed beside wall
seconds, since other work on the machine stretches only the latter.

    python -m benchmarks.ridge
    python -m benchmarks.ridge --device cuda
"""

import argparse
import itertools
import statistics
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.encoding.delays import DELAYS, delay
from backend.encoding.ridge import standardise
from backend.encoding.scores import pearson_r
from backend.encoding.story_folds import make_story_folds
from benchmarks.contenders import Contender, Run, machine, set_threads

Array = NDArray[np.float32]
Fit = Callable[[], Array]
N_STORIES = 6
OURS, KERNEL, PRIMAL = "this project", "KernelRidgeCV", "RidgeCV"


@dataclass(frozen=True)
class Problem:
    """Sizes of a simulated story regression; five stories train, the sixth is held out."""

    n_train: int = 1000
    n_dims: int = 768
    n_targets: int = 4000
    n_alphas: int = 10

    @property
    def lengths(self) -> tuple[int, ...]:
        """TRs of each story."""
        return (self.n_train // (N_STORIES - 1),) * N_STORIES

    @property
    def alphas(self) -> NDArray[np.float64]:
        """Candidates, from too little to too much for most targets."""
        return np.logspace(1, 6, self.n_alphas)

    def fold(self):
        """Hold out the last story; inner folds hold out one training story each."""
        names = np.repeat([str(i) for i in range(N_STORIES)], self.lengths)
        return make_story_folds(names.tolist(), "test-story", [str(N_STORIES - 1)])[0]

    def write(self, folder: Path, seed: int = 0) -> None:
        """Save features whose spectrum falls as language models' does, and noisy responses."""
        random = np.random.default_rng(seed)
        n = sum(self.lengths)
        falling = np.arange(1, self.n_dims + 1, dtype=np.float32) ** -0.7
        latent = random.standard_normal((n, self.n_dims), dtype=np.float32)
        latent[1:] += 0.5 * latent[:-1]
        mixing = random.standard_normal((self.n_dims, self.n_dims), dtype=np.float32)
        features = (latent * falling) @ mixing
        responses = np.empty((n, self.n_targets), dtype=np.float32)
        for first in range(0, self.n_targets, 1000):
            part = slice(first, min(first + 1000, self.n_targets))
            width = part.stop - first
            weights = random.standard_normal((self.n_dims, width), dtype=np.float32)
            signal = np.roll(latent * falling @ weights, 2, axis=0)
            signal *= random.uniform(0, 0.7, width).astype(np.float32) / signal.std(axis=0)
            responses[:, part] = signal + random.standard_normal((n, width), dtype=np.float32)
        np.save(folder / "features.npy", features)
        np.save(folder / "responses.npy", responses)


def prepare_ours(folder: Path, problem: Problem, device: str) -> Fit:
    """Make this project's fit."""
    from backend.encoding.kernel_ridge import solve_kernel_ridge
    from backend.encoding.kernels import story_kernel

    def fit(features: Array, responses: Array, sizes: Problem) -> Array:
        fold = sizes.fold()
        rows = np.arange(len(features))
        kernel = story_kernel(features, sizes.lengths, DELAYS, rows, fold.train, device=device)
        return solve_kernel_ridge(
            kernel, responses, fold, sizes.alphas.tolist(), device=device
        ).predicted

    return warmed_up(fit, folder, problem)


def prepare_himalaya(
    folder: Path,
    problem: Problem,
    kind: str,
    backend: str,
    targets: int,
    refit_targets: int,
    alphas: int,
) -> Fit:
    """Make a fit by himalaya, with the delayed design and with batches as given."""
    from himalaya.backend import set_backend
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.ridge import RidgeCV

    set_backend(backend)
    warnings.filterwarnings("ignore")
    batches = {
        "n_targets_batch": targets,
        "n_targets_batch_refit": refit_targets,
        "n_alphas_batch": alphas,
    }

    def fit(features: Array, responses: Array, sizes: Problem) -> Array:
        fold = sizes.fold()
        _, scaled = standardise(features[fold.train], features)
        stories = np.split(scaled, np.cumsum(sizes.lengths)[:-1])
        design = np.concatenate([delay(story) for story in stories])
        mean = responses[fold.train].mean(axis=0)
        estimator = KernelRidgeCV if kind == KERNEL else RidgeCV
        model = estimator(alphas=sizes.alphas, cv=list(fold.inner), solver_params=batches)
        model.fit(design[fold.train], responses[fold.train] - mean)
        predicted = model.predict(design[fold.test])
        return np.asarray(predicted.cpu() if hasattr(predicted, "cpu") else predicted) + mean

    return warmed_up(fit, folder, problem)


def warmed_up(fit: Callable[[Array, Array, Problem], Array], folder: Path, problem: Problem) -> Fit:
    """Fit a tiny problem, load the one to be timed, and give a fit of that."""
    tiny = Problem(50, 16, 20, 3)
    random = np.random.default_rng(0)
    n = sum(tiny.lengths)
    fit(
        random.standard_normal((n, 16), dtype=np.float32),
        random.standard_normal((n, 20), dtype=np.float32),
        tiny,
    )
    features, responses = np.load(folder / "features.npy"), np.load(folder / "responses.npy")
    return lambda: fit(features, responses, problem)


def tune(folder: Path, problem: Problem, kind: str, backends: Sequence[str]) -> dict[str, object]:
    """Find himalaya's settings: nearly the fastest, and of those the least memory."""
    n_targets, n_alphas = problem.n_targets, problem.n_alphas
    some, few = min(1000, n_targets), min(500, n_targets)
    # RidgeCV is many times slower however its targets are batched.
    sizes = (
        [(n_targets, n_targets), (n_targets, few), (some, few)] if kind == KERNEL else [(some, few)]
    )
    grid = itertools.product(backends, sizes, (1, n_alphas))
    tried = []
    for backend, (targets, refit_targets), alphas in grid:
        settings = {
            "kind": kind,
            "backend": backend,
            "targets": targets,
            "refit_targets": refit_targets,
            "alphas": alphas,
        }
        contender = Contender(prepare_himalaya, folder=folder, problem=problem, **settings)
        run = contender.run()
        if all(run.seconds < 1.5 * other.seconds for _, other in tried):
            run = min(run, contender.run(), key=lambda run: run.seconds)
        contender.close()
        tried.append((settings, run))
        print(
            f"  {kind}, {backend}, {targets} targets, {refit_targets} in the refit, {alphas} "
            f"alphas: {run.seconds:.2f} s, {run.cpu_seconds:.2f} s of processor, "
            f"{_megabytes(run.added_bytes)} MB",
            flush=True,
        )
    fastest = min(run.seconds for _, run in tried)
    near = [entry for entry in tried if entry[1].seconds <= 1.1 * fastest]
    return min(near, key=lambda entry: entry[1].added_bytes)[0]


def compare(contenders: dict[str, Contender], repeats: int) -> dict[str, list[Run]]:
    """Run contenders in turns, after one round that is thrown away."""
    names = list(contenders)
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for repeat in range(repeats + 1):
        turn = repeat % len(names)
        for name in names[turn:] + names[:turn]:
            run = contenders[name].run()
            if repeat:
                runs[name].append(run)
    return runs


def print_table(runs: dict[str, list[Run]], predictions: dict[str, Array], truth: Array) -> None:
    """Print medians, ratios to this project, peaks and agreement."""
    own = runs[OURS]
    own_r = pearson_r(predictions[OURS], truth)
    print(
        f"{'':<14}{'wall, s':>9}{'ratio':>7}{'processor, s':>14}{'ratio':>7}"
        f"{'added, MB':>11}{'ratio':>7}{'process, MB':>13}{'max |dr|':>10}"
    )
    for name, its in runs.items():
        wall = statistics.median(run.seconds for run in its)
        cpu = statistics.median(run.cpu_seconds for run in its)
        added = max(run.added_bytes for run in its)
        ratios = (
            statistics.median(a.seconds / b.seconds for a, b in zip(its, own, strict=True)),
            statistics.median(a.cpu_seconds / b.cpu_seconds for a, b in zip(its, own, strict=True)),
            added / max(run.added_bytes for run in own),
        )
        # Where the same alphas are chosen, what differs is rounding.
        difference = np.abs(pearson_r(predictions[name], truth) - own_r).max()
        print(
            f"{name:<14}{wall:>9.2f}{ratios[0]:>7.2f}{cpu:>14.2f}{ratios[1]:>7.2f}"
            f"{_megabytes(added):>11}{ratios[2]:>7.2f}"
            f"{_megabytes(max(run.total_bytes for run in its)):>13}{difference:>10.1e}"
        )


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.0f}"


def main() -> None:
    """Tune himalaya, run all contenders in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=int, default=1000, help="training TRs")
    parser.add_argument("--dims", type=int, default=768, help="features, before four delays")
    parser.add_argument("--targets", type=int, default=4000)
    parser.add_argument("--alphas", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=9, help="rounds that count (default: 9)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, help="of each contender (default: the cores)")
    parser.add_argument("--without-primal", action="store_true", help="leave RidgeCV out")
    given = parser.parse_args()
    if given.threads:
        set_threads(given.threads)
    problem = Problem(given.train, given.dims, given.targets, given.alphas)
    print(machine())
    print(
        f"{problem.n_train} training TRs, {problem.n_dims} features x {len(DELAYS)} delays, "
        f"{problem.n_targets} targets, {problem.n_alphas} alphas, {N_STORIES - 1} inner folds, "
        f"{given.device}"
    )
    backends = ["numpy", "torch"] if given.device == "cpu" else ["torch_cuda"]
    kinds = [KERNEL] if given.without_primal else [KERNEL, PRIMAL]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        problem.write(folder)
        settings = {kind: tune(folder, problem, kind, backends) for kind in kinds}
        contenders = {
            OURS: Contender(prepare_ours, folder=folder, problem=problem, device=given.device)
        }
        for kind, chosen in settings.items():
            print(f"{kind}: {chosen}")
            contenders[kind] = Contender(prepare_himalaya, folder=folder, problem=problem, **chosen)
        runs = compare(contenders, given.repeats)
        predictions = {name: contender.predictions() for name, contender in contenders.items()}
        truth = np.load(folder / "responses.npy")[problem.fold().test]
        for contender in contenders.values():
            contender.close()
    print_table(runs, predictions, truth)
    print(machine())


if __name__ == "__main__":
    main()
