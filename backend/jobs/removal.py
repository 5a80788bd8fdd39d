"""How much predictivity falls when what a phenomenon's probes read is taken out of the states."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.datasets import SentenceRecording, read_sentence_table
from backend.encoding.folds import Fold, make_folds
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r
from backend.features.cache import StateCache
from backend.features.loading import LoadedModel, load_model
from backend.features.sentence_states import read_sentence_states
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.calibration import calibration_of, compression_as_shown
from backend.jobs.description import describe_run
from backend.jobs.progress import Progress, Silent
from backend.jobs.removal_config import AnyRemovalConfig, RemovalTask
from backend.probing.bundled import bundled_tasks
from backend.probing.states import PieceStates, pieces_of, read_pieces
from backend.probing.task_erasure import fit_task_erasers, probe_tasks
from backend.probing.tasks import ProbingTask
from backend.store.shards import Row, write_removal

Array = NDArray[np.float32]


def run_removal(task: RemovalTask, progress: Progress | None = None) -> str:
    """Take each phenomenon out of each layer's states, and predict the responses again.

    The eraser (LEACE) is fitted to the states of the bundled tasks of a phenomenon, and applied to
    those of the data set's sentences; as many random directions, in the same whitened space, are
    removed for comparison.

    Parameters
    ----------
    task : RemovalTask
    progress : Progress, optional

    Returns
    -------
    str
        The run's id. Its rows are one per layer, phenomenon, response and fold; probe_before and
        probe_after are balanced accuracies over the phenomenon's tasks on the states that the
        eraser was fitted to, of which no linear probe may read anything afterwards.

    Raises
    ------
    InputError, ModelError
        As their messages say; nothing is written then.
    """
    progress, started, config = progress or Silent(), time.perf_counter(), task.config
    tasks = [each for each in bundled_tasks() if each.phenomenon in config.phenomena]
    recording = read_sentence_table(task.data_path, config.sentence, config.responses, config.group)
    sentences = recording.sentences
    folds = make_folds(
        len(sentences), config.split, config.n_folds, sentences.groups, config.seed, config.gap
    )
    shown = calibration_of(config, task.calibration_path, [" ".join(sentences.texts)])
    source = resolve_model(task.model_name)
    progress.stage("loading the model", 1)
    loaded = load_model(source, config.compression, task.device, shown)
    progress.advance()
    layers = config.layers or ()
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        probed, states = _read(loaded, tasks, recording, layers, cache, Path(scratch), progress)
        work = Work(probed, recording, folds, config.n_random, progress)
        progress.stage(
            "predicting again",
            len(layers) * (1 + len(config.phenomena) * (1 + config.n_random)),
        )
        rows = [
            {"run_id": config.run_id, "hemisphere": config.hemisphere, **row}
            for layer in layers
            for row in _of_layer(work, tasks, layer, np.array(states[layer]))
        ]
    described = {
        **removal_row(config, source, loaded),
        "n_folds": len(folds),
        "n_samples": len(sentences),
        "seconds": time.perf_counter() - started,
    }
    write_removal(task.store, config.run_id, {"removal_scores": rows, "removal_runs": [described]})
    return config.run_id


def removal_row(
    config: AnyRemovalConfig, source: ModelSource, loaded: LoadedModel
) -> dict[str, object]:
    """Describe a run of removals by its request, its model as measured, and this machine.

    Parameters
    ----------
    config : RemovalConfig or StoryRemovalConfig
    source : ModelSource
    loaded : LoadedModel

    Returns
    -------
    dict
        Columns of ``removal_runs``; the caller adds those that depend on what was presented.
    """
    return {
        **describe_run(config, source, loaded),
        "data_sha256": config.data_sha256,
        "model_fingerprint": source.fingerprint,
        "n_random": config.n_random,
        "created_at": datetime.now(UTC),
    }


@dataclass(frozen=True)
class Work:
    """What is the same for all layers and phenomena of a run.

    Attributes
    ----------
    probed : PieceStates
        Of the bundled tasks.
    recording : SentenceRecording
    folds : sequence of Fold
    n_random : int
    progress : Progress
    """

    probed: PieceStates
    recording: SentenceRecording
    folds: Sequence[Fold]
    n_random: int
    progress: Progress

    def predict(self, features: Array) -> NDArray[np.float64]:
        """Score held-out predictions, [n_folds, n_responses]."""
        responses = self.recording.responses
        scores = np.stack(
            [
                pearson_r(fit_predict(features, responses, fold), responses[fold.test])
                for fold in self.folds
            ]
        ).astype(np.float64)
        self.progress.advance()
        return scores


def _read(
    loaded: LoadedModel,
    tasks: Sequence[ProbingTask],
    recording: SentenceRecording,
    layers: Sequence[int],
    cache: StateCache,
    scratch: Path,
    progress: Progress,
) -> tuple[PieceStates, Mapping[int, NDArray[np.floating]]]:
    pieces = pieces_of(tasks)
    progress.stage("reading texts", len(pieces) + len(recording.sentences))
    probed = read_pieces(loaded, pieces, scratch / "probes.npy", layers, progress.advance)
    states = read_sentence_states(
        loaded, recording.sentences, cache, scratch, layers=layers, advance=progress.advance
    )
    return probed, states


def _of_layer(work: Work, tasks: Sequence[ProbingTask], layer: int, states: Array) -> Iterator[Row]:
    full = work.predict(states)
    for name in dict.fromkeys(each.phenomenon for each in tasks):
        work.progress.note(f"{name}, layer {layer}")
        own = [each for each in tasks if each.phenomenon == name]
        yield from _removed(work, own, layer, states, full)


def _removed(
    work: Work,
    tasks: Sequence[ProbingTask],
    layer: int,
    states: Array,
    full: NDArray[np.float64],
) -> Iterator[Row]:
    features = [work.probed.of_items(each.items, layer) for each in tasks]
    erasers = fit_task_erasers(tasks, features, work.n_random)
    removed = work.predict(erasers.leace.erase(states))
    drawn = np.stack([work.predict(each.erase(states)) for each in erasers.random])
    shared = {
        "layer": layer,
        "phenomenon": tasks[0].phenomenon,
        "rank": erasers.leace.rank,
        "probe_before": probe_tasks(tasks, features),
        "probe_after": probe_tasks(tasks, features, erasers.leace),
    }
    for target, response in enumerate(work.recording.targets):
        for fold in range(len(work.folds)):
            draws = drawn[:, fold, target]
            yield {
                **shared,
                "roi": response,
                "fold": fold,
                "r_full": full[fold, target],
                "r_removed": removed[fold, target],
                "r_random": draws.mean(),
                "random_draws": draws.tolist(),
            }
