"""``jobs`` and ``work``: background runs, listed and cancelled, and the process behind them."""

import argparse
import time
from pathlib import Path

from backend.errors import JobError
from backend.jobs.config import ProbingConfig
from backend.jobs.local import Job, cancel_job, list_jobs, log_tail
from backend.paths import default_store


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both subcommands."""
    jobs = commands.add_parser(
        "jobs",
        help="list, cancel or read background runs",
        description="Runs that the app's Run page started. They go on when the app is closed.",
    )
    jobs.add_argument("--cancel", metavar="RUN_ID", help="stop a run; nothing of it is kept")
    jobs.add_argument("--log", metavar="RUN_ID", help="print the end of a run's log")
    jobs.add_argument("--store", type=Path, metavar="FOLDER")
    jobs.set_defaults(run=run_jobs)
    # Started by the app, not by people; left out of the list of commands.
    work = commands.add_parser("work")
    work.add_argument("folder", type=Path)
    work.set_defaults(run=run_work)


def run_jobs(arguments: argparse.Namespace) -> int:
    """List the jobs, or act on one."""
    jobs = list_jobs(arguments.store or default_store())
    if arguments.cancel:
        job = cancel_job(_find(jobs, arguments.cancel))
        print(f"{job.run_id}: {job.status.state}")
        return 0
    if arguments.log:
        print(log_tail(_find(jobs, arguments.log)))
        return 0
    if not jobs:
        print("no background runs; the app's Run page starts them")
    for job in jobs:
        config, status = job.task.config, job.status
        what = "probes" if isinstance(config, ProbingConfig) else config.split
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.started))
        print(
            f"{job.run_id}  {started}  {status.state:<9} {status.stage} "
            f"{status.done}/{status.total}  {config.dataset}, {config.model}, "
            f"{config.compression}, {what} {status.message}"
        )
    return 0


def run_work(arguments: argparse.Namespace) -> int:
    """Compute one job."""
    from backend.jobs.worker import work

    return work(arguments.folder)


def _find(jobs: list[Job], run_id: str) -> Job:
    for job in jobs:
        if job.run_id == run_id:
            return job
    known = ", ".join(job.run_id for job in jobs) or "none"
    raise JobError(f"there is no job {run_id!r}; jobs of this store: {known}.")
