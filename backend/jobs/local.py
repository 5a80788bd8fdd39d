"""Background jobs on this machine: a process of their own, a status file each.

A job's folder, ``STORE/jobs/RUN_ID``, holds the request, the status, the log and a lock. The lock
is held by the worker for as long as it lives, so a job that died without a word is told from one
that is still at work, whoever asks and whenever.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from backend.errors import JobError
from backend.jobs.config import AnyJob
from backend.paths import PROJECT

State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
_START_SECONDS = 60.0
_TASKS: TypeAdapter[AnyJob] = TypeAdapter(AnyJob)


@dataclass(frozen=True)
class JobStatus:
    """Where a job is.

    Attributes
    ----------
    state : {"queued", "running", "done", "failed", "cancelled", "lost"}
        ``lost``: its process ended without saying so, by a kill or a power cut.
    stage : str
        What it is doing.
    done, total : int
        Steps of this stage.
    message : str
        Why it failed, in words for the user.
    started, updated : float
        Seconds since the epoch.
    pid : int
        Of the worker, 0 before it has one.
    note : str
        Which part of the stage is at work, such as a layer or a story.
    """

    state: State
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    started: float = 0.0
    updated: float = 0.0
    pid: int = 0
    note: str = ""


@dataclass(frozen=True)
class Job:
    """A job's folder, request and status at the time of asking."""

    folder: Path
    task: AnyJob
    status: JobStatus

    @property
    def run_id(self) -> str:
        """The run that the job computes."""
        return self.task.config.run_id

    @property
    def active(self) -> bool:
        """Whether it is waiting to start, or at work."""
        return self.status.state in ("queued", "running")


def start_job(task: AnyJob) -> Job:
    """Start a task in a process that outlives this one.

    Parameters
    ----------
    task : Task, StoryTask or ProbeTask

    Returns
    -------
    Job

    Raises
    ------
    JobError
        If the same request is being computed already, or its folder cannot be written.
    """
    folder = jobs_folder(task.store) / task.config.run_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(
            f"the job folder {folder} cannot be made: {error.strerror}. Set CORTEXSCALE_STORE to a "
            "folder that you can write to."
        ) from error
    with FileLock(folder / "start.lock"):
        if (folder / "status.json").exists() and read_job(folder).active:
            raise JobError(
                f"the run {task.config.run_id} is being computed already; watch it below, or "
                "cancel it first."
            )
        (folder / "cancel").unlink(missing_ok=True)
        write_whole(folder / "request.json", task.model_dump_json())
        now = time.time()
        write_status(folder, JobStatus("queued", "starting", started=now, updated=now))
        with (folder / "log.txt").open("wb") as log:
            subprocess.Popen(
                [sys.executable, "-m", "backend", "work", str(folder.resolve())],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    return read_job(folder)


def jobs_folder(store: Path) -> Path:
    """Folder of a store's jobs."""
    return store / "jobs"


def list_jobs(store: Path) -> list[Job]:
    """List a store's jobs, the latest first.

    Parameters
    ----------
    store : Path

    Returns
    -------
    list of Job
        A folder whose request cannot be read is left out.
    """
    jobs = []
    for path in jobs_folder(store).glob("*/request.json"):
        try:
            jobs.append(read_job(path.parent))
        except JobError:
            continue
    return sorted(jobs, key=lambda job: job.status.started, reverse=True)


def read_job(folder: Path) -> Job:
    """Read a job, and notice when its worker is gone.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Job

    Raises
    ------
    JobError
        If there is no readable job in the folder.
    """
    try:
        task = _TASKS.validate_json((folder / "request.json").read_bytes())
        status = JobStatus(**json.loads((folder / "status.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise JobError(
            f"there is no readable job in {folder.name}: {error}. Start it again from the Run page."
        ) from error
    if status.state in ("queued", "running") and not _worker_lives(folder, status):
        # The worker may have ended between the two looks: what it wrote last counts.
        status = JobStatus(**json.loads((folder / "status.json").read_text(encoding="utf-8")))
        if status.state in ("queued", "running"):
            status = replace(
                status,
                state="lost",
                message="its process ended without a word (killed, or the machine restarted); "
                "start it again, nothing in the store was harmed",
            )
    return Job(folder, task, status)


def cancel_job(job: Job, wait_seconds: float = 10.0) -> Job:
    """Ask a job's worker to stop, and wait until it has.

    Parameters
    ----------
    job : Job
    wait_seconds : float
        After this long the worker is killed.

    Returns
    -------
    Job

    Raises
    ------
    JobError
        If it belongs to another user.
    """
    current = read_job(job.folder)
    if not current.active:
        return current
    write_whole(job.folder / "cancel", "")
    deadline = time.monotonic() + wait_seconds
    signalled = False
    while (current := read_job(job.folder)).active:
        if current.status.pid and not signalled:
            _signal(current.status.pid, signal.SIGTERM)
            signalled = True
        if time.monotonic() > deadline:
            if current.status.pid:
                _signal(current.status.pid, signal.SIGKILL)
            stopped = replace(current.status, state="cancelled", updated=time.time())
            write_status(job.folder, stopped)
            break
        time.sleep(0.1)
    return read_job(job.folder)


def write_status(folder: Path, status: JobStatus) -> None:
    """Replace a job's status in one step."""
    write_whole(folder / "status.json", json.dumps(asdict(status)))


def worker_lock(folder: Path) -> FileLock:
    """Return the lock that a worker holds while it lives."""
    return FileLock(folder / "worker.lock", timeout=0)


def log_tail(job: Job, n_lines: int = 20) -> str:
    """Last lines of what the worker printed."""
    path = job.folder / "log.txt"
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:])


def _worker_lives(folder: Path, status: JobStatus) -> bool:
    if status.pid == 0:
        # However the clock was set meanwhile, by so much and no more.
        return abs(time.time() - status.started) < _START_SECONDS
    try:
        with worker_lock(folder):
            return False
    except Timeout:
        return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise JobError(
            f"the job's process {pid} belongs to another user; ask them to cancel it."
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
