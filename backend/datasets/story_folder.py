"""A user's own stories: a folder of transcripts and responses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.datasets.findings import Findings
from backend.datasets.regions import (
    regions_from_file,
    regions_from_masks,
    regions_from_names,
    whole,
)
from backend.datasets.response_files import (
    RunFile,
    check_values,
    find_runs,
    load_array,
    load_responses,
)
from backend.datasets.response_formats import CIFTI
from backend.datasets.story_recording import Region, Space, StoryRecording, StoryRun
from backend.datasets.story_settings import NAME, StorySettings, read_settings
from backend.datasets.volumes import Mask, header_tr, read_mask, read_volumes
from backend.errors import InputError
from backend.stimuli import Words, read_words

TRANSCRIPTS = "transcripts"
RESPONSES = "responses"
_TRANSCRIPT_SUFFIXES = (".textgrid", ".csv", ".tsv", ".json")
_KNOWN_SURFACES = {"fsaverage5": 20_484, "fsaverage6": 81_924, "fsaverage": 327_684}
_LONG_TAIL = 60.0


@dataclass(frozen=True)
class RunFacts:
    """One run of a subject.

    Attributes
    ----------
    story : str
    n_trs : int
    """

    story: str
    n_trs: int


@dataclass(frozen=True)
class SubjectFacts:
    """One subject's responses.

    Attributes
    ----------
    name : str
    n_targets : int
        0 where it could not be told.
    runs : tuple of RunFacts
        Those that could be read; a story that stands in several of them was repeated.
    n_region_targets : int
        Targets that lie in a region.
    has_ceilings : bool
        Whether a noise ceiling was given.
    """

    name: str
    n_targets: int
    runs: tuple[RunFacts, ...]
    n_region_targets: int = 0
    has_ceilings: bool = False

    @property
    def n_trs(self) -> int:
        """Volumes in all runs."""
        return sum(run.n_trs for run in self.runs)


@dataclass(frozen=True)
class StoryFacts:
    """One story's transcript.

    Attributes
    ----------
    name : str
    n_words : int
    seconds : float
        To the end of its last word.
    """

    name: str
    n_words: int
    seconds: float


@dataclass(frozen=True)
class FolderReport:
    """What is in a story folder, and everything that is wrong with it.

    Attributes
    ----------
    folder : Path
    settings : StorySettings or None
        dataset.yaml; None where it could not be read.
    stories : tuple of StoryFacts
        Of the transcripts that could be read.
    subjects : tuple of SubjectFacts
    problems : tuple of str
        What has to be put right before a run; empty where nothing has.
    warnings : tuple of str
        What was put right while reading, or is unusual.
    """

    folder: Path
    settings: StorySettings | None
    stories: tuple[StoryFacts, ...]
    subjects: tuple[SubjectFacts, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands in the way of a run."""
        return not self.problems


