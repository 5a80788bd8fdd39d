"""Fits of feature sets to the TRs of stories, one after the other on the same folds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from backend.encoding.folds import Fold
from backend.encoding.kernel_ridge import KernelFit, solve_kernel_ridge
from backend.encoding.kernels import level_kernel, story_kernel
from backend.encoding.parallel import map_parallel
from backend.encoding.ridge import STORY_ALPHAS
from backend.encoding.scores import pearson_r
from backend.encoding.variance import partition_variance
from backend.jobs.config import StoryConfig
from backend.jobs.progress import Progress
from backend.jobs.story_design import StoryDesign
from backend.jobs.story_scores import SetScores
from backend.statistics import block_permutation_p
from backend.statistics.permutation import BLOCK_SECONDS

Array = NDArray[np.float32]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Fitter:
    """Fits one feature set after the other on the same folds.

    Attributes
    ----------
    design : StoryDesign
    folds : sequence of Fold
    config : StoryConfig
    in_regions : ndarray of int
        Targets that lie in a region: baselines and unique variance are computed for these.
    device : torch.device
    progress : Progress
        Advanced once per feature set and fold.
    """

    design: StoryDesign
    folds: Sequence[Fold]
    config: StoryConfig
    in_regions: NDArray[np.int64]
    device: torch.device
    progress: Progress

    def kernel(self, features: Array, fold: Fold) -> Array:
        """Compute the delayed kernel of one feature set, standardised by a fold's training rows.

        Parameters
        ----------
        features : ndarray of shape (n_trs, n_dims)
            Of all TRs of all stories, none trimmed.
        fold : Fold

        Returns
        -------
        ndarray of float32, shape (n_samples, n_samples)
            Levelled, so that kernels of different sets can be added.
        """
        delays = self.config.delays or (0,)
        design = self.design
        kernel = story_kernel(
            features, design.lengths, delays, design.rows, fold.train, device=self.device
        )
        return level_kernel(kernel, fold.train)

    def kernels_of(self, features: Array) -> Callable[[int], Array]:
        """Give the kernels of one feature set by the fold's number, as :meth:`kernel` does."""
        return lambda index: self.kernel(features, self.folds[index])

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of a layer's scores, by name."""
        n_targets = self.design.responses.shape[1]
        by_fold = (len(self.folds), n_targets)
        p = {"p": (n_targets,)} if self._permutes else {}
        return {"r": by_fold, "unique_r2": by_fold, **p}

    def score_set(self, kernel_of: Callable[[int], Array], what: str) -> SetScores:
        """Score a feature set in the regions.

        Parameters
        ----------
        kernel_of : callable
            Given a fold's number, gives the set's kernel.
        what : str
            Named in the progress.

        Returns
        -------
        SetScores
            NaN for targets in no region.
        """
        inside = self._inside()
        r = self._over_folds(lambda index: self._fit(inside, kernel_of(index), index)[0], what)
        return SetScores(np.stack(r))

    def score_baseline(
        self, kernel_of: Callable[[int], Array], what: str
    ) -> tuple[SetScores, list[Array], list[KernelFit]]:
        """Score a baseline in the regions, and keep what others are added to.

        Parameters
        ----------
        kernel_of, what
            As of :meth:`score_set`.

        Returns
        -------
        tuple of (SetScores, list of ndarray, list of KernelFit)
            Scores as of :meth:`score_set`; kernels and fits by fold.
        """
        inside = self._inside()

        def of_fold(index: int) -> tuple[Array, Array, KernelFit]:
            kernel = kernel_of(index)
            r, fit = self._fit(inside, kernel, index)
            return r, kernel, fit

        r, kernels, fits = zip(*self._over_folds(of_fold, what), strict=True)
        return SetScores(np.stack(r)), list(kernels), list(fits)

    def score_layer(
        self, features: Array, nuisance: Sequence[Array], joint: Sequence[KernelFit], what: str
    ) -> SetScores:
        """Score a layer alone, and what it adds to all nuisance baselines.

        Parameters
        ----------
        features : ndarray of shape (n_trs, n_dims)
        nuisance : sequence of ndarray
            Kernels of the nuisance baselines together, one per fold.
        joint : sequence of KernelFit
            What those predict.
        what : str
            Named in the progress.

        Returns
        -------
        SetScores
        """
        responses = self.design.responses
        inside = self._inside()

        def of_fold(index: int) -> tuple[Array, Array, Array]:
            fold = self.folds[index]
            kernel = self.kernel(features, fold)
            fit = solve_kernel_ridge(kernel, responses, fold, STORY_ALPHAS, device=self.device)
            partition = partition_variance(
                {"layer": kernel, "nuisance": nuisance[index]},
                inside,
                fold,
                STORY_ALPHAS,
                remove=["layer"],
                alone={"layer": fit.of(self.in_regions), "nuisance": joint[index]},
            )
            r = pearson_r(fit.predicted, responses[fold.test])
            return r, self._spread(partition.unique("layer")), fit.predicted

        r, unique, predicted = zip(*self._over_folds(of_fold, what), strict=True)
        return SetScores(np.stack(r), np.stack(unique), self._p(predicted))

    def _inside(self) -> Array:
        """Responses of targets in regions, of shape (n_samples, n_targets)."""
        return np.ascontiguousarray(self.design.responses[:, self.in_regions])

    def _fit(self, inside: Array, kernel: Array, index: int) -> tuple[Array, KernelFit]:
        """Predict what a fold holds out, and score it."""
        fold = self.folds[index]
        fit = solve_kernel_ridge(kernel, inside, fold, STORY_ALPHAS, device=self.device)
        return self._spread(pearson_r(fit.predicted, inside[fold.test])), fit

    def _over_folds(self, function: Callable[[int], Result], what: str) -> list[Result]:
        """Apply a function to each fold: side by side on a processor, in turn on a GPU.

        On matrices of this size threads lose more to their meeting than they save; a thread for
        each fold has none to wait for.
        """
        results = []
        numbers = range(len(self.folds))
        self.progress.note(what)
        with _one_thread_each():
            on_gpu = self.device.type == "cuda"
            for index, result in enumerate(
                map(function, numbers) if on_gpu else map_parallel(function, numbers)
            ):
                results.append(result)
                self.progress.note(f"{what}, held out {self.folds[index].held_out}")
                self.progress.advance()
        return results

    def _spread(self, values: NDArray[np.floating]) -> Array:
        """Put the values of targets in regions among all targets."""
        spread = np.full(self.design.responses.shape[1], np.nan, dtype=np.float32)
        spread[self.in_regions] = values
        return spread

    @property
    def _permutes(self) -> bool:
        # Blocks of shuffled TRs are no stretches of time, and their p would mean nothing.
        return self.config.permutations > 0 and self.config.split != "shuffled"

    def _p(self, predicted: Sequence[Array]) -> Array | None:
        if not self._permutes:
            return None
        tests = [fold.test for fold in self.folds]
        segments = [
            f"{fold.held_out}/{self.design.labels[row]}" for fold in self.folds for row in fold.test
        ]
        return block_permutation_p(
            np.concatenate(predicted),
            self.design.responses[np.concatenate(tests)],
            block_length=max(1, round(BLOCK_SECONDS / self.config.tr)),
            n_permutations=self.config.permutations,
            seed=self.config.seed,
            segments=segments,
        )


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let folds that run side by side keep to a thread of torch's each."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
