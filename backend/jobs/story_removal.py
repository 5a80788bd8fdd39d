"""How much predictivity of stories falls when what probes read is taken out of words' states."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError
from backend.jobs.progress import Progress, Silent
from backend.jobs.removal import removal_row
from backend.jobs.removal_config import StoryRemovalTask
from backend.jobs.story_features import layer_features, word_states
from backend.jobs.story_material import StoryMaterial, read_material
from backend.jobs.story_scores import Ceilings, score_region
from backend.jobs.word_erasure import fit_word_erasers, probe_words, words_of_folds
from backend.probing.bundled import bundled_tasks
from backend.probing.erasure import Eraser, Erasers
from backend.probing.states import PieceStates, pieces_of, read_pieces
from backend.probing.story_labels import read_story_labels
from backend.probing.task_erasure import fit_task_erasers, probe_tasks
from backend.store.shards import Row, write_removal

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Removed:
    """A property, and what takes it out of a layer.

    Attributes
    ----------
    name : str
    erasers : tuple of Erasers
        One per fold; the same for all of them where the stories had no part in fitting it.
    probe_before, probe_after : float
        What linear probes read of it.
    """

    name: str
    erasers: tuple[Erasers, ...]
    probe_before: float
    probe_after: float


OfLayer = Callable[[int], Iterator[Removed]]


def run_story_removal(task: StoryRemovalTask, progress: Progress | None = None) -> str:
    """Take each property out of each layer's states of words, and predict the responses again.

    The eraser (LEACE) is fitted to the items of the bundled tasks of a phenomenon, or, where the
    stories' own words are labelled, to the words that each fold trains on. It is applied to the
    states of every word; from there on everything is as in an encoding run: the way to TRs, the
    delays, the folds and the ridge. As many random directions, in the same whitened space, are
    removed for comparison.

    Parameters
    ----------
    task : StoryRemovalTask
    progress : Progress, optional

    Returns
    -------
    str
        The run's id. Its rows are one per layer, property, region and fold; r is the mean over the
        region's targets.

    Raises
    ------
    InputError, ModelError, StoreError
        As their messages say; nothing is written then.
    """
    progress, started, config = progress or Silent(), time.perf_counter(), task.config
    layers = config.layers or ()
    material = read_material(task, progress)
    notes: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        if config.labels is None:
            of_layer = _of_tasks(task, material, Path(scratch), progress)
        else:
            of_layer, notes = _of_words(task, material)
        n_sets = 1 + len(config.phenomena) * (1 + config.n_random)
        progress.stage("predicting again", len(layers) * n_sets * len(material.folds))
        rows = [
            {"run_id": config.run_id, **row}
            for layer in layers
            for row in _rows(material, layer, of_layer(layer))
        ]
    read = [note for states in material.states.values() for note in states.warnings]
    described = {
        **removal_row(config, material.source, material.loaded),
        "n_folds": len(material.folds),
        "n_samples": len(material.design.rows),
        "context_length": config.context,
        "labels": config.labels,
        "warnings": list(dict.fromkeys(
            [*material.recording.warnings, *material.design.warnings, *read, *notes]
        )),
        "seconds": time.perf_counter() - started,
    }  # fmt: skip
    write_removal(task.store, config.run_id, {"removal_scores": rows, "removal_runs": [described]})
    return config.run_id


def _of_tasks(
    task: StoryRemovalTask, material: StoryMaterial, scratch: Path, progress: Progress
) -> OfLayer:
    """Remove what the bundled tasks of each phenomenon ask."""
    config, n_folds = task.config, len(material.folds)
    tasks = [each for each in bundled_tasks() if each.phenomenon in config.phenomena]
    pieces = pieces_of(tasks)
    progress.stage("reading texts", len(pieces))
    probed: PieceStates = read_pieces(
        material.loaded, pieces, scratch / "probes.npy", config.layers, progress.advance
    )

    def of_layer(layer: int) -> Iterator[Removed]:
        for name in config.phenomena:
            own = [each for each in tasks if each.phenomenon == name]
            features = [probed.of_items(each.items, layer) for each in own]
            erasers = fit_task_erasers(own, features, config.n_random)
            before, after = probe_tasks(own, features), probe_tasks(own, features, erasers.leace)
            yield Removed(name, (erasers,) * n_folds, before, after)

    return of_layer


def _of_words(task: StoryRemovalTask, material: StoryMaterial) -> tuple[OfLayer, tuple[str, ...]]:
    """Remove what the labels of the stories' own words say."""
    config, recording, design = task.config, material.recording, material.design
    if task.labels_path is None:
        raise InputError("name the labels of the stories' words.")
    stories = {story: recording.stimuli[story] for story in design.stories}
    labels = read_story_labels(task.labels_path, stories, config.phenomena)
    if labels.sha256 != config.tasks_sha256:
        raise InputError(f"the labels {labels.name} have changed since this was asked; ask again.")
    folds = words_of_folds(recording, design, material.folds)

    def of_layer(layer: int) -> Iterator[Removed]:
        states_of = partial(_states_of, material, layer)
        fitted = [
            fit_word_erasers(states_of, words, labels.properties, config.n_random)
            for words in folds
        ]
        for known, erasers in zip(labels.properties, zip(*fitted, strict=True), strict=True):
            before = probe_words(states_of, folds, known)
            after = probe_words(states_of, folds, known, [each.leace for each in erasers])
            yield Removed(known.title, erasers, before, after)

    return of_layer, labels.notes


