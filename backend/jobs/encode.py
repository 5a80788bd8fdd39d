"""The task itself: a request in, one shard of scores out."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from backend.compression.memory import READ_LESS, explained_memory
from backend.datasets import SentenceRecording, read_sentence_table
from backend.encoding.banded import BandedFold, BandKernels
from backend.encoding.folds import Fold, make_folds
from backend.encoding.parallel import map_parallel
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r, r2
from backend.features import baselines
from backend.features.extraction import extract_sentence_states, static_embeddings
from backend.features.loading import load_model
from backend.features.sources import resolve_model
from backend.jobs.calibration import calibration_of
from backend.jobs.config import EncodingConfig, Task
from backend.jobs.description import describe_run
from backend.jobs.progress import Progress, Silent
from backend.jobs.request import check_folds
from backend.jobs.shared_work import SharedWork
from backend.store.shards import RunTables, write_run

Array = NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class FoldScores:
    """Scores [n_folds, n_targets] of one feature set."""

    r: Array
    r2: Array


@dataclass(frozen=True)
class Baselines:
    """What the baselines score, and the joint models that layers are added to."""

    scores: Mapping[str, FoldScores]
    joint: tuple[BandedFold, ...]


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
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        progress.stage("reading sentences", len(sentences))
        with explained_memory(source.name, "being read", READ_LESS):
            states_path, layers = extract_sentence_states(
                loaded,
                sentences,
                Path(scratch) / "states.npy",
                pooling=config.pooling,
                layers=config.layers,
                advance=progress.advance,
            )
        extracted = time.perf_counter()
        static = static_embeddings(loaded, sentences)
        progress.stage("fitting baselines", (len(baselines.NUISANCE) + 2) * len(folds))
        nuisance = shared.of(config, lambda: fit_nuisance(recording, folds, progress))
        base = with_static(nuisance, recording, static, folds, progress)
        states = np.load(states_path, mmap_mode="r")
        progress.stage("fitting layers", len(layers) * len(folds))
        by_layer = {}
        for place, layer in enumerate(layers):
            features = np.asarray(states[place])
            by_layer[layer] = fit_layer(features, recording.responses, folds, base, progress)
    finished = time.perf_counter()
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
                "seconds": finished - started,
                "extraction_seconds": extracted - started,
                "fit_seconds": finished - extracted,
                "warnings": list(warnings),
            }
        ],
        roi_scores=_roi_rows(config, by_layer, base),
        baseline_scores=_baseline_rows(config, base),
        target_scores=_target_rows(config, by_layer),
        spaces=[_space_row(config)],
    )
    write_run(task.store, config.run_id, tables)
    return config.run_id


def fit_nuisance(
    recording: SentenceRecording, folds: Sequence[Fold], progress: Progress
) -> Baselines:
    """Fit each nuisance baseline alone, and all of them together.

    Parameters
    ----------
    recording : SentenceRecording
    folds : sequence of Fold
    progress : Progress
        Advanced once per feature set and fold.

    Returns
    -------
    Baselines
        The same for every model.
    """
    responses = recording.responses
    features = {name: build(recording.sentences) for name, build in baselines.NUISANCE.items()}
    scores = {
        name: _score_baseline(name, values, responses, folds, progress)
        for name, values in features.items()
    }

    def join(fold: Fold) -> BandedFold:
        model = BandedFold(responses, fold)
        for name, values in features.items():
            model = model.extend(BandKernels.of(values, fold, baselines.scaling_of(name)))
        return model

    joint = _in_parallel(join, folds, progress)
    scores[baselines.JOINT] = score_folds([model.predict() for model in joint], responses, folds)
    return Baselines(scores, tuple(joint))


def with_static(
    nuisance: Baselines,
    recording: SentenceRecording,
    static: Array,
    folds: Sequence[Fold],
    progress: Progress,
) -> Baselines:
    """Fit a model's word embeddings without context beside the nuisance baselines.

    Parameters
    ----------
    nuisance : Baselines
    recording : SentenceRecording
    static : ndarray of shape (n_sentences, n_dims)
    folds : sequence of Fold
    progress : Progress
        Advanced once per fold.

    Returns
    -------
    Baselines
    """
    name = baselines.STATIC
    of_static = _score_baseline(name, static, recording.responses, folds, progress)
    return Baselines({**nuisance.scores, name: of_static}, nuisance.joint)


def _score_baseline(
    name: str, values: Array, responses: Array, folds: Sequence[Fold], progress: Progress
) -> FoldScores:
    fit = partial(fit_predict, values, responses, scaling=baselines.scaling_of(name))
    return score_folds(_in_parallel(fit, folds, progress), responses, folds)


def _in_parallel(
    fit: Callable[[Item], Result], items: Sequence[Item], progress: Progress
) -> list[Result]:
    results = []
    for result in map_parallel(fit, items):
        results.append(result)
        progress.advance()
    return results


def fit_layer(
    features: Array, responses: Array, folds: Sequence[Fold], base: Baselines, progress: Progress
) -> tuple[FoldScores, Array]:
    """Fit one layer alone, and together with the nuisance baselines.

    Parameters
    ----------
    features : ndarray of shape (n_sentences, n_dims)
    responses : ndarray of shape (n_sentences, n_targets)
    folds : sequence of Fold
    base : Baselines
        Fitted on the same folds.
    progress : Progress
        Advanced once per fold.

    Returns
    -------
    tuple of (FoldScores, ndarray of shape (n_folds, n_targets))
        Scores of the layer alone, and its unique R2: what adding it to the nuisance baselines
        adds to their held-out R2.
    """

    def fit(nuisance: BandedFold) -> tuple[Array, Array]:
        together = nuisance.extend(BandKernels.of(features, nuisance.fold))
        return fit_predict(features, responses, nuisance.fold), together.predict()

    alone, together = zip(*_in_parallel(fit, base.joint, progress), strict=True)
    joint = score_folds(together, responses, folds)
    unique = joint.r2 - base.scores[baselines.JOINT].r2
    return score_folds(alone, responses, folds), unique


def score_folds(predicted: Sequence[Array], responses: Array, folds: Sequence[Fold]) -> FoldScores:
    """Score held-out predictions fold by fold.

    Parameters
    ----------
    predicted : sequence of ndarray of shape (n_test, n_targets)
        One per fold.
    responses : ndarray of shape (n_sentences, n_targets)
    folds : sequence of Fold

    Returns
    -------
    FoldScores
    """
    pairs = [(p, responses[fold.test]) for p, fold in zip(predicted, folds, strict=True)]
    return FoldScores(
        r=np.stack([pearson_r(p, y) for p, y in pairs]), r2=np.stack([r2(p, y) for p, y in pairs])
    )


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
