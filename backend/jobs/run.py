"""Compute a task, whichever kind it is."""

from backend.jobs.config import AnyJob, ProbeTask, StoryTask
from backend.jobs.encode import run_encoding
from backend.jobs.encode_stories import run_story_encoding
from backend.jobs.judge import run_judging
from backend.jobs.probe import run_probing
from backend.jobs.progress import Progress
from backend.jobs.shared_work import SharedWork


def run_task(
    task: AnyJob, progress: Progress | None = None, shared: SharedWork | None = None
) -> str:
    """Extract, fit, score, and write one shard to the store.

    Parameters
    ----------
    task : Task, StoryTask or ProbeTask
    progress : Progress, optional
    shared : SharedWork, optional
        Of earlier runs on the same data.

    Returns
    -------
    str
        The run's id.

    Raises
    ------
    CortexScaleError
        As its message says; nothing is written then.
    """
    if isinstance(task, ProbeTask):
        judged = task.config.source in ("pairs", "cloze")
        return (run_judging if judged else run_probing)(task, progress)
    if isinstance(task, StoryTask):
        return run_story_encoding(task, progress, shared)
    return run_encoding(task, progress, shared)
