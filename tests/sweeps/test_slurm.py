"""A sweep through dask-jobqueue, whose ``sbatch`` is a stand-in that starts the job here."""

import os
import sys
from pathlib import Path

import dask
import pytest

from backend.errors import InputError
from backend.paths import cache_folder
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.sweeps.engine import Computers
from backend.sweeps.run import run_sweep

SBATCH = """#!/bin/sh
# As Slurm does: keeps the script, starts it by itself, and prints the job's number.
cp "$1" "$0.$$.script"
setsid sh "$0.$$.script" > "$0.$$.out" 2>&1 < /dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
echo "$@" >> "$0.asked"
for job in "$@"; do kill -TERM -"$job" 2> /dev/null; done
exit 0
"""
SLURM = {
    "queue": "short", "cores": 1, "memory": "2GB", "walltime": "00:10:00", "python": sys.executable,
}  # fmt: skip


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Slurm's commands, before all others on the path."""
    # Brings defaults along, which stay for who comes after only where nothing was set before.
    import dask_jobqueue  # noqa: F401

    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        command = folder / name
        command.write_text(text)
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.timeout(240)
def test_a_sweep_is_done_by_jobs_that_slurm_starts(sweep, store, slurm, lines):
    with dask.config.set({f"jobqueue.slurm.{key}": value for key, value in SLURM.items()}):
        outcome = run_sweep(sweep, store, Computers("slurm", workers=1), say=lines.append)
    assert outcome.state == "done", (lines, [p.read_text() for p in slurm.glob("*.out")])
    assert len(runs(ResultStore(store))) == 4
    (script,) = slurm.glob("sbatch.*.script")
    assert "tls://" in script.read_text()
    assert (slurm / "scancel.asked").exists()
    # What opens the connections is for their owner alone, and goes with the process.
    kept = list(cache_folder().glob(".dask-jobqueue*"))
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept)


def test_a_cluster_that_nobody_described_is_told_where_to_describe_it(sweep, store, slurm):
    with (
        dask.config.set({"jobqueue.slurm.cores": None, "jobqueue.slurm.memory": None}),
        pytest.raises(InputError, match=r"jobqueue\.yaml"),
    ):
        run_sweep(sweep, store, Computers("slurm"), say=lambda line: None)


def test_slurm_without_its_library_says_what_to_install(sweep, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(InputError, match="pip install dask-jobqueue"):
        run_sweep(sweep, store, Computers("slurm"), say=lambda line: None)