def check_story_folder(folder: Path) -> FolderReport:
    """Look at a whole story folder, and list everything that is wrong with it at once.

    Parameters
    ----------
    folder : Path
        With ``dataset.yaml``, ``transcripts/STORY.*`` and ``responses/SUBJECT/STORY.*``.

    Returns
    -------
    FolderReport
        Every response is read, a block at a time.

    Raises
    ------
    InputError
        If there is no such folder; anything else stands in the report.
    """
    _require_folder(folder)
    findings = Findings()
    settings = read_settings(folder, findings)
    stimuli, unread = _read_transcripts(folder, findings)
    names = _subject_names(folder, findings)
    _check_story_names(settings, [*stimuli, *unread], findings)
    subjects = tuple(
        _read_subject(folder, name, settings, stimuli, unread, findings).facts for name in names
    )
    return FolderReport(
        folder=folder,
        settings=settings,
        stories=tuple(
            StoryFacts(name, len(words), words.seconds) for name, words in stimuli.items()
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
        Name of a folder in ``responses``; needed where there are several.

    Returns
    -------
    StoryRecording
        Responses in float32, mapped from 32-bit ``.npy`` files rather than held in memory.

    Raises
    ------
    InputError
        With everything that is wrong with the settings, the transcripts and this subject.
    """
    _require_folder(folder)
    findings = Findings()
    settings = read_settings(folder, findings)
    stimuli, unread = _read_transcripts(folder, findings)
    names = _subject_names(folder, findings)
    _check_story_names(settings, [*stimuli, *unread], findings)
    if names:
        subject = _choose(subject, names, folder)
        found = _read_subject(folder, subject, settings, stimuli, unread, findings)
    findings.raise_if_wrong(f"story folder {folder.name}")
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
        stimuli={name: words for name, words in stimuli.items() if name in heard},
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
        With everything that is wrong with the transcripts.
    """
    _require_folder(folder)
    findings = Findings()
    stimuli, _ = _read_transcripts(folder, findings)
    files = find_runs(folder / RESPONSES / subject, findings)
    findings.raise_if_wrong(f"story folder {folder.name}")
    heard = {file.story for file in files}
    return {name: words for name, words in stimuli.items() if name in heard}


@dataclass(frozen=True)
class _Subject:
    facts: SubjectFacts
    runs: tuple[StoryRun, ...] = ()
    space: Space | None = None
    ceilings: NDArray[np.float32] | None = None


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}. Give a folder with {NAME}, {TRANSCRIPTS}/STORY.TextGrid "
            f"(or .csv, .tsv) and {RESPONSES}/SUBJECT/STORY.npy (or .npz, .nii.gz)."
        )


def _read_transcripts(folder: Path, findings: Findings) -> tuple[dict[str, Words], tuple[str, ...]]:
    """Read the stories, and name those whose transcripts cannot be read."""
    stimuli: dict[str, Words] = {}
    unread: list[str] = []
    for path in _visible(folder / TRANSCRIPTS):
        if path.suffix.lower() not in _TRANSCRIPT_SUFFIXES:
            findings.warnings.append(f"{TRANSCRIPTS}/{path.name} was left aside.")
            continue
        name = path.stem.removesuffix("_events")
        unread.append(name)
        with findings.collected(TRANSCRIPTS):
            for words in _stories(path, name):
                _add_story(words, path, stimuli, findings)
            unread.pop()
    if not stimuli and not unread:
        findings.problems.append(
            f"{TRANSCRIPTS}/ holds no transcript; a file per story is needed, STORY.TextGrid, "
            ".csv, .tsv or .json."
        )
    return stimuli, tuple(unread)


def _stories(path: Path, name: str) -> tuple[Words, ...]:
    """Read a transcript; a file of one story is named by itself, whatever is in it."""
    stories = read_words(path)
    return (replace(stories[0], story=name),) if len(stories) == 1 else stories


def _add_story(words: Words, path: Path, stimuli: dict[str, Words], findings: Findings) -> None:
    if words.story in stimuli:
        raise InputError(f"{path.name} is a second transcript of {words.story!r}; keep one.")
    stimuli[words.story] = words
    findings.warnings.extend(
        f"{words.story}: {fix.what}: {fix.count:,}, e.g. {fix.example}" for fix in words.repairs
    )


def _subject_names(folder: Path, findings: Findings) -> list[str]:
    names = [path.name for path in _visible(folder / RESPONSES) if path.is_dir()]
    if not names:
        findings.problems.append(
            f"{RESPONSES}/ holds no subject; a folder per subject is needed, with "
            "SUBJECT/STORY.npy, .npz, .hf5, .nii.gz, .dtseries.nii or .hemi-L.gii."
        )
    return names


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _choose(subject: str | None, names: Sequence[str], folder: Path) -> str:
    if subject in names:
        return str(subject)
    if subject is None and len(names) == 1:
        return names[0]
    given = "no subject was given" if subject is None else f"there is no subject {subject!r}"
    raise InputError(f"{folder.name}: {given}; its subjects are: {', '.join(names)}.")


