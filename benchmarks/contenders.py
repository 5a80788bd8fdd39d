"""Processes that fit the same problem in turns, each with its own memory and clock.

One process per contender, so that none pays for what another imported or left in memory; they work
one at a time. Peaks are those of the resident set, reset before a fit (Linux) and counted from
what the process held after it had loaded the problem and solved a tiny one.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Prepare = Callable[..., Callable[[], Array]]


@dataclass(frozen=True)
class Run:
    """One fit: wall and processor seconds, and the memory that it added."""

    seconds: float
    cpu_seconds: float
    added_bytes: int
    total_bytes: int


class Contender:
    """A process that repeats one fit whenever it is asked to.

    Parameters
    ----------
    prepare : callable
        Called once in the process with ``settings``; gives the fit, whose predictions are compared.
    settings : dict
    """

    def __init__(self, prepare: Prepare, **settings: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, prepare, settings), daemon=True)
        self._process.start()
        far.close()
        self._pipe.recv()

    def run(self) -> Run:
        """Fit once."""
        self._pipe.send("run")
        return self._pipe.recv()

    def predictions(self) -> Array:
        """Give the predictions of the last run."""
        self._pipe.send("predictions")
        return self._pipe.recv()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, prepare: Prepare, settings: dict[str, Any]) -> None:
    fit = prepare(**settings)
    held = _memory("VmRSS")
    pipe.send("ready")
    predictions = None
    while True:
        try:
            wish = pipe.recv()
        except EOFError:
            return
        if wish == "predictions":
            pipe.send(predictions)
            continue
        predictions = None
        Path("/proc/self/clear_refs").write_text("5")
        wall, processor = time.perf_counter(), time.process_time()
        predictions = fit()
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - processor
        peak = _memory("VmHWM")
        pipe.send(Run(seconds, cpu_seconds, peak - held, peak))


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/self/status; the benchmark needs Linux")


def set_threads(count: int) -> None:
    """Give processes that are started from now on so many threads for matrix products."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def machine() -> str:
    """Cores and load of the machine, for the head of a table."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores; load of the last 1, 5 and 15 minutes: {load}"
