"""How much predictivity falls when what a phenomenon's probes read is taken out of the states."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.datasets import SentenceRecording, read_sentence_table
from backend.encoding.folds import Fold, make_folds
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r
from backend.errors import InputError
from backend.features.extraction import extract_sentence_states
from backend.features.loading import LoadedModel, load_model
from backend.features.sources import resolve_model
from backend.jobs.calibration import calibration_of
from backend.jobs.config import Task
from backend.jobs.progress import Progress, Silent
from backend.probing.bundled import bundled_tasks
from backend.probing.erasure import Eraser, fit_leace_to, fit_random
from backend.probing.fit import design_of, predict_labels
from backend.probing.scores import score
from backend.probing.states import PieceStates, pieces_of, read_pieces
from backend.probing.tasks import ProbingTask, choose_tasks
from backend.statistics import mean_interval

Array = NDArray[np.float32]


def measure_removal(
    task: Task,
    phenomena: Sequence[str],
    layer: int,
    n_random: int = 5,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Take each phenomenon out of a layer's states, and predict the responses again.

    The eraser (LEACE) is fitted to the states of the bundled tasks of a phenomenon, and applied to
    those of the data set's sentences; as many random directions, in the same whitened space, are
    removed for comparison.

    Parameters
    ----------
    task : Task
        A run on sentences: data, model, compression and folds.
    phenomena : sequence of str
    layer : int
    n_random : int
        Draws of random directions.
    progress : Progress, optional

    Returns
    -------
    pandas.DataFrame
        One row per phenomenon and response: phenomenon, response, rank, probe_before and
        probe_after (balanced accuracy over the phenomenon's tasks on the states that the eraser was
        fitted to, of which no linear probe may read anything afterwards), r_full, r_removed,
        r_random (means over folds), fall (r_removed minus r_random) with low and high (95% t
        interval over folds).

    Raises
    ------
    InputError
        If a layer or a phenomenon is not there, or fewer than two random draws are asked for.
    """
    if n_random < 2:
        raise InputError(f"{n_random} random draws were asked for; ask for two or more.")
    progress, config = progress or Silent(), task.config
    tasks = choose_tasks(bundled_tasks(), phenomena)
    names = list(dict.fromkeys(each.phenomenon for each in tasks))
    recording = read_sentence_table(task.data_path, config.sentence, config.responses, config.group)
    sentences = recording.sentences
    folds = make_folds(
        len(sentences), config.split, config.n_folds, sentences.groups, config.seed, config.gap
    )
    shown = calibration_of(config, task.calibration_path, [" ".join(sentences.texts)])
    progress.stage("loading the model", 1)
    loaded = load_model(resolve_model(task.model_name), config.compression, task.device, shown)
    progress.advance()
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        probed, states = _read(loaded, tasks, recording, layer, Path(scratch), progress)
        progress.stage("predicting again", 1 + len(names) * (1 + n_random))
        full = _by_fold(states, recording, folds)
        progress.advance()
        rows = []
        for name in names:
            progress.note(name)
            own = [each for each in tasks if each.phenomenon == name]
            rows += list(
                _removed(own, probed, layer, states, recording, folds, full, n_random, progress)
            )
    return pd.DataFrame(rows)


def _read(
    loaded: LoadedModel,
    tasks: Sequence[ProbingTask],
    recording: SentenceRecording,
    layer: int,
    scratch: Path,
    progress: Progress,
) -> tuple[PieceStates, Array]:
    pieces = pieces_of(tasks)
    progress.stage("reading texts", len(pieces) + len(recording.sentences))
    probed = read_pieces(loaded, pieces, scratch / "probes.npy", [layer], progress.advance)
    path, _ = extract_sentence_states(
        loaded, recording.sentences, scratch / "states.npy", layers=[layer],
        advance=progress.advance,
    )  # fmt: skip
    return probed, np.load(path)[0]


def fit_eraser(tasks: Sequence[ProbingTask], features: Sequence[Array]) -> tuple[Eraser, Array]:
    """Fit one eraser to several tasks of two labels or more, each on its own items.

    Parameters
    ----------
    tasks : sequence of ProbingTask
    features : sequence of ndarray, shape (n_items, n_dims)
        Of each task's items.

    Returns
    -------
    tuple of (Eraser, ndarray)
        And the states it was fitted to. Within a task labels are coded to sum to 0, and 0 in the
        others, so that which task an item is of is not removed.
    """
    designs = [design_of(task) for task in tasks]
    states = np.concatenate(features)
    columns = []
    start = 0
    for design in designs:
        rows = slice(start, start + len(design.labels))
        for label in range(design.n_labels - 1):
            column = np.zeros(len(states))
            marked = (design.labels == label).astype(np.float64)
            column[rows] = marked - marked.mean()
            columns.append(column)
        start = rows.stop
    return fit_leace_to(states, np.column_stack(columns)), states


def _removed(
    tasks: Sequence[ProbingTask],
    probed: PieceStates,
    layer: int,
    states: Array,
    recording: SentenceRecording,
    folds: Sequence[Fold],
    full: NDArray[np.float64],
    n_random: int,
    progress: Progress,
) -> Iterator[dict[str, object]]:
    features = [probed.of_items(each.items, layer) for each in tasks]
    eraser, fitted = fit_eraser(tasks, features)
    removed = _by_fold(eraser.erase(states), recording, folds)
    progress.advance()
    drawn = []
    for seed in range(n_random):
        random = fit_random(fitted, eraser.rank, seed)
        drawn.append(_by_fold(random.erase(states), recording, folds))
        progress.advance()
    chance = np.mean(drawn, axis=0)
    before = np.mean([_probe(each, x) for each, x in zip(tasks, features, strict=True)])
    after = np.mean(
        [_probe(each, eraser.erase(x)) for each, x in zip(tasks, features, strict=True)]
    )
    for target, response in enumerate(recording.targets):
        fall = mean_interval(removed[:, target] - chance[:, target])
        yield {
            "phenomenon": tasks[0].phenomenon,
            "response": response,
            "rank": eraser.rank,
            "probe_before": before,
            "probe_after": after,
            "r_full": full[:, target].mean(),
            "r_removed": removed[:, target].mean(),
            "r_random": chance[:, target].mean(),
            "fall": fall.mean,
            "low": fall.low,
            "high": fall.high,
        }


def _probe(task: ProbingTask, features: Array) -> float:
    design = design_of(task)
    return score(predict_labels(features, [design]), [design]).score


def _by_fold(
    features: Array, recording: SentenceRecording, folds: Sequence[Fold]
) -> NDArray[np.float64]:
    """Score held-out predictions, [n_folds, n_responses]."""
    responses = recording.responses
    return np.stack(
        [pearson_r(fit_predict(features, responses, fold), responses[fold.test]) for fold in folds]
    ).astype(np.float64)
