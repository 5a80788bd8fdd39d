"""The workers of a cluster as they come and go, and when one no longer waits for any."""

import time

from backend.errors import JobError
from backend.sweeps.engine import Computers, Engine

_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


class Crew:
    """Counts workers, at most once a second.

    Parameters
    ----------
    computers : Computers

    Attributes
    ----------
    slots : int
        Pieces that can be worked on at once.
    memory, memory_limit : int
        Bytes that the workers hold, and may hold.
    """

    def __init__(self, computers: Computers) -> None:
        self._computers = computers
        self._looked = float("-inf")
        self._seen = time.monotonic()
        self.slots = self.memory = self.memory_limit = 0

    def begin(self) -> None:
        """Wait from now on for the workers of another cluster."""
        self._looked, self._seen = float("-inf"), time.monotonic()

    def look(self, engine: Engine) -> None:
        """Ask for the workers.

        Raises
        ------
        JobError
            If there has been none for a minute. A queue of Slurm may take hours.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self.slots, (self.memory, self.memory_limit) = engine.slots(), engine.memory()
        self._looked = now
        if self.slots:
            self._seen = now
        elif now - self._seen > _PATIENCE_SECONDS and self._computers.kind != "slurm":
            raise JobError(
                f"no worker came to {engine.title} within {_PATIENCE_SECONDS:.0f} s, and none is "
                f"left. {self._advice()}; what is done is kept."
            )

    def _advice(self) -> str:
        if self._computers.kind == "scheduler":
            return "Start some with: dask worker ADDRESS --nthreads 1 --death-timeout 60"
        return "See above whether they were refused, and give the same command again"
