"""How a folder of stories is laid out: where its description, words and runs are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from backend.datasets.findings import Findings
from backend.datasets.response_files import RunFile, find_runs
from backend.datasets.story_settings import StorySettings, read_settings
from backend.datasets.story_space import resolve
from backend.datasets.volumes import Mask, read_mask
from backend.errors import InputError
from backend.stimuli import Words, read_words

TRANSCRIPTS = "transcripts"
RESPONSES = "responses"
_TRANSCRIPT_SUFFIXES = (".textgrid", ".csv", ".tsv", ".json")


class StoryLayout(Protocol):
    """A folder of stories, whatever names its files have.

    Attributes
    ----------
    settings : StorySettings or None
        None where the description cannot be used.
    stimuli : mapping of str to Words
        By story.
    unread : sequence of str
        Stories whose words cannot be read.
    subjects : sequence of str
    """

    @property
    def settings(self) -> StorySettings | None:
        """What the description says."""

    @property
    def stimuli(self) -> Mapping[str, Words]:
        """Words by story."""

    @property
    def unread(self) -> Sequence[str]:
        """Stories whose words cannot be read."""

    @property
    def subjects(self) -> Sequence[str]:
        """Their names."""

    def runs(self, subject: str, findings: Findings) -> list[RunFile]:
        """List a subject's runs; what is wrong with them becomes a finding."""

    def mask(self, subject: str) -> Mask | None:
        """Read the mask of a subject's volumes; None where they are no volumes."""


class StoryFolder:
    """``dataset.yaml``, ``transcripts/STORY.*`` and ``responses/SUBJECT/STORY.*``.

    Parameters
    ----------
    folder : Path
    findings : Findings
        Gains what is wrong with the description, the words and the names.
    """

    def __init__(self, folder: Path, findings: Findings) -> None:
        self._folder = folder
        self.settings = read_settings(folder, findings)
        self.stimuli, self.unread = read_transcripts(folder, findings)
        if not self.stimuli and not self.unread:
            findings.problems.append(
                f"{TRANSCRIPTS}/ holds no transcript; a file per story is needed, STORY.TextGrid, "
                ".csv, .tsv or .json."
            )
        self.subjects = _subject_names(folder, findings)

    def runs(self, subject: str, findings: Findings) -> list[RunFile]:
        """List a subject's runs by their names."""
        return find_runs(self._folder / RESPONSES / subject, findings)

    def mask(self, subject: str) -> Mask | None:
        """Read the mask that the description names."""
        if self.settings is None or not self.settings.space.mask:
            return None
        return read_mask(resolve(self._folder, self.settings.space.mask, subject))


def plain_files(folder: Path, subject: str) -> Iterator[Path]:
    """Give all files of a story folder but other subjects' responses and hidden ones.

    Parameters
    ----------
    folder : Path
    subject : str

    Yields
    ------
    Path
        In order.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        other = place.parts[0] == RESPONSES and place.parts[1:2] != (subject,)
        if not hidden and not other:
            yield path


def read_transcripts(folder: Path, findings: Findings) -> tuple[dict[str, Words], tuple[str, ...]]:
    """Read the stories, and name those whose transcripts cannot be read.

    Parameters
    ----------
    folder : Path
        With a folder ``transcripts``.
    findings : Findings
        Gains a problem for each that cannot be read.

    Returns
    -------
    tuple of (dict of str to Words, tuple of str)
    """
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