def _check_story_names(
    settings: StorySettings | None, stories: Sequence[str], findings: Findings
) -> None:
    if settings is None or not stories:
        return
    starts = settings.start if isinstance(settings.start, dict) else {}
    for key, names in (("test_stories", settings.test_stories), ("start", tuple(starts))):
        unknown = [name for name in names if name not in stories]
        if unknown:
            findings.problems.append(
                f"{NAME}: {key} names {', '.join(map(repr, unknown))}; the transcripts are of "
                f"{', '.join(stories)}."
            )


def _read_subject(
    folder: Path,
    name: str,
    settings: StorySettings | None,
    stimuli: Mapping[str, Words],
    unread: Sequence[str],
    findings: Findings,
) -> _Subject:
    files = find_runs(folder / RESPONSES / name, findings)
    _check_names(name, files, [*stimuli, *unread], findings)
    mask = None
    if settings is not None and settings.space.mask:
        with findings.collected("space.mask"):
            mask = read_mask(_resolve(folder, settings.space.mask, name))
        if mask is None:
            return _Subject(SubjectFacts(name, 0, ()))
    runs: list[StoryRun] = []
    loaded: list[RunFile] = []
    for file in files:
        with findings.collected(name):
            responses = load_responses(file.path, mask)
            check_values(responses, file.label, findings)
            start = settings.start_of(file.story) if settings else 0.0
            runs.append(StoryRun(file.story, responses, start))
            loaded.append(file)
    sizes = {run.responses.shape[1] for run in runs}
    n_targets = sizes.pop() if len(sizes) == 1 else 0
    facts = SubjectFacts(
        name, n_targets, tuple(RunFacts(run.story, len(run.responses)) for run in runs)
    )
    if settings is None:
        return _Subject(facts)
    for run, file in zip(runs, loaded, strict=True):
        _check_header(file, settings, findings)
        if run.story in stimuli:
            _check_length(run, file, settings.tr, stimuli[run.story], findings)
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
        space = _read_space(folder, name, settings, n_targets, mask)
    with findings.collected(f"{name}, ceilings"):
        ceilings = _read_ceilings(folder, name, settings, n_targets, mask)
    if space is not None:
        inside = np.unique(np.concatenate([region.targets for region in space.regions]))
        facts = replace(facts, n_region_targets=len(inside), has_ceilings=ceilings is not None)
    return _Subject(facts, tuple(runs), space, ceilings)


def _resolve(folder: Path, name: str, subject: str) -> Path:
    return folder / name.replace("{subject}", subject)


def _check_names(
    subject: str, files: Sequence[RunFile], stories: Sequence[str], findings: Findings
) -> None:
    """Compare the stories of the transcripts with those of the responses."""
    heard = list(dict.fromkeys(file.story for file in files))
    if not heard:
        findings.problems.append(
            f"{RESPONSES}/{subject}/ holds no responses; STORY.npy, .npz or .nii.gz is accepted."
        )
        return
    if not stories:
        return
    both = f"transcripts: {', '.join(stories)}; responses of {subject}: {', '.join(heard)}"
    unknown = [story for story in heard if story not in stories]
    unheard = [story for story in stories if story not in heard]
    if unknown:
        findings.problems.append(
            f"{subject}: {', '.join(map(repr, unknown))} has responses and no transcript ({both}). "
            "A story has the same name on both sides; repeats end in .run-1, .run-2."
        )
    elif unheard:
        findings.warnings.append(
            f"{subject}: {', '.join(map(repr, unheard))} has a transcript and no responses, and is "
            f"left out ({both})."
        )


def _check_header(file: RunFile, settings: StorySettings, findings: Findings) -> None:
    """Compare the TR that a NIfTI file states with the one that counts."""
    name = file.path.name.lower()
    if not name.endswith((".nii", ".nii.gz")) or name.endswith(CIFTI):
        return
    stated = header_tr(file.path)
    if stated is not None and abs(stated - settings.tr) > 0.01 * settings.tr:
        findings.warnings.append(
            f"{file.label} states a TR of {stated:g} s, and {NAME} {settings.tr:g} s; the latter "
            "is used."
        )