def _rows(material: StoryMaterial, layer: int, properties: Iterator[Removed]) -> Iterator[Row]:
    full = _score(material, layer, (None,) * len(material.folds), f"layer {layer}")
    for each in properties:
        what = f"layer {layer} without {each.name}"
        removed = _score(material, layer, [of.leace for of in each.erasers], what)
        drawn = np.stack(
            [
                _score(material, layer, draw, f"{what}, random directions")
                for draw in zip(*(of.random for of in each.erasers), strict=True)
            ]
        )
        for fold, erasers in enumerate(each.erasers):
            for place, region in enumerate(material.recording.space.regions):
                draws = drawn[:, fold, place]
                yield {
                    "layer": layer,
                    "phenomenon": each.name,
                    "roi": region.name,
                    "hemisphere": region.hemisphere,
                    "fold": fold,
                    "held_out": material.folds[fold].held_out,
                    "rank": erasers.leace.rank,
                    "probe_before": each.probe_before,
                    "probe_after": each.probe_after,
                    "r_full": full[fold, place],
                    "r_removed": removed[fold, place],
                    "r_random": draws.mean(),
                    "random_draws": draws.tolist(),
                }


def _score(
    material: StoryMaterial, layer: int, erasers: Sequence[Eraser | None], what: str
) -> NDArray[np.float64]:
    """Score a layer after removal, region by region, [n_folds, n_regions]."""
    fitter, regions = material.fitter, material.recording.space.regions

    is_one = all(each is erasers[0] for each in erasers)
    shared = _features(material, layer, erasers[0]) if is_one else None

    def kernel_of(index: int) -> Array:
        own = _features(material, layer, erasers[index]) if shared is None else shared
        return fitter.kernel(own, material.folds[index])

    scores = fitter.score_set(kernel_of, what)
    unknown = Ceilings(None, fitter.config.ceiling_floor)
    return np.array(
        [
            [score_region(scores, fold, region, unknown, 1).r for region in regions]
            for fold in range(len(material.folds))
        ]
    )


def _features(material: StoryMaterial, layer: int, eraser: Eraser | None) -> Array:
    if eraser is None:
        return layer_features(material.states, layer, material.axis)
    return material.axis.join(lambda story: eraser.erase(_states_of(material, layer, story)))


def _states_of(material: StoryMaterial, layer: int, story: str) -> NDArray[np.floating]:
    return word_states(material.states[story], layer)
