"""The task for stories: word times and responses in, one shard of voxelwise scores out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import StoryRecording
from backend.encoding.kernel_ridge import KernelFit
from backend.encoding.kernels import level_kernel
from backend.encoding.leaks import leak_warning
from backend.features.baselines import JOINT, STATIC
from backend.features.cache import StoryStates
from backend.features.story_baselines import NUISANCE, oasm_kernel
from backend.jobs.config import StoryConfig, StoryTask
from backend.jobs.description import describe_run
from backend.jobs.progress import Progress, Silent
from backend.jobs.shared_work import SharedWork
from backend.jobs.stories import load_others
from backend.jobs.story_ceilings import find_ceilings
from backend.jobs.story_design import StoryDesign
from backend.jobs.story_features import StoryAxis, baseline_features, layer_features
from backend.jobs.story_fitter import Fitter
from backend.jobs.story_material import read_material
from backend.jobs.story_rows import baseline_rows, roi_rows, space_row, target_rows
from backend.jobs.story_scores import Ceilings, Scoreboard, SetScores, repeats_of_folds
from backend.jobs.story_targets import wanted_targets
from backend.store.shards import RunTables, write_run

Array = NDArray[np.float32]


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
    material = read_material(task, progress)
    extracted = time.perf_counter()
    recording, design, fitter = material.recording, material.design, material.fitter
    baselines = baseline_features(material.loaded, recording, design, config, material.axis)
    others = map(wanted_targets(config), load_others(task))
    ceilings = find_ceilings(recording, design, config, others)
    static = {STATIC: baselines.pop(STATIC)}
    nuisance = shared.of(config, lambda: _fit_nuisance(baselines, fitter))
    board = _score(material.states, material.axis, static, nuisance, fitter, ceilings)
    finished = time.perf_counter()
    run_id, space = config.run_id, recording.space
    tables = RunTables(
        runs=[
            {
                **describe_run(config, material.source, material.loaded),
                "context_length": config.context,
                "delays": list(config.delays),
                "n_samples": len(design.rows),
                "n_words": sum(len(recording.stimuli[story]) for story in design.stories),
                "n_folds": len(material.folds),
                "created_at": datetime.now(UTC),
                "seconds": finished - started,
                "extraction_seconds": extracted - started,
                "fit_seconds": finished - extracted,
                "warnings": _warnings(recording, design, material.states, board, config),
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
