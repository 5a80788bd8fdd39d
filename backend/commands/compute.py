"""Compute tasks from the command line, with a progress bar."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from backend.errors import CortexScaleError
from backend.jobs.config import AnyTask, ProbeTask
from backend.jobs.progress import Progress, Terminal
from backend.jobs.removal_config import AnyRemoval
from backend.store.queries import has_run
from backend.store.reader import ResultStore

Asked = TypeVar("Asked")


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
        say_stored(run_id, store, "computes")
    else:
        compute(task)


def compute_each(
    asked: Sequence[Asked],
    work: Callable[[Asked, Progress], object],
    *,
    is_stored: Callable[[Asked], bool],
    name: Callable[[Asked], str],
) -> int:
    """Do what is not there; of several, one that fails does not stop the others.

    Parameters
    ----------
    asked : sequence
    work : callable
        Does one of them, and tells the progress.
    is_stored : callable
        Whether one is to be left out; asked when its turn comes.
    name : callable
        What a message calls one that fails.

    Returns
    -------
    int
        How many failed.

    Raises
    ------
    CortexScaleError
        If the only one fails.
    """
    failed = 0
    for each in asked:
        if is_stored(each):
            continue
        progress = Terminal()
        try:
            work(each, progress)
        except CortexScaleError as error:
            if len(asked) == 1:
                raise
            failed += 1
            progress.close()
            print(f"error: {name(each)}: {error}", file=sys.stderr)
        finally:
            progress.close()
    return failed


def say_stored(run_id: str, store: Path, again: str) -> None:
    """Say that a run is there, and what ``--again`` does: "computes", for one."""
    print(f"run {run_id} is in {store} already (--again {again} it once more)")


def model_and_compression(task: ProbeTask | AnyRemoval) -> str:
    """Name a task as its message does."""
    return f"{task.config.model}, {task.config.compression}"
