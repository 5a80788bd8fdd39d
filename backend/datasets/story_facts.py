"""What is in a folder of stories, in numbers, and everything that is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from backend.datasets.story_settings import StorySettings


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
