"""A sweep's folder in the store: its request, how it stands, what came of each piece, its log.

The process that drives a sweep holds a lock in the folder for as long as it lives, so that a sweep
outlives the app, is found again by it, and one that was killed is told from one at work.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import yaml
from filelock import FileLock, Timeout

from backend.errors import JobError
from backend.jobs.local import worker_lock, write_whole
from backend.sweeps.config import Sweep, read_sweep
from backend.sweeps.piece_work import CANCEL, RUNNING, Result

SWEEPS = "sweeps"
PAUSE = "pause"
REQUEST = "sweep.yaml"
LOG = "log.txt"
_STATUS = "status.json"
_RESULTS = "results.jsonl"
State = Literal["starting", "running", "paused", "done", "failed", "cancelled", "lost"]
ACTIVE = ("starting", "running", "paused")


@dataclass(frozen=True)
class SweepStatus:
    """How a sweep stands.

    Attributes
    ----------
    state : str
        ``failed``: it came to its end, and some pieces failed. ``lost``: its process was killed.
    total, done, failed : int
        Pieces of this go; what was in the store before is not among them.
    waiting : int
        Pieces that no worker has yet.
    rate : float or None
        Pieces finished an hour.
    seconds, seconds_left : float
        Since this go began, and until it may end; None where nothing tells.
    workers : int
    memory : int
        Bytes that the workers hold, and the most that they may.
    memory_limit : int
    place : str
        Where it is computed.
    message : str
    pid : int
    started, updated : float
        By the clock on the wall, for people; nothing is reckoned with them.
    """

    state: State = "starting"
    total: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0
    rate: float | None = None
    seconds: float = 0.0
    seconds_left: float | None = None
    workers: int = 0
    memory: int = 0
    memory_limit: int = 0
    place: str = ""
    message: str = ""
    pid: int = 0
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)

    @property
    def active(self) -> bool:
        """Whether it is at work, or may be again without being started."""
        return self.state in ACTIVE

    def ended(self, state: State, message: str) -> "SweepStatus":
        """Give the status of a sweep that is no longer at work."""
        return replace(
            self, state=state, message=message, seconds_left=None, workers=0, memory=0,
            memory_limit=0,
        )  # fmt: skip


@dataclass(frozen=True)
class SweepFolder:
    """A sweep's folder.

    Attributes
    ----------
    path : Path
        ``STORE/sweeps/NAME``.
    """

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.name

    @property
    def store(self) -> Path:
        """The store that it writes to."""
        return self.path.parent.parent

    def keep(self, sweep: Sweep) -> None:
        """Write the request, so that the sweep can be taken up without its file."""
        self.path.mkdir(parents=True, exist_ok=True)
        content = sweep.model_dump(mode="json", exclude_defaults=True)
        write_whole(self.path / REQUEST, yaml.safe_dump(content, sort_keys=False))

    def request(self) -> Sweep:
        """Read the request."""
        return read_sweep(self.path / REQUEST)

    def lock(self) -> FileLock:
        """Return the lock that the driving process holds."""
        return worker_lock(self.path)

    def write(self, status: SweepStatus) -> None:
        """Replace the status in one step."""
        now = replace(status, updated=time.time())
        write_whole(self.path / _STATUS, json.dumps(asdict(now)))

    def read(self) -> SweepStatus:
        """Read the status, and notice when the driving process is gone.

        Raises
        ------
        JobError
            If there is none that can be read.
        """
        status = self._status()
        if status.active and not self.is_driven():
            # It may have ended between the two looks: what it wrote last counts.
            status = self._status()
            if status.active:
                status = replace(
                    status,
                    state="lost",
                    message="its process ended without a word (killed, or the machine restarted); "
                    f"python -m backend run {self.path / REQUEST} goes on from there",
                )
        return status

    def _status(self) -> SweepStatus:
        try:
            return SweepStatus(**json.loads((self.path / _STATUS).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise JobError(f"there is no readable sweep in {self.name}: {error}.") from error

    def is_driven(self) -> bool:
        """Whether a process is at work on it."""
        try:
            with self.lock():
                return False
        except Timeout:
            return True

    def ask(self, name: str, wish: bool) -> None:
        """Leave a wish, to cancel or to pause, where the driving process and workers look."""
        path = self.path / name
        if wish:
            write_whole(path, "")
        else:
            path.unlink(missing_ok=True)

    def wishes(self, name: str) -> bool:
        """Whether there is a wish to cancel or to pause."""
        return (self.path / name).exists()

    def add(self, result: Result) -> None:
        """Put on record what came of a piece."""
        with (self.path / _RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def results(self) -> dict[str, Result]:
        """Read what came of each piece, the last time that it was tried."""
        found: dict[str, Result] = {}
        path = self.path / _RESULTS
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        for line in lines:
            try:
                result = Result(**json.loads(line))
            except (ValueError, TypeError):
                # The last line that a killed process wrote may be cut short.
                continue
            found[result.name] = result
        return found

    def running(self) -> list[dict[str, object]]:
        """Read where each piece that is at work is."""
        found = []
        for path in sorted((self.path / RUNNING).glob("*/status.json")):
            try:
                said = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            found.append({"piece": path.parent.name, **said})
        return found

    def log(self, line: str) -> None:
        """Add a line to the log, with the time."""
        with (self.path / LOG).open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")

    def log_tail(self, n_lines: int = 20) -> str:
        """Last lines of the log."""
        path = self.path / LOG
        if not path.exists():
            return ""
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:])


def sweep_folder(store: Path, name: str) -> SweepFolder:
    """Return the folder of a sweep, which may not be there yet."""
    return SweepFolder(store.resolve() / SWEEPS / name)


def list_sweeps(store: Path) -> Sequence[tuple[SweepFolder, SweepStatus]]:
    """List a store's sweeps, the latest first.

    Parameters
    ----------
    store : Path

    Returns
    -------
    list of (SweepFolder, SweepStatus)
        A folder that cannot be read is left out.
    """
    found = []
    for path in (store.resolve() / SWEEPS).glob(f"*/{_STATUS}"):
        folder = SweepFolder(path.parent)
        try:
            found.append((folder, folder.read()))
        except JobError:
            continue
    return sorted(found, key=lambda each: each[1].started, reverse=True)


__all__ = ["CANCEL", "PAUSE", "SweepFolder", "SweepStatus", "list_sweeps", "sweep_folder"]
