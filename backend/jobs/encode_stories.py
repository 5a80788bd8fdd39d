"""The task for stories: word times and responses in, one shard of voxelwise scores out."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from backend.encoding.leaks import leak_warning
from backend.features.baselines import STATIC
from backend.jobs.config import StoryTask
from backend.jobs.description import describe_run, made_by
from backend.jobs.kept_layers import (
    Arrays,
    KeptLayers,
    LayerScores,
    discard_layers,
    seconds_before,
    stage_name,
)
from backend.jobs.progress import Progress, Silent
from backend.jobs.shared_work import SharedWork
from backend.jobs.stories import load_others
from backend.jobs.story_ceilings import find_ceilings
from backend.jobs.story_features import baseline_features, layer_features
from backend.jobs.story_material import StoryMaterial, read_material
from backend.jobs.story_nuisance import Nuisance, fit_nuisance
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
    recording, design = material.recording, material.design
    others = map(wanted_targets(config), load_others(task))
    ceilings = find_ceilings(recording, design, config, others)
    nuisance, static = _nuisance(material, shared)
    kept = _kept(task, material)
    there = kept.read(material.layers)
    board = _score(material, kept, there, static, nuisance, ceilings)
    finished, before = time.perf_counter(), seconds_before(there)
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
                "seconds": finished - started + before,
                "extraction_seconds": extracted - started,
                "fit_seconds": finished - extracted + before,
                "warnings": _warnings(material, board, kept.warnings),
            }
        ],
        roi_scores=roi_rows(run_id, board, space),
        baseline_scores=baseline_rows(run_id, board, space),
        target_scores=target_rows(run_id, board, space),
        spaces=[space_row(run_id, space)],
    )
    write_run(task.store, run_id, tables)
    discard_layers(task.store, run_id)
    return run_id


def keep_layers(
    task: StoryTask, layers: Sequence[int], progress: Progress, shared: SharedWork
) -> int:
    """Score some layers of a run and keep them for the run itself, which finds them there.

    Parameters
    ----------
    task : StoryTask
    layers : sequence of int
        Those that the model does not have are passed over.
    progress : Progress
    shared : SharedWork
        Spares the other layers of the run, in this process, their baselines.

    Returns
    -------
    int
        How many were not there.

    Raises
    ------
    InputError, ModelError, StoreError
        As :func:`run_story_encoding`. Where layers cannot be kept, the run fits them itself.
    """
    material = read_material(task, progress)
    wanted = [layer for layer in layers if layer in material.layers]
    kept = _kept(task, material)
    there = kept.read(wanted)
    n_missing = len(wanted) - len(there)
    if n_missing:
        nuisance, _ = _nuisance(material, shared)
        stage = stage_name(len(there), len(wanted))
        progress.stage(stage, n_missing * len(material.folds))
        kept.complete(wanted, there, partial(_fit_layer, material, nuisance))
    return n_missing


def _kept(task: StoryTask, material: StoryMaterial) -> KeptLayers:
    by = made_by(material.loaded)
    return KeptLayers(task.store, task.config.run_id, by, material.fitter.shapes)


def _nuisance(material: StoryMaterial, shared: SharedWork) -> tuple[Nuisance, Array]:
    """Fit the nuisance baselines; give the static embeddings' features beside them."""
    config = material.fitter.config
    baselines = baseline_features(
        material.loaded, material.recording, material.design, config, material.axis
    )
    static = baselines.pop(STATIC)
    return shared.of(config, lambda: fit_nuisance(baselines, material.fitter)), static


def _score(
    material: StoryMaterial,
    kept: KeptLayers,
    there: Mapping[int, LayerScores],
    static: Array,
    nuisance: Nuisance,
    ceilings: Ceilings,
) -> Scoreboard:
    """Fit the layers that are not there, and the model's word embeddings without context."""
    fitter, design, layers = material.fitter, material.design, material.layers
    n_missing = len(layers) - len(there)
    stage = stage_name(len(there), len(layers))
    fitter.progress.stage(stage, (1 + n_missing) * len(fitter.folds))
    of_static = fitter.score_set(fitter.kernels_of(static), STATIC)
    fitted = kept.complete(layers, there, partial(_fit_layer, material, nuisance))
    tests = [fold.test for fold in fitter.folds]
    return Scoreboard(
        layers={layer: SetScores(**scores.arrays) for layer, scores in fitted.items()},
        baselines={**nuisance.scores, STATIC: of_static},
        held_out=tuple(fold.held_out for fold in fitter.folds),
        repeats=repeats_of_folds(design.labels, tests, design.repeats),
        ceilings=ceilings,
    )


def _fit_layer(material: StoryMaterial, nuisance: Nuisance, layer: int) -> Arrays:
    features = layer_features(material.states, layer, material.axis)
    scores = material.fitter.score_layer(
        features, nuisance.kernels, nuisance.fits, f"layer {layer}"
    )
    return scores.arrays()


def _warnings(material: StoryMaterial, board: Scoreboard, kept: Iterable[str]) -> list[str]:
    """Collect what a reader of the result should know, each thing once."""
    read = [warning for of_story in material.states.values() for warning in of_story.warnings]
    leaks = leak_warning(board.baselines["oasm"].r)
    shuffled = (
        "Shuffled folds leak: neighbouring TRs are alike, so scores are inflated. Compare with the "
        "OASM baseline, and report folds that hold out whole stories."
    )
    found = [
        *material.recording.warnings,
        *material.design.warnings,
        *read,
        *([shuffled] if material.fitter.config.split == "shuffled" else []),
        *([leaks] if leaks else []),
        *kept,
    ]
    return list(dict.fromkeys(found))
