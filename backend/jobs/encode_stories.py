"""The task for stories: word times and responses in, one shard of voxelwise scores out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from backend.compression.memory import READ_LESS, explained_memory
from backend.datasets.story_recording import StoryRecording
from backend.encoding.folds import Fold
from backend.encoding.kernel_ridge import KernelFit, solve_kernel_ridge
from backend.encoding.kernels import level_kernel, story_kernel
from backend.encoding.leaks import leak_warning
from backend.encoding.parallel import map_parallel
from backend.encoding.ridge import STORY_ALPHAS
from backend.encoding.scores import pearson_r
from backend.encoding.story_folds import make_story_folds
from backend.encoding.variance import partition_variance
from backend.features.baselines import JOINT, STATIC
from backend.features.cache import StateCache, StoryStates
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.features.story_baselines import NUISANCE, oasm_kernel
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.config import StoryConfig, StoryTask
from backend.jobs.description import describe_run
from backend.jobs.progress import Progress, Silent
from backend.jobs.shared_work import SharedWork
from backend.jobs.stories import load_others, load_stories
from backend.jobs.story_ceilings import find_ceilings
from backend.jobs.story_design import StoryDesign, build_design, tail_seconds
from backend.jobs.story_features import (
    StoryAxis,
    baseline_features,
    extract_stories,
    layer_features,
)
from backend.jobs.story_rows import baseline_rows, roi_rows, space_row, target_rows
from backend.jobs.story_scores import Ceilings, Scoreboard, SetScores, repeats_of_folds
from backend.jobs.story_targets import in_regions, region_targets
from backend.statistics import block_permutation_p
from backend.statistics.permutation import BLOCK_SECONDS
from backend.store.shards import RunTables, write_run

Array = NDArray[np.float32]
Result = TypeVar("Result")


def run_story_encoding(
    task: StoryTask, progress: Progress | None = None, shared: SharedWork | None = None
) -> str:
    """Extract, align, fit, score, and write one shard to the store.

    Parameters
    ----------
    task : StoryTask
    progress : Progress, optional
        Told of each stage, story and layer; may stop the work by raising. States that were read
        stay in the cache, so that a run that was stopped goes on from there.
    shared : SharedWork, optional
        Of earlier runs, so that baselines of the same data and folds are not fitted again.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    InputError, ModelError, StoreError
        As their messages say; nothing is written to the store then.
    """
    progress, shared = progress or Silent(), shared or SharedWork()
    started = time.perf_counter()
    config = task.config
    # float32 matrix products on a GPU stay float32, so that CPU and GPU scores agree.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(config.seed)
    progress.stage("reading responses", 1)
    select = in_regions if config.targets == "regions" else _all_targets
    recording = select(load_stories(task))
    design = build_design(recording, config.trim_head, config.trim_tail, tail_seconds(config))
    folds = make_story_folds(
        design.labels, config.split, config.test_stories, config.n_folds, config.gap, config.seed
    )
    progress.advance()
    source = resolve_model(task.model_name)
    texts = [" ".join(words.words) for words in recording.stimuli.values()]
    shown = calibration_of(config, task.calibration_path, texts)
    progress.stage("loading the model", 1)
    loaded = load_model(source, config.compression, task.device, shown)
    progress.advance()
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    with explained_memory(source.name, "being read", READ_LESS):
        states = extract_stories(loaded, recording, design, config, cache, progress)
    extracted = time.perf_counter()
    axis = StoryAxis.of(recording, design, config)
    baselines = baseline_features(loaded, recording, design, config, axis)
    inside = region_targets(recording.space)
    fitter = Fitter(design, folds, config, inside, loaded.device, progress)
    ceilings = find_ceilings(recording, design, config, map(select, load_others(task)))
    static = {STATIC: baselines.pop(STATIC)}
    nuisance = shared.of(config, lambda: _fit_nuisance(baselines, fitter))
    board = _score(states, axis, static, nuisance, fitter, ceilings)
    finished = time.perf_counter()
    run_id, space = config.run_id, recording.space
    tables = RunTables(
        runs=[
            {
                **describe_run(config, source, loaded),
                "context_length": config.context,
                "delays": list(config.delays),
                "n_samples": len(design.rows),
                "n_words": sum(len(recording.stimuli[story]) for story in design.stories),
                "n_folds": len(folds),
                "created_at": datetime.now(UTC),
                "seconds": finished - started,
                "extraction_seconds": extracted - started,
                "fit_seconds": finished - extracted,
                "warnings": _warnings(recording, design, states, board, config),
            }
        ],
        roi_scores=roi_rows(run_id, board, space),
        baseline_scores=baseline_rows(run_id, board, space),
        target_scores=target_rows(run_id, board, space),
        spaces=[space_row(run_id, space)],
    )
    write_run(task.store, run_id, tables)
    return run_id


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

    def score_baseline(
        self, kernel_of: Callable[[int], Array], what: str
    ) -> tuple[SetScores, list[Array], list[KernelFit]]:
        """Score a baseline in the regions.

        Parameters
        ----------
        kernel_of : callable
            Given a fold's number, gives the baseline's kernel.
        what : str
            Named in the progress.

        Returns
        -------
        tuple of (SetScores, list of ndarray, list of KernelFit)
            Scores, NaN for targets in no region; kernels and fits by fold.
        """
        inside = np.ascontiguousarray(self.design.responses[:, self.in_regions])

        def of_fold(index: int) -> tuple[Array, Array, KernelFit]:
            fold, kernel = self.folds[index], kernel_of(index)
            fit = solve_kernel_ridge(kernel, inside, fold, STORY_ALPHAS, device=self.device)
            return self._spread(pearson_r(fit.predicted, inside[fold.test])), kernel, fit

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
        inside = np.ascontiguousarray(responses[:, self.in_regions])

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

    def _p(self, predicted: Sequence[Array]) -> Array | None:
        # Blocks of shuffled TRs are no stretches of time, and their p would mean nothing.
        if self.config.permutations == 0 or self.config.split == "shuffled":
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


@dataclass(frozen=True)
class Nuisance:
    """What the nuisance baselines score, and their joint kernels.

    Attributes
    ----------
    scores : mapping of str to SetScores
        Each alone, and all together as ``JOINT``.
    kernels : tuple of ndarray of shape (n_samples, n_samples)
        Of all together, one per fold.
    fits : tuple of KernelFit
        Of all together, one per fold.
    """

    scores: Mapping[str, SetScores]
    kernels: tuple[Array, ...]
    fits: tuple[KernelFit, ...]


def _fit_nuisance(baselines: Mapping[str, Array], fitter: Fitter) -> Nuisance:
    """Fit the baselines that do not depend on the model."""
    folds, design = fitter.folds, fitter.design
    fitter.progress.stage("fitting baselines", (len(baselines) + 2) * len(folds))
    scores = {}
    nuisance: list[Array] = [np.zeros((len(design.rows),) * 2, dtype=np.float32) for _ in folds]
    for name, features in baselines.items():
        kernel_of = partial(_kernel_of_fold, fitter, features)
        scores[name], kernels, _ = fitter.score_baseline(kernel_of, name)
        if name in NUISANCE:
            nuisance = [total + kernel for total, kernel in zip(nuisance, kernels, strict=True)]
    kept = [design.labels.count(story) for story in design.stories]
    scores["oasm"], kernels, _ = fitter.score_baseline(
        lambda index: level_kernel(oasm_kernel(kept, folds[index].train), folds[index].train),
        "oasm",
    )
    nuisance = [total + kernel for total, kernel in zip(nuisance, kernels, strict=True)]
    nuisance = [level_kernel(sum_, fold.train) for sum_, fold in zip(nuisance, folds, strict=True)]
    scores[JOINT], _, fits = fitter.score_baseline(nuisance.__getitem__, JOINT)
    return Nuisance(scores, tuple(nuisance), tuple(fits))


def _score(
    states: Mapping[str, StoryStates],
    axis: StoryAxis,
    static: Mapping[str, Array],
    nuisance: Nuisance,
    fitter: Fitter,
    ceilings: Ceilings,
) -> Scoreboard:
    """Fit the layers, and the model's word embeddings without context."""
    layers = fitter.config.layers or next(iter(states.values())).layers
    folds, progress, design = fitter.folds, fitter.progress, fitter.design
    progress.stage("fitting layers", (len(static) + len(layers)) * len(folds))
    scores = dict(nuisance.scores)
    for name, features in static.items():
        scores[name], _, _ = fitter.score_baseline(partial(_kernel_of_fold, fitter, features), name)
    by_layer = {}
    for layer in layers:
        features = layer_features(states, layer, axis)
        by_layer[layer] = fitter.score_layer(
            features, nuisance.kernels, nuisance.fits, f"layer {layer}"
        )
    return Scoreboard(
        layers=by_layer,
        baselines=scores,
        held_out=tuple(fold.held_out for fold in folds),
        repeats=repeats_of_folds(design.labels, [fold.test for fold in folds], design.repeats),
        ceilings=ceilings,
    )


def _kernel_of_fold(fitter: Fitter, features: Array, index: int) -> Array:
    return fitter.kernel(features, fitter.folds[index])


def _all_targets(recording: StoryRecording) -> StoryRecording:
    return recording


def _warnings(
    recording: StoryRecording,
    design: StoryDesign,
    states: Mapping[str, StoryStates],
    board: Scoreboard,
    config: StoryConfig,
) -> list[str]:
    """Collect what a reader of the result should know, each thing once."""
    read = [warning for of_story in states.values() for warning in of_story.warnings]
    leaks = leak_warning(board.baselines["oasm"].r)
    shuffled = (
        "Shuffled folds leak: neighbouring TRs are alike, so scores are inflated. Compare with the "
        "OASM baseline, and report folds that hold out whole stories."
    )
    found = [
        *recording.warnings,
        *design.warnings,
        *read,
        *([shuffled] if config.split == "shuffled" else []),
        *([leaks] if leaks else []),
    ]
    return list(dict.fromkeys(found))
