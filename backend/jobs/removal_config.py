"""The request for removals of what probes read, on sentences or on stories."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from backend.jobs.config import EncodingConfig, StoryConfig, StoryTask, Task


class _Removal(BaseModel):
    """What is removed.

    Attributes
    ----------
    phenomena : tuple of str
        One after the other.
    tasks_sha256 : str
        Hash of the tasks or tables whose labels are removed.
    n_random : int
        Draws of random directions.
    """

    phenomena: tuple[str, ...] = Field(min_length=1)
    tasks_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_random: int = Field(default=5, ge=2, le=100)


class RemovalConfig(EncodingConfig, _Removal):
    """Everything that decides what removal of a phenomenon costs a run on sentences.

    Attributes
    ----------
    kind : {"removal"}
        Tells this request from the others.
    """

    kind: Literal["removal"] = "removal"


class StoryRemovalConfig(StoryConfig, _Removal):
    """Everything that decides what removal of a phenomenon costs a run on stories.

    Attributes
    ----------
    labels : str or None
        Name of the labels of the stories' own words whose columns are removed; None where the
        phenomena of the bundled tasks are.
    """

    labels: str | None = None


class RemovalTask(Task):
    """A request for removals on sentences, and where on this machine its files are."""

    config: RemovalConfig


class StoryRemovalTask(StoryTask):
    """A request for removals on stories, and where on this machine its files are.

    Attributes
    ----------
    labels_path : Path or None
        The labels of the stories' words.
    """

    config: StoryRemovalConfig
    labels_path: Path | None = None


AnyRemovalConfig = RemovalConfig | StoryRemovalConfig
AnyRemoval = RemovalTask | StoryRemovalTask
