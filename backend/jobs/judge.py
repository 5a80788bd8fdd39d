"""Minimal pairs and facts of one model: a request in, one shard of scores out."""

import time
from datetime import UTC, datetime

import numpy as np

from backend.errors import InputError
from backend.features.loading import load_causal_model
from backend.features.sources import resolve_model
from backend.jobs.calibration import calibration_of
from backend.jobs.config import ProbeTask, ProbingConfig
from backend.jobs.probe import describe_probes, refuse_changed
from backend.jobs.progress import Progress, Silent
from backend.probing.judgements import ChoiceTask, Read, decide_all, texts_of
from backend.probing.scores import interval
from backend.probing.sources import read_choices
from backend.probing.surprisals import read_texts
from backend.store.shards import Row, write_probes

_EXAMPLES = 6


def run_judging(task: ProbeTask, progress: Progress | None = None) -> str:
    """Ask a causal model which of several texts is the likeliest, and write the scores.

    Parameters
    ----------
    task : ProbeTask
        Whose source is ``pairs`` or ``cloze``.
    progress : Progress, optional

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    InputError, ModelError
        As their messages say, as for a model that does not predict words; nothing is written then.
    """
    progress, started = progress or Silent(), time.perf_counter()
    config = task.config
    if config.layers is not None:
        raise InputError("probabilities have no layers; leave --layers out.")
    choices = read_choices(config.source, task.probes_path, config.tasks)
    refuse_changed(config, choices)
    texts = texts_of(choices.tasks)
    source = resolve_model(task.model_name)
    shown = calibration_of(config, task.calibration_path, texts)
    progress.stage("loading the model", 1)
    progress.note(f"{source.name}, {config.compression}")
    loaded = load_causal_model(source, config.compression, task.device, shown)
    progress.advance()
    progress.stage("reading texts", len(texts))
    reads = read_texts(loaded, texts, progress.advance)
    read = time.perf_counter()
    scored = [_score(each, reads, config) for each in choices.tasks]
    run = {
        **describe_probes(config, source, loaded),
        "warnings": [],
        "created_at": datetime.now(UTC),
        "seconds": time.perf_counter() - started,
        "reading_seconds": read - started,
    }
    write_probes(
        task.store,
        config.run_id,
        {
            "probe_scores": [row for row, _ in scored],
            "probe_examples": [row for _, rows in scored for row in rows],
            "probe_runs": [run],
        },
    )
    return config.run_id


def _score(
    task: ChoiceTask, reads: dict[str, Read], config: ProbingConfig
) -> tuple[Row, list[Row]]:
    picked = decide_all(task, reads)
    right = np.array(
        [one == item.answer for one, item in zip(picked, task.items, strict=True)], dtype=np.float64
    )
    low, high = interval(right)
    gains = interval(right - task.chance)
    row = {
        "run_id": config.run_id,
        "layer": None,
        "phenomenon": task.phenomenon,
        "task": task.name,
        "title": task.title,
        "n_items": len(right),
        "n_clusters": len(right),
        "chance": task.chance,
        "score": right.mean(),
        "low": float(low),
        "high": float(high),
        "gain": right.mean() - task.chance,
        "gain_low": float(gains[0]),
        "gain_high": float(gains[1]),
        "cluster_scores": right.tolist(),
    }
    return row, _examples(task, picked, config)


def _examples(task: ChoiceTask, picked: list[str], config: ProbingConfig) -> list[Row]:
    rows: list[Row] = []
    for is_right in (False, True):
        kept = [
            (item, one)
            for item, one in zip(task.items, picked, strict=True)
            if (one == item.answer) == is_right
        ]
        rows += [
            {
                "run_id": config.run_id, "layer": None, "task": task.name, "text": item.shown,
                "label": item.answer, "predicted": one, "is_right": is_right,
            }
            for item, one in kept[:_EXAMPLES]
        ]  # fmt: skip
    return rows