def _check_length(
    run: StoryRun, file: RunFile, tr: float, words: Words, findings: Findings
) -> None:
    """Compare a run's time with its story's."""
    n_trs, n_targets = run.responses.shape
    end = run.start + n_trs * tr
    recorded = (words.midpoints >= run.start) & (words.midpoints < end)
    times = (
        f"the recording runs from {run.start:.1f} to {end:.1f} s ({n_trs:,} TRs of {tr:g} s) and "
        f"the words to {words.seconds:.1f} s"
    )
    hint = f"Check tr and start in {NAME}, and that this is the story's own recording."
    if abs(run.start + n_targets * tr - words.seconds) < _LONG_TAIL < abs(end - words.seconds):
        hint = f"Its shape is ({n_trs}, {n_targets}): are TRs and targets interchanged?"
    if recorded.mean() < 0.5:
        findings.problems.append(
            f"{file.label}: only {int(recorded.sum()):,} of the story's {len(words):,} words were "
            f"recorded: {times}. {hint}"
        )
        return
    if not recorded.all():
        findings.warnings.append(
            f"{file.label}: {int((~recorded).sum()):,} of {len(words):,} words lie outside the "
            f"recording and are left out: {times}."
        )
    if end - words.seconds > _LONG_TAIL:
        findings.warnings.append(
            f"{file.label} goes on for {end - words.seconds:.0f} s after the last word: {times}. "
            f"{hint}"
        )


def _read_space(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> Space:
    space = settings.space
    is_surface = space.kind == "surface"
    expected = _KNOWN_SURFACES.get(space.name) if is_surface else None
    if expected is not None and n_targets != expected:
        raise InputError(
            f"responses have {n_targets:,} targets, and {space.name} has {expected:,} vertices, "
            "the left hemisphere's first. Give them all, or name a space of your own."
        )
    if is_surface and n_targets % 2:
        raise InputError(
            f"responses have {n_targets:,} targets; a surface has as many vertices on the left, "
            "which come first, as on the right. Use kind: parcels for any other set of targets."
        )
    return Space(
        name=space.name.replace("{subject}", subject),
        kind=space.kind,
        n_targets=n_targets,
        regions=_read_regions(folder, subject, settings, n_targets, mask),
        mask=str(mask.path) if mask else None,
        affine=mask.affine if mask else None,
        transform=space.transform and space.transform.replace("{subject}", subject),
    )


def _read_regions(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> tuple[Region, ...]:
    regions = settings.space.regions
    is_surface = settings.space.kind == "surface"
    if not regions:
        return whole(n_targets, is_surface)
    if isinstance(regions, str):
        return regions_from_file(_resolve(folder, regions, subject), n_targets, is_surface)
    if mask is not None and all(name.endswith((".nii", ".nii.gz")) for name in regions):
        return regions_from_masks([_resolve(folder, name, subject) for name in regions], mask)
    return regions_from_names(regions, n_targets, is_surface, f"{NAME}: space.regions")


def _read_ceilings(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> NDArray[np.float32] | None:
    if settings.ceilings is None:
        return None
    path = _resolve(folder, settings.ceilings, subject)
    if mask is not None and path.name.endswith((".nii", ".nii.gz")):
        ceilings = read_volumes(path, mask)[0]
    else:
        ceilings = load_array(path).astype(np.float32)
    if ceilings.shape != (n_targets,):
        raise InputError(
            f"{path.name} has shape {ceilings.shape}, and the responses {n_targets:,} targets; a "
            "ceiling (r) per target is accepted, NaN where it is unknown."
        )
    if np.isinf(ceilings).any() or (np.abs(ceilings) > 1).any():
        raise InputError(
            f"{path.name} holds ceilings from {np.nanmin(ceilings):g} to {np.nanmax(ceilings):g}; "
            "correlations, of at most 1, are accepted. Take the root of explainable variance."
        )
    return ceilings
