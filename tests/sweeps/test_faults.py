"""Whatever breaks, a sweep ends complete: no row lost, doubled or different."""

import errno
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from backend.jobs.local import JobStatus
from backend.paths import PROJECT
from backend.sweeps.config import read_sweep
from backend.sweeps.engine import Computers
from backend.sweeps.folder import sweep_folder
from backend.sweeps.run import run_sweep
from tests.helpers import run_process, wait_until
from tests.sweeps.conftest import HERE
from tests.sweeps.faults import (
    free_port,
    kill_session,
    process,
    require_same,
    scheduler,
    wait_for_workers,
    worker,
    write_sweep,
)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """Compressed copies are made here, so that making them is disturbed too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEXSCALE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory):
    return write_sweep(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def sweep(sweep_file):
    return read_sweep(sweep_file)


@pytest.fixture(scope="module")
def undisturbed(sweep, tmp_path_factory):
    """The store of the same sweep when nothing breaks."""
    store = tmp_path_factory.mktemp("undisturbed")
    assert run_sweep(sweep, store, HERE, say=lambda line: None).state == "done"
    return store


def in_thread(sweep, store, computers):
    """Run a sweep beside the test; gives what it said, and a way to wait for its end."""
    lines, ended = [], []

    def run():
        ended.append(run_sweep(sweep, store, computers, say=lines.append))

    thread = threading.Thread(target=run)
    thread.start()

    def end():
        thread.join(120)
        return ended[0]

    return lines, end


def at_work(folder):
    """Process that is fitting a run just now."""
    for each in folder.running():
        if str(each["piece"]).startswith("run-") and each["stage"] == "fitting layers":
            return int(each["pid"])
    return None


def damage_a_page(shard: Path) -> None:
    """Turn one bit of the data over, as a disk may; the footer stays whole."""
    content = bytearray(shard.read_bytes())
    column = pq.read_metadata(shard).row_group(0).column(6)
    content[column.data_page_offset + column.total_compressed_size - 4] ^= 1
    shard.write_bytes(content)


def test_the_disk_is_full(sweep, store, undisturbed, go, lines, monkeypatch):
    whole, n_calls, full = pq.write_table, [], [True]

    def write(table, path, **options):
        n_calls.append(path)
        # Seven shards fit: the first run's five, and two of the second.
        if full and len(n_calls) > 7:
            Path(path).write_bytes(b"half a shard")
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(table, path, **options)

    monkeypatch.setattr(pq, "write_table", write)
    ended = go(sweep)
    assert ended.state == "failed"
    assert "No space left on device" in ended.failures[0][1].reason
    assert len(ended.failures) == 5
    assert "Free some disk space" in ended.failures[0][1].reason
    full.clear()
    assert go(sweep, retry_failed=True).state == "done"
    require_same(store, undisturbed, sweep)


def test_a_shard_is_damaged(sweep, store, undisturbed, go, lines):
    shutil.copytree(undisturbed, store)
    shard = sorted((store / "roi_scores").glob("*.parquet"))[2]
    damage_a_page(shard)
    assert go(sweep).state == "done"
    told = next(line for line in lines if "is damaged" in line)
    assert shard.stem in told
    assert "roi_scores" in told
    assert (store / "quarantine" / shard.stem / "roi_scores.parquet").exists()
    assert sum(line.startswith("[") and "] run" in line for line in lines) == 1
    require_same(store, undisturbed, sweep)


def test_the_clock_steps_back(sweep, store, undisturbed, go, monkeypatch):
    right, offset = time.time, [0.0]

    def step_back(line):
        offset[0] -= 3600

    monkeypatch.setattr(time, "time", lambda: right() + offset[0])
    assert run_sweep(sweep, store, HERE, say=step_back).state == "done"
    status = sweep_folder(store, sweep.name).read()
    assert 0 < status.seconds < 300
    assert status.rate is not None
    assert status.rate > 0
    require_same(store, undisturbed, sweep)


def test_a_job_that_never_began_is_lost_whatever_the_clock(tmp_path, monkeypatch):
    from backend.jobs.local import _worker_lives

    begun = JobStatus("queued", started=time.time())
    assert _worker_lives(tmp_path, begun)
    monkeypatch.setattr(time, "time", lambda: begun.started - 3600)
    assert not _worker_lives(tmp_path, begun)


def test_a_worker_is_killed_while_it_fits(sweep, store, undisturbed):
    folder = sweep_folder(store, sweep.name)
    lines, end = in_thread(sweep, store, Computers("local", workers=1))
    killed = wait_until(lambda: at_work(folder))
    os.kill(killed, signal.SIGKILL)
    assert end().state == "done", lines
    require_same(store, undisturbed, sweep)
    assert len(folder.results()) == 7


def test_two_sweeps_want_the_same_runs(sweep, store, undisturbed):
    other = sweep.model_copy(update={"name": "other", "seeds": sweep.seeds[::-1]})
    _, end = in_thread(other, store, Computers("local", workers=1))
    assert run_sweep(sweep, store, HERE, say=lambda line: None).state == "done"
    assert end().state == "done"
    require_same(store, undisturbed, sweep)
    results = [
        result for name in (sweep.name, "other")
        for result in sweep_folder(store, name).results().values()
        if result.name.startswith("run-")
    ]  # fmt: skip
    assert sum(result.end == "done" for result in results) == 6


def test_the_app_and_then_everything_is_killed(sweep, sweep_file, store, undisturbed):
    folder = sweep_folder(store, sweep.name)
    # Who starts it is gone at once, as an app that was closed or killed.
    started = run_process("run", sweep_file, "--store", store, "--workers", 1, "--background")
    assert started.code == 0, started.err
    pid = int(started.out.split("process ")[1].split(",")[0])
    try:
        wait_until(lambda: (folder.path / "status.json").exists())
        wait_until(lambda: any(each.end == "done" for each in folder.results().values()))
        assert folder.read().active
    finally:
        kill_session(pid)
    assert wait_until(lambda: folder.read().state == "lost")
    assert "goes on from there" in folder.read().message
    done = len(list((store / "runs").glob("*.parquet")))
    lines = []
    assert run_sweep(sweep, store, HERE, say=lines.append).state == "done"
    assert sum("] run" in line for line in lines) == 6 - done
    require_same(store, undisturbed, sweep)


def test_other_code_is_refused_and_a_lost_scheduler_is_waited_for(
    sweep, store, undisturbed, tmp_path
):
    port, folder = free_port(), sweep_folder(store, sweep.name)
    other = shutil.copytree(PROJECT / "backend", tmp_path / "other" / "backend").parent
    (other / "backend" / "paths.py").open("a").write("# changed\n")
    where = Computers("scheduler", address=f"tcp://127.0.0.1:{port}", answer_seconds=60)
    with process(*scheduler(port)) as first, process(*worker(port), cwd=other) as wrong:
        _, _ = wrong, first
        with process(*worker(port)) as lonely:
            # Were the other there alone, the sweep would end: every worker was refused.
            wait_for_workers(port, 2)
            lines, end = in_thread(sweep, store, where)
            wait_until(lambda: at_work(folder))
            kill_session(first.pid)
            # A worker does not outlive the scheduler that it belongs to.
            assert wait_until(lambda: lonely.poll() is not None)
        with process(*scheduler(port)), process(*worker(port)):
            assert end().state == "done", lines
    assert any("runs version" in line and "refused" in line for line in lines), lines
    assert any("is lost; what it was doing is asked for again" in line for line in lines), lines
    require_same(store, undisturbed, sweep)
