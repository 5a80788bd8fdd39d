"""``jobs`` and ``work``: sweeps and background runs, watched and told to stop."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from backend.errors import JobError
from backend.jobs.config import ProbingConfig
from backend.jobs.local import Job, cancel_job, list_jobs, log_tail
from backend.paths import default_store
from backend.sweeps.folder import CANCEL, PAUSE, SweepFolder, SweepStatus, list_sweeps
from backend.sweeps.words import progress_line, sweep_lines

_END_SECONDS = 30.0
# A sweep looks for wishes, and says how it stands, about once a second.
_HEARD_SECONDS = 3.0


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both subcommands."""
    jobs = commands.add_parser(
        "jobs",
        help="list, watch, pause or cancel sweeps and background runs",
        description="Sweeps, and the runs that the app's Run page started. They go on when the app "
        "is closed. NAME is a sweep's, or the id of a run.",
    )
    jobs.add_argument("--sweep", metavar="NAME", help="how a sweep stands, in full")
    jobs.add_argument(
        "--cancel",
        metavar="NAME",
        help="stop; states and layers that are done are kept for the next time",
    )
    jobs.add_argument("--pause", metavar="NAME", help="let a sweep begin nothing new")
    jobs.add_argument("--resume", metavar="NAME", help="let a paused sweep go on")
    jobs.add_argument("--log", metavar="NAME", help="print the end of a log")
    jobs.add_argument("--store", type=Path, metavar="FOLDER")
    jobs.set_defaults(run=run_jobs)
    # Started by the app, not by people; left out of the list of commands.
    work = commands.add_parser("work")
    work.add_argument("folder", type=Path)
    work.set_defaults(run=run_work)


def run_jobs(arguments: argparse.Namespace) -> int:
    """List what there is, or act on one."""
    store = arguments.store or default_store()
    sweeps, jobs = list_sweeps(store), list_jobs(store)
    named = arguments.sweep or arguments.cancel or arguments.pause or arguments.resume
    sweep = next((each for each in sweeps if each[0].name == (named or arguments.log)), None)
    if sweep is not None:
        _act(*sweep, arguments)
    elif arguments.cancel:
        job = cancel_job(_find(jobs, sweeps, arguments.cancel))
        print(f"{job.run_id}: {job.status.state}")
    elif arguments.log:
        print(log_tail(_find(jobs, sweeps, arguments.log)))
    elif named:
        known = ", ".join(folder.name for folder, _ in sweeps) or "none"
        raise JobError(f"there is no sweep {named!r}; sweeps of this store: {known}.")
    else:
        _list(sweeps, jobs)
    return 0


def run_work(arguments: argparse.Namespace) -> int:
    """Compute one job."""
    from backend.jobs.worker import work

    return work(arguments.folder)


def _act(folder: SweepFolder, status: SweepStatus, arguments: argparse.Namespace) -> None:
    if arguments.log:
        print(folder.log_tail(40))
        return
    wishes = [(arguments.cancel, CANCEL, True), (arguments.pause, PAUSE, True)]
    for asked, name, wish in [*wishes, (arguments.resume, PAUSE, False)]:
        if asked:
            if not status.active:
                raise JobError(
                    f"the sweep {folder.name} is not at work (it is {status.state}); go on with: "
                    f"python -m backend run {folder.path / 'sweep.yaml'}"
                )
            folder.ask(name, wish)
    if arguments.cancel:
        _wait_until(lambda: not folder.read().active, _END_SECONDS)
    elif arguments.pause or arguments.resume:
        asked = "paused" if arguments.pause else "running"
        _wait_until(lambda: folder.read().state == asked, _HEARD_SECONDS)
    for line in sweep_lines(folder, folder.read()):
        print(line)
    if arguments.sweep:
        _print_failures(folder)
        print(f"\nlog ({folder.path}):\n{folder.log_tail(12)}")


def _wait_until(seen: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.2)


def _print_failures(folder: SweepFolder) -> None:
    failed = [each for each in folder.results().values() if each.end == "failed"]
    if failed:
        print("\nfailed (run SWEEP.yaml --retry-failed tries these alone):")
    for each in failed:
        print(f"- {each.name}: {each.reason}")


def _list(sweeps: Sequence[tuple[SweepFolder, SweepStatus]], jobs: list[Job]) -> None:
    for folder, status in sweeps:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.started))
        print(f"sweep {folder.name}  {started}  {progress_line(status)} {status.message}")
    if not jobs and not sweeps:
        print("no sweeps and no background runs; `run`, or the app's Run page, starts them")
    for job in jobs:
        config, status_of_job = job.task.config, job.status
        what = "probes" if isinstance(config, ProbingConfig) else config.split
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(status_of_job.started))
        print(
            f"{job.run_id}  {started}  {status_of_job.state:<9} {status_of_job.stage} "
            f"{status_of_job.done}/{status_of_job.total}  {config.dataset}, {config.model}, "
            f"{config.compression}, {what} {status_of_job.message}"
        )


def _find(jobs: list[Job], sweeps: Sequence[tuple[SweepFolder, SweepStatus]], name: str) -> Job:
    for job in jobs:
        if job.run_id == name:
            return job
    known = ", ".join([*(each.name for each, _ in sweeps), *(job.run_id for job in jobs)])
    raise JobError(f"there is no job {name!r}; jobs of this store: {known or 'none'}.")
