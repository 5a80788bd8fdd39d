"""Data sets of stories, by name or by folder: looked at for a request, read for a run."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from backend import catalog
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS
from backend.datasets.digests import file_digest
from backend.datasets.story_facts import FolderReport
from backend.datasets.story_folder import (
    check_story_folder,
    read_story_folder,
    read_story_words,
    story_files,
)
from backend.datasets.story_recording import StoryRecording
from backend.demo import demo_digest, demo_lengths, demo_stories, load_demo_cortex
from backend.errors import InputError
from backend.jobs.config import StoryTask
from backend.jobs.request import user_path
from backend.paths import cache_folder
from backend.stimuli import Words


@dataclass(frozen=True)
class StoryChoice:
    """A subject of a data set of stories, as far as a request needs it.

    Attributes
    ----------
    name : str
        What results are filed under.
    path : Path
        The folder; for the demo, where its responses are kept once they are simulated.
    subject, modality, citation : str
    evidence : {"measured", "simulated"}
    sha256 : str
        Hash of transcripts, responses and description.
    tr : float
        Seconds from a volume to the next.
    stories : mapping of str to int
        TRs of each story.
    n_words, n_targets, n_region_targets : int
    has_ceilings, has_repeats : bool
    n_subjects : int
        Of the whole data set.
    test_stories : tuple of str
        Those that the data set's description holds out.
    warnings : tuple of str
    """

    name: str
    path: Path
    subject: str
    modality: str
    citation: str
    evidence: Literal["measured", "simulated"]
    sha256: str
    tr: float
    stories: Mapping[str, int]
    n_words: int
    n_targets: int
    n_region_targets: int
    has_ceilings: bool
    has_repeats: bool
    n_subjects: int
    test_stories: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def is_stories(dataset: str) -> bool:
    """Whether a name or path is of stories rather than of a table of sentences.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    bool
    """
    return dataset in catalog.story_datasets() or user_path(dataset).is_dir()


def choose_stories(
    dataset: str, subject: str | None = None, name: str | None = None
) -> StoryChoice:
    """Look at a data set of stories.

    Parameters
    ----------
    dataset : str
        A name in story_datasets.yaml, or a folder; see
        :func:`backend.datasets.story_folder.check_story_folder`.
    subject : str, optional
        By default the first.
    name : str, optional
        What to file results under; by default the name that the data set gives itself.

    Returns
    -------
    StoryChoice

    Raises
    ------
    InputError
        If there is no such data set or subject, or with everything that is wrong with it.
    """
    if dataset in catalog.story_datasets():
        return _shipped(dataset, subject)
    folder = user_path(dataset)
    report = check_story_folder(folder)
    _require_ready(report)
    return _in_folder(report, subject, name)


def load_stories(task: StoryTask) -> StoryRecording:
    """Read the responses of a request.

    Parameters
    ----------
    task : StoryTask

    Returns
    -------
    StoryRecording

    Raises
    ------
    InputError
        If the data are gone, cannot be used, or have changed since the request was made.
    """
    config = task.config
    if config.dataset in catalog.story_datasets():
        return load_demo_cortex(config.subject, task.data_path)
    if hash_folder(task.data_path, config.subject) != config.data_sha256:
        raise InputError(
            f"the files in {task.data_path} have changed since this run was asked for; ask for it "
            "again, so that its results are filed under what they were made from."
        )
    return read_story_folder(task.data_path, config.subject)


def load_words(task: StoryTask) -> dict[str, Words]:
    """Read the stories of a request, without the responses.

    Parameters
    ----------
    task : StoryTask

    Returns
    -------
    dict of str to Words

    Raises
    ------
    InputError
        If they cannot be read.
    """
    if task.config.dataset in catalog.story_datasets():
        return demo_stories()
    return read_story_words(task.data_path, task.config.subject)


def load_others(task: StoryTask) -> Iterator[StoryRecording]:
    """Read the other subjects of a data set, one after the other.

    Parameters
    ----------
    task : StoryTask

    Yields
    ------
    StoryRecording
    """
    config = task.config
    if config.dataset in catalog.story_datasets():
        for subject in catalog.story_datasets()[config.dataset].subjects:
            if subject != config.subject:
                yield load_demo_cortex(subject, task.data_path)
        return
    for facts in check_story_folder(task.data_path).subjects:
        if facts.name != config.subject:
            yield read_story_folder(task.data_path, facts.name)


def hash_folder(folder: Path, subject: str) -> str:
    """Hash the names and contents of a story folder, but other subjects' responses.

    Parameters
    ----------
    folder : Path
    subject : str

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in story_files(folder, subject):
        # Events of BIDS derivatives may lie in the raw data set, outside the folder.
        place = path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
        digest.update(place.as_posix().encode() + b"\0")
        digest.update(file_digest(path))
    return digest.hexdigest()


def _require_ready(report: FolderReport) -> None:
    if report.problems:
        listed = "\n".join(f"- {problem}" for problem in report.problems)
        raise InputError(
            f"the story folder {report.folder.name} cannot be used yet; {len(report.problems)} "
            f"thing(s) to put right:\n{listed}"
        )


def _in_folder(report: FolderReport, subject: str | None, name: str | None) -> StoryChoice:
    names = [facts.name for facts in report.subjects]
    if subject is not None and subject not in names:
        raise InputError(f"there is no subject {subject!r}; the folder has {', '.join(names)}.")
    facts = report.subjects[names.index(subject) if subject else 0]
    settings = report.settings
    assert settings is not None  # a report without settings has a problem
    stories: dict[str, int] = {}
    for run in facts.runs:
        stories[run.story] = min(run.n_trs, stories.get(run.story, run.n_trs))
    return StoryChoice(
        name=name or settings.name,
        path=report.folder,
        subject=facts.name,
        modality=settings.modality,
        citation=settings.citation,
        evidence=settings.evidence,
        sha256=hash_folder(report.folder, facts.name),
        tr=settings.tr,
        stories=stories,
        n_words=sum(story.n_words for story in report.stories if story.name in stories),
        n_targets=facts.n_targets,
        n_region_targets=facts.n_region_targets,
        has_ceilings=facts.has_ceilings,
        has_repeats=len(facts.runs) > len(stories),
        n_subjects=len(report.subjects),
        test_stories=settings.test_stories,
        warnings=report.warnings,
    )


def _shipped(dataset: str, subject: str | None) -> StoryChoice:
    entry = catalog.story_datasets()[dataset]
    subject = subject or entry.subjects[0]
    if subject not in entry.subjects:
        raise InputError(
            f"there is no subject {subject!r}; {dataset} has {', '.join(entry.subjects)}."
        )
    regions = surface_regions()
    return StoryChoice(
        name=dataset,
        path=cache_folder(),
        subject=subject,
        modality=entry.modality,
        citation=catalog.citations()[entry.citation].text,
        evidence=entry.evidence,
        sha256=demo_digest(),
        tr=entry.tr,
        stories=demo_lengths(),
        n_words=sum(len(words) for words in demo_stories().values()),
        n_targets=N_TARGETS,
        n_region_targets=len(np.unique(np.concatenate([region.targets for region in regions]))),
        has_ceilings=True,
        has_repeats=True,
        n_subjects=len(entry.subjects),
    )
