"""Compute a task, whichever kind it is."""

from backend.jobs.config import AnyTask, StoryTask
from backend.jobs.encode import run_encoding
from backend.jobs.encode_stories import run_story_encoding
from backend.jobs.progress import Progress


def run_task(task: AnyTask, progress: Progress | None = None) -> str:
    """Extract, fit, score, and write one shard to the store.

    Parameters
    ----------
    task : Task or StoryTask
    progress : Progress, optional

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    CortexScaleError
        As its message says; nothing is written then.
    """
    if isinstance(task, StoryTask):
        return run_story_encoding(task, progress)
    return run_encoding(task, progress)
