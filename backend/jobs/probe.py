"""Probes of one model: a request in, one shard of scores out."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from backend import __version__
from backend.compression.memory import READ_LESS, explained_memory
from backend.errors import InputError
from backend.features.cache import StateCache
from backend.features.contexts import ContextSettings
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.config import ProbeTask, ProbingConfig
from backend.jobs.description import device_name
from backend.jobs.progress import Progress, Silent
from backend.probing.controls import control_designs, keyword_features, length_features
from backend.probing.fit import design_of, predict_labels
from backend.probing.scores import Hits, interval, score
from backend.probing.sources import ChoiceSet, ProbeSet, read_probes
from backend.probing.states import PieceStates, pieces_of, read_pieces
from backend.probing.story_pieces import read_story_pieces
from backend.probing.tasks import ProbingTask
from backend.store.shards import Row, write_probes

_EXAMPLES = 6
"""Items of a task that are kept to be shown: as many that are right as are wrong."""


@dataclass(frozen=True)
class Surface:
    """What a task's surface gives away.

    Attributes
    ----------
    length, keyword : Hits
        Of probes that know the lengths, or which words are there, and nothing else.
    """

    length: Hits
    keyword: Hits


@dataclass(frozen=True)
class Probed:
    """A task's scores at each layer, and the labels that one layer's probe predicts."""

    rows: Sequence[Row]
    examples: Sequence[Row]


def run_probing(task: ProbeTask, progress: Progress | None = None) -> str:
    """Read the texts of all tasks once, probe every layer for each, and write the scores.

    Parameters
    ----------
    task : ProbeTask
    progress : Progress, optional
        Told of each stage and step; may stop the work by raising.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    InputError, ModelError
        As their messages say; nothing is written then.
    """
    progress, started = progress or Silent(), time.perf_counter()
    config = task.config
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(config.seed)
    progress.stage("making the tasks", 1)
    probes = read_probes(config.source, task.probes_path, task.transcript_path, config.tasks)
    refuse_changed(config, probes)
    progress.advance()
    source = resolve_model(task.model_name)
    shown = calibration_of(
        config, task.calibration_path, [text for each in probes.tasks for text in each.texts]
    )
    progress.stage("loading the model", 1)
    progress.note(f"{source.name}, {config.compression}")
    loaded = load_model(source, config.compression, task.device, shown)
    progress.advance()
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        with explained_memory(source.name, "being read", READ_LESS):
            states, notes = _read(task, probes, source, loaded, Path(scratch), progress)
        read = time.perf_counter()
        progress.stage("probing", len(probes.tasks) * len(states.layers))
        probed = [
            probe_task(each, states, config, loaded.device, progress) for each in probes.tasks
        ]
    row = {
        **describe_probes(config, source, loaded),
        "warnings": [*probes.notes, *notes],
        "created_at": datetime.now(UTC),
        "seconds": time.perf_counter() - started,
        "reading_seconds": read - started,
    }
    write_probes(
        task.store,
        config.run_id,
        {
            "probe_scores": [row for each in probed for row in each.rows],
            "probe_examples": [row for each in probed for row in each.examples],
            "probe_runs": [row],
        },
    )
    return config.run_id


def _read(
    task: ProbeTask,
    probes: ProbeSet,
    source: ModelSource,
    loaded: LoadedModel,
    scratch: Path,
    progress: Progress,
) -> tuple[PieceStates, tuple[str, ...]]:
    """Read each text by itself, or in its story where that is asked for."""
    config, pieces, out = task.config, pieces_of(probes.tasks), scratch / "states.npy"
    within = config.story_context
    if within is None:
        progress.stage("reading texts", len({piece.text for piece in pieces}))
        return read_pieces(loaded, pieces, out, config.layers, progress.advance), ()
    progress.stage("reading the story", sum(len(story) for story in probes.stories))
    settings = ContextSettings(within.context, within.mode, within.pooling)
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    return read_story_pieces(
        loaded, probes.stories, pieces, settings, cache, out, config.layers, progress.advance
    )


def probe_task(
    task: ProbingTask,
    states: PieceStates,
    config: ProbingConfig,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> Probed:
    """Probe every layer for one task.

    Parameters
    ----------
    task : ProbingTask
    states : PieceStates
    config : ProbingConfig
    device : torch.device or str
    progress : Progress, optional

    Returns
    -------
    Probed
        Examples are of the layer with the highest score.
    """
    progress = progress or Silent()
    progress.note(task.name)
    designs = [design_of(task)] * config.n_seeds
    controls = control_designs(task, config.n_seeds)
    floors = surface_of(task, config.n_seeds)
    hits, control_hits, predicted = [], [], []
    for layer in states.layers:
        features = states.of_items(task.items, layer)
        predicted.append(predict_labels(features, designs, device))
        hits.append(score(predicted[-1], designs))
        control_hits.append(score(predict_labels(features, controls, device), controls))
        progress.advance()
    best = int(np.argmax([each.score for each in hits]))
    return Probed(
        _rows(task, config, states.layers, hits, control_hits, floors),
        _examples(task, config, states.layers[best], predicted[best][0]),
    )


@lru_cache(maxsize=64)
def surface_of(task: ProbingTask, n_seeds: int) -> Surface:
    """Score what the length of its texts, and their words, give away of a task.

    Parameters
    ----------
    task : ProbingTask
    n_seeds : int

    Returns
    -------
    Surface
        On the same items and folds as any model's probe, whatever the model.
    """
    designs = [design_of(task)] * n_seeds
    return Surface(
        score(predict_labels(length_features(task), designs), designs),
        score(predict_labels(keyword_features(task), designs), designs),
    )


def refuse_changed(config: ProbingConfig, probes: ProbeSet | ChoiceSet) -> None:
    """Refuse probes that are not those of the request.

    Raises
    ------
    InputError
    """
    if probes.sha256 != config.data_sha256:
        raise InputError(
            f"the probes {probes.name} have changed since they were asked for; ask again."
        )


def describe_probes(
    config: ProbingConfig, source: ModelSource, loaded: LoadedModel
) -> dict[str, object]:
    """Describe a run of probes by its request, its model as measured, and this machine.

    Parameters
    ----------
    config : ProbingConfig
    source : ModelSource
    loaded : LoadedModel

    Returns
    -------
    dict
        Columns of ``probe_runs``, without times and warnings.
    """
    return {
        "run_id": config.run_id,
        "kind": config.source,
        "dataset": config.dataset,
        "data_sha256": config.data_sha256,
        "model": config.model,
        "model_fingerprint": source.fingerprint,
        "model_family": source.family,
        "n_parameters": loaded.weights.n_parameters,
        "compression": config.compression,
        "bits_per_weight": loaded.weights.bits_per_weight,
        "sparsity": loaded.weights.sparsity,
        "n_seeds": config.n_seeds,
        "evidence": config.evidence,
        "source": config.citation,
        "code_version": __version__,
        "device": device_name(loaded.device),
        "config": config.model_dump_json(),
    }


def _rows(
    task: ProbingTask,
    config: ProbingConfig,
    layers: Sequence[int],
    hits: Sequence[Hits],
    control_hits: Sequence[Hits],
    floors: Surface,
) -> list[Row]:
    clusters = np.stack([each.clusters for each in hits], axis=1)
    controls = np.stack([each.clusters for each in control_hits], axis=1)
    chance = 1 / len(np.unique(task.labels))
    strongest = max((floors.length, floors.keyword), key=lambda each: each.score)
    # A surface that tells less than nothing is no floor.
    floor = strongest.clusters if strongest.score > chance else np.full(len(clusters), chance)
    bounds = {
        "score": interval(clusters),
        "selectivity": _of_difference(clusters, controls),
        "gain": interval(clusters - floor[:, None]),
    }
    shared = {
        "run_id": config.run_id,
        "phenomenon": task.phenomenon,
        "task": task.name,
        "title": task.title,
        "n_items": int((task.folds >= 0).sum()),
        "n_clusters": len(clusters),
        "chance": chance,
        "length_score": floors.length.score,
        "keyword_score": floors.keyword.score,
    }
    return [
        {
            **shared,
            "layer": layer,
            "score": hits[place].score,
            "low": bounds["score"][0][place],
            "high": bounds["score"][1][place],
            "seed_sd": hits[place].seed_sd,
            "control_score": control_hits[place].score,
            "selectivity": hits[place].score - control_hits[place].score,
            "selectivity_low": bounds["selectivity"][0][place],
            "selectivity_high": bounds["selectivity"][1][place],
            "gain": hits[place].score - float(floor.mean()),
            "gain_low": bounds["gain"][0][place],
            "gain_high": bounds["gain"][1][place],
            "cluster_scores": clusters[:, place].tolist(),
        }
        for place, layer in enumerate(layers)
    ]


def _of_difference(
    clusters: NDArray[np.float64], controls: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval of the selectivity; a control task may test other clusters than the task does."""
    if len(clusters) == len(controls):
        return interval(clusters - controls)
    low, high = interval(clusters)
    return low - controls.mean(axis=0), high - controls.mean(axis=0)


def _examples(
    task: ProbingTask, config: ProbingConfig, layer: int, predicted: NDArray[np.int64]
) -> list[Row]:
    """Keep some items that are right and some that are wrong, of each label."""
    names = np.unique(task.labels)
    rows: list[Row] = []
    for is_right in (False, True):
        of_kind = [
            index
            for index in np.flatnonzero(task.folds >= 0)
            if (names[predicted[index]] == task.items[index].label) == is_right
        ]
        drawn = np.random.default_rng(0).permutation(of_kind)[:_EXAMPLES]
        rows += [
            {
                "run_id": config.run_id,
                "layer": layer,
                "task": task.name,
                "text": task.items[index].text,
                "label": task.items[index].label,
                "predicted": str(names[predicted[index]]),
                "is_right": is_right,
            }
            for index in map(int, drawn)
        ]
    return rows
