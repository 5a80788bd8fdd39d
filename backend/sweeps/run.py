"""Run a sweep: do what its store lacks, whatever crashed before."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from filelock import Timeout

from backend.errors import CortexScaleError, JobError
from backend.sweeps.config import Sweep
from backend.sweeps.driver import Driver, Ended
from backend.sweeps.engine import Computers
from backend.sweeps.folder import CANCEL, PAUSE, SweepFolder, SweepStatus, sweep_folder
from backend.sweeps.graph import Piece
from backend.sweeps.plan import cost_of, lay_against
from backend.sweeps.whole import set_aside_damaged

Say = Callable[[str], None]


def run_sweep(
    sweep: Sweep,
    store: Path,
    computers: Computers,
    *,
    retry_failed: bool = False,
    say: Say = print,
) -> Ended:
    """Do what a sweep's store lacks.

    Parameters
    ----------
    sweep : Sweep
    store : Path
    computers : Computers
    retry_failed : bool
        Try again those that failed the last time, and nothing else.
    say : callable
        Given lines for people.

    Returns
    -------
    Ended

    Raises
    ------
    InputError
        If the sweep cannot be laid out, or is larger than the disk.
    JobError
        If it is being run already, or its scheduler does not answer.
    """
    folder = sweep_folder(store, sweep.name)
    folder.path.mkdir(parents=True, exist_ok=True)
    lock = folder.lock()
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise JobError(
            f"the sweep {sweep.name} is being run already (process {folder.read().pid}); watch it "
            f"with: python -m backend jobs --sweep {sweep.name}"
        ) from error
    try:
        return _run(sweep, folder, store, computers, retry_failed, say)
    finally:
        lock.release()


def _run(
    sweep: Sweep,
    folder: SweepFolder,
    store: Path,
    computers: Computers,
    retry_failed: bool,
    say: Say,
) -> Ended:
    folder.ask(CANCEL, False)
    folder.ask(PAUSE, False)
    folder.keep(sweep)
    status = SweepStatus("starting", pid=os.getpid())
    folder.write(status)
    driver = None
    try:
        pieces = _pieces(sweep, folder, computers.n_workers(), retry_failed, say)
        driver = Driver(pieces, folder, computers, status, say)
        ended = driver.run()
    except BaseException as error:
        message = str(error) if isinstance(error, CortexScaleError) else type(error).__name__
        last = status if driver is None else driver.status
        folder.write(last.ended("failed", message))
        folder.log(f"the sweep stopped: {message}")
        raise
    folder.write(driver.status.ended(ended.state, ""))
    return ended


def _pieces(
    sweep: Sweep, folder: SweepFolder, n_workers: int, retry_failed: bool, say: Say
) -> Sequence[Piece]:
    store = folder.store
    layout, tasks = lay_against(sweep, store, n_workers)
    damaged = set_aside_damaged(store, layout.there)
    for each in damaged:
        line = (
            f"the run {each.run_id} is damaged ({each.table}: {each.reason}); it was moved to "
            f"{each.folder} and is computed again"
        )
        folder.log(line)
        say(line)
    if damaged:
        layout, tasks = lay_against(sweep, store, n_workers)
    for title, reason in layout.wrong.items():
        say(f"cannot be asked for: {title}: {reason}")
    cost_of(layout, tasks, store).require(sweep.name)
    say(
        f"{sweep.name}: {layout.n_cells} runs, {len(layout.there)} of them in the store, "
        f"{len(layout.left_out)} that do not apply, {len(layout.wrong)} that cannot be asked for; "
        f"{len(layout.pieces)} pieces of work to do"
    )
    return _failed_alone(layout.pieces, folder) if retry_failed else layout.pieces


def _failed_alone(pieces: Sequence[Piece], folder: SweepFolder) -> list[Piece]:
    """Keep what failed the last time, and what it needs."""
    failed = {name for name, result in folder.results().items() if result.end == "failed"}
    wanted = _with_needs(pieces, failed)
    return [piece for piece in pieces if piece.name in wanted]


def _with_needs(pieces: Sequence[Piece], names: Collection[str]) -> set[str]:
    wanted = set(names)
    for piece in reversed(pieces):
        if piece.name in wanted:
            wanted |= set(piece.needs)
    return wanted
