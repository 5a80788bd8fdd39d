"""What the tests of faults share: a small sweep, the same sweep undisturbed, and processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import yaml
from distributed import Client

from backend.paths import PROJECT
from backend.store.schema import RUN_TABLES
from backend.sweeps.config import Sweep
from tests.helpers import leftovers, write_table

MODEL = "cortexscale-0.1m"
# What differs from one computation of a run to the next.
_OF_THE_MOMENT = [
    "created_at", "seconds", "extraction_seconds", "fit_seconds", "peak_memory_bytes", "device",
]  # fmt: skip


def write_sweep(folder: Path, name: str = "small", n_seeds: int = 3) -> Path:
    """Write a sweep of the smallest model that ships on 40 sentences: two runs for each seed."""
    data = {
        "dataset": str(write_table(folder / "toy.csv")), "sentence": "sentence",
        "responses": ["left_ifg"], "split": "shuffled", "folds": 2,
    }  # fmt: skip
    content = {
        "name": name, "models": [MODEL], "compressions": ["none", "magnitude-50"],
        "datasets": [data], "seeds": list(range(n_seeds)),
    }  # fmt: skip
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def require_same(store: Path, undisturbed: Path, sweep: Sweep) -> None:
    """No row lost, doubled or different; nothing half written left."""
    n_runs = len(sweep.compressions) * len(sweep.seeds)
    for name in RUN_TABLES:
        got, expected = (_rows(folder / name) for folder in (store, undisturbed))
        assert got["run_id"].nunique() == n_runs, name
        pd.testing.assert_frame_equal(got, expected, check_exact=False, rtol=0, atol=1e-6)
    assert leftovers(store) == []


def _rows(folder: Path) -> pd.DataFrame:
    frames = [pq.read_table(path).to_pandas() for path in sorted(folder.glob("*.parquet"))]
    return pd.concat(frames, ignore_index=True).drop(columns=_OF_THE_MOMENT, errors="ignore")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def process(*words: object, cwd: Path = PROJECT) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module in a session of its own, and let nothing of it outlive the test."""
    started = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)], cwd=cwd, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        kill_session(started.pid)
        started.wait(10)


def scheduler(port: int) -> Sequence[object]:
    return (
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port,
        "--no-dashboard", "--no-jupyter",
    )  # fmt: skip


def worker(port: int) -> Sequence[object]:
    return (
        "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny",
        "--no-dashboard", "--death-timeout", "60",
    )  # fmt: skip


def wait_for_workers(port: int, n: int) -> None:
    with Client(f"tcp://127.0.0.1:{port}", timeout=60) as client:
        client.wait_for_workers(n, timeout=60)


def kill_session(pid: int) -> None:
    """Kill a process and all that it started, as a power cut does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
