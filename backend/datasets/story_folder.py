"""A user's own stories: a folder of transcripts and responses, or of BIDS derivatives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.datasets.bids_folder import BidsFolder, is_bids
from backend.datasets.findings import Findings
from backend.datasets.response_files import RunFile, load_runs
from backend.datasets.response_values import check_values
from backend.datasets.story_checks import (
    check_header,
    check_length,
    check_names,
    check_story_names,
)
from backend.datasets.story_facts import FolderReport, RunFacts, StoryFacts, SubjectFacts
from backend.datasets.story_layout import (
    RESPONSES,
    TRANSCRIPTS,
    StoryFolder,
    StoryLayout,
    plain_files,
)
from backend.datasets.story_recording import Space, StoryRecording, StoryRun
from backend.datasets.story_settings import NAME, StorySettings
from backend.datasets.story_space import read_ceilings, read_space
from backend.datasets.volumes import Mask
from backend.errors import InputError
from backend.stimuli import Words

Stamp = tuple[tuple[str, int, int], ...]


def check_story_folder(folder: Path) -> FolderReport:
    """Look at a whole story folder, and list everything that is wrong with it at once.

    Parameters
    ----------
    folder : Path
        With ``dataset.yaml``, ``transcripts/STORY.*`` and ``responses/SUBJECT/STORY.*``; or of
        BIDS derivatives, see :mod:`backend.datasets.bids_folder`.

    Returns
    -------
    FolderReport
        Every response is read, a block at a time; those of a folder whose files are as they were
        when it was looked at last are not read again.

    Raises
    ------
    InputError
        If there is no such folder; anything else stands in the report.
    """
    return _checked(folder, folder_stamp(folder))


@lru_cache(maxsize=4)
def _checked(folder: Path, stamp: Stamp) -> FolderReport:
    findings = Findings()
    layout = _open(folder, findings)
    subjects = tuple(
        _read_subject(folder, name, layout, findings).facts for name in layout.subjects
    )
    return FolderReport(
        folder=folder,
        settings=layout.settings,
        stories=tuple(
            StoryFacts(name, len(words), words.seconds) for name, words in layout.stimuli.items()
        ),
        subjects=subjects,
        problems=tuple(findings.problems),
        warnings=tuple(findings.warnings),
    )


def read_story_folder(folder: Path, subject: str | None = None) -> StoryRecording:
    """Read one subject's responses, and the stories that they are to.

    Parameters
    ----------
    folder : Path
        As for :func:`check_story_folder`.
    subject : str, optional
        One of those in the folder; needed where there are several.

    Returns
    -------
    StoryRecording
        Responses in float32, mapped from 32-bit ``.npy`` files rather than held in memory.

    Raises
    ------
    InputError
        With everything that is wrong with the settings, the transcripts and this subject.
    """
    findings = Findings()
    layout = _open(folder, findings)
    if layout.subjects:
        subject = _choose(subject, layout.subjects, folder)
        found = _read_subject(folder, subject, layout, findings)
    findings.raise_if_wrong(f"story folder {folder.name}")
    settings = layout.settings
    assert settings is not None
    assert subject is not None
    assert found.space is not None
    heard = {run.story for run in found.runs}
    return StoryRecording(
        dataset=settings.name,
        subject=subject,
        modality=settings.modality,
        citation=settings.citation,
        evidence=settings.evidence,
        tr=settings.tr,
        stimuli={name: words for name, words in layout.stimuli.items() if name in heard},
        runs=found.runs,
        space=found.space,
        ceilings=found.ceilings,
        warnings=tuple(findings.warnings),
    )


def read_story_words(folder: Path, subject: str) -> dict[str, Words]:
    """Read the stories that a subject heard, without the responses.

    Parameters
    ----------
    folder : Path
        As for :func:`check_story_folder`.
    subject : str

    Returns
    -------
    dict of str to Words

    Raises
    ------
    InputError
        With everything that is wrong with the description and the transcripts.
    """
    findings = Findings()
    layout = _open(folder, findings)
    heard = {file.story for file in layout.runs(subject, findings)}
    findings.raise_if_wrong(f"story folder {folder.name}")
    return {name: words for name, words in layout.stimuli.items() if name in heard}


def story_files(folder: Path, subject: str) -> Iterator[Path]:
    """Give the files on which a subject's results depend, in order.

    Parameters
    ----------
    folder : Path
        As for :func:`check_story_folder`.
    subject : str

    Yields
    ------
    Path
    """
    if is_bids(folder):
        yield from BidsFolder(folder, Findings()).files(subject)
    else:
        yield from plain_files(folder, subject)


def folder_stamp(folder: Path) -> Stamp:
    """Give names, sizes and times of what is in a folder: differs when any of it changed.

    Parameters
    ----------
    folder : Path
        As for :func:`check_story_folder`; one that is not there has no files.

    Returns
    -------
    tuple of (str, int, int)
    """
    if folder.is_dir() and is_bids(folder):
        layout = BidsFolder(folder, Findings())
        files = {path for name in layout.subjects for path in layout.files(name)}
        files |= {path for path in folder.glob("*") if path.is_file()}
    else:
        # Folders too: an empty one is a subject without responses. Links may lead nowhere.
        files = {path for path in folder.rglob("*") if path.exists()}
    facts = [(str(path), path.stat()) for path in sorted(files)]
    return tuple((name, each.st_size, each.st_mtime_ns) for name, each in facts)


@dataclass(frozen=True)
class _Subject:
    facts: SubjectFacts
    runs: tuple[StoryRun, ...] = ()
    space: Space | None = None
    ceilings: NDArray[np.float32] | None = None


def _open(folder: Path, findings: Findings) -> StoryLayout:
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}. Give a folder with {NAME}, {TRANSCRIPTS}/STORY.TextGrid "
            f"(or .csv, .tsv) and {RESPONSES}/SUBJECT/STORY.npy (or .npz, .nii.gz), or one of BIDS "
            "derivatives."
        )
    layout: StoryLayout = (
        BidsFolder(folder, findings) if is_bids(folder) else StoryFolder(folder, findings)
    )
    check_story_names(layout.settings, [*layout.stimuli, *layout.unread], findings)
    return layout


def _choose(subject: str | None, names: Sequence[str], folder: Path) -> str:
    if subject in names:
        return str(subject)
    if subject is None and len(names) == 1:
        return names[0]
    given = "no subject was given" if subject is None else f"there is no subject {subject!r}"
    raise InputError(f"{folder.name}: {given}; its subjects are: {', '.join(names)}.")


def _read_subject(folder: Path, name: str, layout: StoryLayout, findings: Findings) -> _Subject:
    settings = layout.settings
    files = layout.runs(name, findings)
    check_names(name, files, [*layout.stimuli, *layout.unread], findings)
    mask = None
    if settings is not None and settings.space.mask:
        with findings.collected("space.mask"):
            mask = layout.mask(name)
        if mask is None:
            return _Subject(SubjectFacts(name, 0, ()))
    runs, loaded = _load(name, files, mask, settings, findings)
    sizes = {run.responses.shape[1] for run in runs}
    n_targets = sizes.pop() if len(sizes) == 1 else 0
    facts = SubjectFacts(
        name, n_targets, tuple(RunFacts(run.story, len(run.responses)) for run in runs)
    )
    if settings is None:
        return _Subject(facts)
    for run, file in zip(runs, loaded, strict=True):
        check_header(file, settings, findings)
        if run.story in layout.stimuli:
            check_length(run, file, settings.tr, layout.stimuli[run.story], findings)
    if sizes:
        listed = ", ".join(
            f"{file.path.name} {run.responses.shape[1]:,}"
            for run, file in zip(runs, loaded, strict=True)
        )
        findings.problems.append(
            f"{name}: runs have different numbers of targets ({listed}); every run of a subject "
            "needs the same targets in the same order."
        )
    if n_targets == 0:
        return _Subject(facts)
    space = ceilings = None
    with findings.collected(f"{name}, space"):
        space = read_space(folder, name, settings, n_targets, mask)
    with findings.collected(f"{name}, ceilings"):
        ceilings = read_ceilings(folder, name, settings, n_targets, mask)
    if space is not None:
        inside = np.unique(np.concatenate([region.targets for region in space.regions]))
        facts = replace(facts, n_region_targets=len(inside), has_ceilings=ceilings is not None)
    return _Subject(facts, tuple(runs), space, ceilings)


def _load(
    subject: str,
    files: Sequence[RunFile],
    mask: Mask | None,
    settings: StorySettings | None,
    findings: Findings,
) -> tuple[list[StoryRun], list[RunFile]]:
    """Load a subject's runs; a file that holds repeats gives one for each of them."""
    runs: list[StoryRun] = []
    loaded: list[RunFile] = []
    nan_is_zero = settings is not None and settings.nan == "zero"
    for file in files:
        with findings.collected(subject):
            start = file.start
            if start is None:
                start = settings.start_of(file.story) if settings else 0.0
            for responses in load_runs(file, mask, nan_is_zero, findings):
                check_values(responses, file.label, findings)
                runs.append(StoryRun(file.story, responses, start))
                loaded.append(file)
    return runs, loaded
