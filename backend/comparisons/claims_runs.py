"""The runs that would decide a claim, as commands of the design that the store already has."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from backend import catalog
from backend.catalog import PlannedRun
from backend.comparisons.claims_material import Material
from backend.comparisons.claims_verdict import MissingRun

# Options of a request on sentences and on stories, with their defaults: what a run of another
# value would not be comparable without.
_SENTENCES = {"pooling": "mean"}
_STORIES = {
    "context": 128, "context_mode": "strided", "pooling": "last", "downsampling": "lanczos",
    "hrf": None,
}  # fmt: skip


def missing_runs(material: Material, planned: Iterable[PlannedRun]) -> tuple[MissingRun, ...]:
    """Name the planned runs that the store does not have.

    Parameters
    ----------
    material : Material
    planned : iterable of PlannedRun
        Compressions that this version cannot make are left out.

    Returns
    -------
    tuple of MissingRun
        In the order of the plan, one per subject.
    """
    config = json.loads(material.configs["config"].iloc[0]) if len(material.configs) else {}
    done = set(
        zip(
            material.runs["model"], material.runs["compression"], material.runs["subject"],
            strict=True,
        )
    )  # fmt: skip
    subjects = _subjects(material, config)
    missing = []
    for run in planned:
        if run.compression not in catalog.compressions():
            continue
        if run.do == "encode":
            missing += [
                _run(material, run, subject, config)
                for subject in subjects
                if (run.model, run.compression, subject) not in done
            ]
        else:
            missing += (_probe if run.do == "probe" else _removal)(material, run, config)
    return tuple(missing)


def _probe(material: Material, run: PlannedRun, config: Mapping[str, Any]) -> list[MissingRun]:
    if run.model in set(material.levels["model"]):
        return []
    return [_beside(material, run, ["probe", "--model", run.model])]


def _removal(material: Material, run: PlannedRun, config: Mapping[str, Any]) -> list[MissingRun]:
    """Remove from every layer past the embeddings; on stories for each subject."""
    entry = catalog.models().get(run.model)
    layers = f"1-{entry.n_layers}" if entry is not None else "1"
    dataset, split = str(material.selection.dataset), str(material.selection.split)
    stories = _of_stories(material, config)
    words = ["remove", *_data(dataset, stories, config), "--model", run.model, "--layers", layers]
    words += ["--split", split, *(_reading(config) if stories else _options(config, _SENTENCES))]
    done = material.removals[material.removals["model"] == run.model]
    if not stories:
        return [] if len(done) else [_beside(material, run, words)]
    return [
        _beside(material, run, [*words, "--subject", subject], subject)
        for subject in _subjects(material, config)
        if subject not in set(done["subject"])
    ]


def _beside(
    material: Material, run: PlannedRun, words: list[str], subject: str | None = None
) -> MissingRun:
    dataset, split = str(material.selection.dataset), str(material.selection.split)
    command = shlex.join(["python", "-m", "backend", *words])
    return MissingRun(dataset, run.model, run.compression, subject, split, command, False)


def _of_stories(material: Material, config: Mapping[str, Any]) -> bool:
    dataset = str(material.selection.dataset)
    return config.get("kind") == "stories" or dataset in catalog.story_datasets()


def _subjects(material: Material, config: Mapping[str, Any]) -> list[str]:
    known = sorted(material.runs["subject"].dropna().unique())
    entry = catalog.story_datasets().get(str(material.selection.dataset))
    return known or (list(entry.subjects) if entry else [str(config.get("subject", ""))])


def _run(
    material: Material, run: PlannedRun, subject: str, config: Mapping[str, Any]
) -> MissingRun:
    dataset, split = str(material.selection.dataset), str(material.selection.split)
    stories = _of_stories(material, config)
    words = ["python", "-m", "backend", "encode", *_data(dataset, stories, config)]
    if stories:
        words += ["--subject", subject]
    words += ["--model", run.model]
    if run.compression != "none":
        words += ["--compression", run.compression]
    words += ["--split", split]
    words += _reading(config) if stories else _options(config, _SENTENCES)
    return MissingRun(
        dataset, run.model, run.compression, subject if stories else None, split, shlex.join(words)
    )


def _data(dataset: str, stories: bool, config: Mapping[str, Any]) -> list[str]:
    """Name the data: what ships and what is recognised by its content needs no columns."""
    entry = catalog.datasets().get(dataset)
    if dataset in catalog.story_datasets() or (entry is not None and entry.file):
        return ["--dataset", dataset]
    if entry is not None or stories:
        return ["--dataset", f"PATH/{dataset}" + ("" if stories else ".csv")]
    words = ["--dataset", f"PATH/{dataset}.csv", "--name", dataset]
    if config:
        words += ["--sentence", config["sentence"]]
        words += [word for name in config["responses"] for word in ("--response", name)]
        words += ["--group", config["group"]] if config["group"] else []
    return words


def _reading(config: Mapping[str, Any]) -> list[str]:
    """Say how stories were read, and which are held out."""
    held_out = [word for name in config.get("test_stories", ()) for word in ("--test-story", name)]
    return [*_options(config, _STORIES), *held_out]


def _options(config: Mapping[str, Any], defaults: Mapping[str, object]) -> list[str]:
    words = []
    for name, default in defaults.items():
        value = config.get(name, default)
        if value != default:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words
