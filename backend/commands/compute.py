"""Compute a task from the command line, with a progress bar."""

from pathlib import Path

from backend.jobs.config import AnyTask
from backend.jobs.progress import Terminal
from backend.store.queries import has_run
from backend.store.reader import ResultStore


def compute(task: AnyTask) -> None:
    """Run a task, and leave its last progress bar as it stands.

    Parameters
    ----------
    task : Task or StoryTask

    Raises
    ------
    CortexScaleError
        As its message says; nothing is written then.
    """
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.run import run_task

    progress = Terminal()
    try:
        run_task(task, progress)
    finally:
        progress.close()


def compute_if_new(task: AnyTask, store: Path, again: bool) -> None:
    """Run a task unless its result is in its store, and say so.

    Parameters
    ----------
    task : Task or StoryTask
    store : Path
        Its store, as the user named it.
    again : bool
        Run it nevertheless.
    """
    run_id = task.config.run_id
    if has_run(ResultStore(store), run_id) and not again:
        print(f"run {run_id} is in {store} already (--again computes it once more)")
    else:
        compute(task)
