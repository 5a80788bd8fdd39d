"""The process behind a background job."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from filelock import Timeout

from backend.errors import CancelledError, JobError
from backend.jobs.failures import is_explained, reason_of
from backend.jobs.kept_layers import count_kept
from backend.jobs.local import JobStatus, read_job, worker_lock, write_status

_MIN_WRITE_SECONDS = 0.2


class StatusFile:
    """Progress that is written to a job's status file, at most five times a second."""

    def __init__(self, folder: Path, status: JobStatus) -> None:
        self._folder = folder
        self.status = status
        self._written = 0.0

    def stage(self, name: str, total: int) -> None:
        """Begin a stage."""
        self.set(stage=name, done=0, total=total, note="")

    def advance(self, n: int = 1) -> None:
        """Count steps, and stop when the user asked for it."""
        if (self._folder / "cancel").exists():
            raise CancelledError("cancelled")
        self.status = replace(self.status, done=self.status.done + n)
        if time.monotonic() - self._written > _MIN_WRITE_SECONDS:
            self.set()

    def note(self, text: str) -> None:
        """Say which part is at work; written with the next step."""
        self.status = replace(self.status, note=text)

    def set(self, **changes: object) -> None:
        """Change the status and write it now."""
        self.status = replace(self.status, **changes, updated=time.time())  # type: ignore[arg-type]
        write_status(self._folder, self.status)
        self._written = time.monotonic()


def work(folder: Path) -> int:
    """Compute the job in ``folder``, reporting to its status file.

    Parameters
    ----------
    folder : Path
        Made by :func:`backend.jobs.local.start_job`.

    Returns
    -------
    int
        Exit code: 0 done, 1 a defect (the log has its traceback), 2 failed for a reason that the
        status gives, 130 cancelled.

    Raises
    ------
    JobError
        If another worker is at this job.
    """
    lock = worker_lock(folder)
    try:
        lock.acquire(timeout=5)
    except Timeout as error:
        raise JobError(f"another worker is at the job {folder.name} already.") from error
    try:
        return _work(folder)
    finally:
        lock.release()


def _work(folder: Path) -> int:
    signal.signal(signal.SIGTERM, _stop)
    job = read_job(folder)
    progress = StatusFile(folder, job.status)
    progress.set(state="running", stage="starting", pid=os.getpid())
    try:
        progress.advance(0)
        # Importing torch takes seconds: the job is seen to run before it does.
        from backend.jobs.run import run_task

        run_task(job.task, progress)
    except (CancelledError, KeyboardInterrupt):
        kept = count_kept(job.task.store, job.run_id)
        more = f", and {kept} layer(s) are kept for the next time" if kept else ""
        progress.set(state="cancelled", message=f"cancelled; nothing was written{more}")
        return 130
    except BaseException as error:
        progress.set(state="failed", message=reason_of(error))
        if is_explained(error):
            return 2
        raise
    progress.set(state="done", stage="finished")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise CancelledError("cancelled")
