"""The task itself: a request in, one shard of scores out."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from backend.compression.memory import READ_LESS, explained_memory
from backend.datasets import SentenceRecording, read_sentence_table
from backend.encoding.folds import Fold, make_folds
from backend.features import baselines
from backend.features.cache import StateCache
from backend.features.extraction import static_embeddings
from backend.features.loading import LoadedModel, load_model
from backend.features.sentence_states import read_sentence_states
from backend.features.sources import resolve_model
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.config import EncodingConfig, Task
from backend.jobs.description import describe_run, made_by
from backend.jobs.kept_layers import (
    Arrays,
    KeptLayers,
    discard_layers,
    seconds_before,
    stage_name,
)
from backend.jobs.progress import Progress, Silent
from backend.jobs.request import check_folds
from backend.jobs.sentence_fit import Baselines, FoldScores, fit_layer, fit_nuisance, with_static
from backend.jobs.shared_work import SharedWork
from backend.store.shards import RunTables, write_run

Array = NDArray[np.float32]


def run_encoding(
    task: Task, progress: Progress | None = None, shared: SharedWork | None = None
) -> str:
    """Extract, fit, score, and write one shard to the store.

    Parameters
    ----------
    task : Task
    progress : Progress, optional
        Told of each stage and step; may stop the work by raising.
    shared : SharedWork, optional
        Of earlier runs, so that baselines of the same data and folds are not fitted again.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    InputError, ModelError
        As their messages say; nothing is written then.
    """
    progress, shared = progress or Silent(), shared or SharedWork()
    started = time.perf_counter()
    config = task.config
    # float32 matrix products on a GPU stay float32, so that CPU and GPU scores agree.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(config.seed)
    recording = read_sentence_table(task.data_path, config.sentence, config.responses, config.group)
    warnings = check_folds(config, recording)
    sentences = recording.sentences
    folds = make_folds(
        len(sentences), config.split, config.n_folds, sentences.groups, config.seed, config.gap
    )
    source = resolve_model(task.model_name)
    shown = calibration_of(config, task.calibration_path, [" ".join(sentences.texts)])
    progress.stage("loading the model", 1)
    loaded = load_model(source, config.compression, task.device, shown)
    progress.advance()
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        progress.stage("reading sentences", len(sentences))
        with explained_memory(source.name, "being read", READ_LESS):
            states = read_sentence_states(
                loaded, sentences, cache, Path(scratch),
                pooling=config.pooling, layers=config.layers, advance=progress.advance,
            )  # fmt: skip
        extracted = time.perf_counter()
        static = static_embeddings(loaded, sentences)
        progress.stage("fitting baselines", (len(baselines.NUISANCE) + 2) * len(folds))
        nuisance = shared.of(config, lambda: fit_nuisance(recording, folds, progress))
        base = with_static(nuisance, recording, static, folds, progress)
        layers = tuple(states)
        kept = _kept_layers(task, loaded, recording, folds)
        there = kept.read(layers)
        progress.stage(stage_name(len(there), len(layers)), (len(layers) - len(there)) * len(folds))

        def fit(layer: int) -> Arrays:
            features = np.asarray(states[layer])
            scores, unique = fit_layer(features, recording.responses, folds, base, progress)
            return {"r": scores.r, "r2": scores.r2, "unique_r2": unique}

        fitted = kept.complete(layers, there, fit)
        by_layer = {
            layer: (FoldScores(scores.arrays["r"], scores.arrays["r2"]), scores.arrays["unique_r2"])
            for layer, scores in fitted.items()
        }
    finished, before = time.perf_counter(), seconds_before(there)
    tables = RunTables(
        runs=[
            {
                **describe_run(config, source, loaded),
                "context_length": None,
                "delays": None,
                "n_samples": len(sentences),
                "n_words": sentences.n_words,
                "n_folds": len(folds),
                "created_at": datetime.now(UTC),
                "seconds": finished - started + before,
                "extraction_seconds": extracted - started,
                "fit_seconds": finished - extracted + before,
                "warnings": [*warnings, *kept.warnings],
            }
        ],
        roi_scores=_roi_rows(config, by_layer, base),
        baseline_scores=_baseline_rows(config, base),
        target_scores=_target_rows(config, by_layer),
        spaces=[_space_row(config)],
    )
    write_run(task.store, config.run_id, tables)
    discard_layers(task.store, config.run_id)
    return config.run_id


def _kept_layers(
    task: Task, loaded: LoadedModel, recording: SentenceRecording, folds: Sequence[Fold]
) -> KeptLayers:
    shape = (len(folds), recording.responses.shape[1])
    shapes = dict.fromkeys(("r", "r2", "unique_r2"), shape)
    return KeptLayers(task.store, task.config.run_id, made_by(loaded), shapes)


def _roi_rows(
    config: EncodingConfig, by_layer: Mapping[int, tuple[FoldScores, Array]], base: Baselines
) -> list[dict[str, object]]:
    joint = base.scores[baselines.JOINT].r
    rows: list[dict[str, object]] = []
    for layer, (scores, unique) in by_layer.items():
        for fold, target in np.ndindex(*scores.r.shape):
            rows.append(
                {
                    "run_id": config.run_id,
                    "layer": layer,
                    "roi": config.responses[target],
                    "hemisphere": config.hemisphere,
                    "fold": fold,
                    "n_targets": 1,
                    "r": scores.r[fold, target],
                    "r_normalized": _normalised(
                        float(scores.r[fold, target]), config.ceilings[target]
                    ),
                    "ceiling": config.ceilings[target],
                    "baseline_r": joint[fold, target],
                    "unique_r2": unique[fold, target],
                }
            )
    return rows


def _baseline_rows(config: EncodingConfig, base: Baselines) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, scores in base.scores.items():
        for fold, target in np.ndindex(*scores.r.shape):
            rows.append(
                {
                    "run_id": config.run_id,
                    "baseline": name,
                    "roi": config.responses[target],
                    "hemisphere": config.hemisphere,
                    "fold": fold,
                    "r": scores.r[fold, target],
                    "r_normalized": _normalised(
                        float(scores.r[fold, target]), config.ceilings[target]
                    ),
                    "r2": scores.r2[fold, target],
                }
            )
    return rows


def _normalised(r: float, ceiling: float | None) -> float | None:
    return None if ceiling is None else r / ceiling


def _target_rows(
    config: EncodingConfig, by_layer: Mapping[int, tuple[FoldScores, Array]]
) -> list[dict[str, object]]:
    return [
        {
            "run_id": config.run_id,
            "layer": layer,
            "space": _space_name(config),
            "r": scores.r.mean(axis=0).tolist(),
            "ceiling": list(config.ceilings),
            "p": None,
        }
        for layer, (scores, _) in by_layer.items()
    ]


def _space_name(config: EncodingConfig) -> str:
    return f"{config.dataset}:{config.data_sha256[:8]}"


def _space_row(config: EncodingConfig) -> dict[str, object]:
    return {
        "run_id": config.run_id,
        "space": _space_name(config),
        "kind": "sentences' responses",
        "n_targets": len(config.responses),
        "mask": None,
        "affine": None,
        "transform": None,
        "target_rois": list(config.responses),
    }
