"""Background jobs as real processes."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from backend.errors import JobError
from backend.jobs.local import (
    JobStatus,
    cancel_job,
    jobs_folder,
    list_jobs,
    log_tail,
    read_job,
    start_job,
    write_status,
)
from backend.jobs.request import build_task, choose_data
from backend.paths import PROJECT
from backend.store.queries import runs
from backend.store.reader import ResultStore
from tests.helpers import kill_worker, leftovers, wait_for_job, wait_until, write_table

ENDS = ("done", "failed", "cancelled", "lost")
START = (
    "import sys; from backend.jobs.config import Task; from backend.jobs.local import start_job; "
    "print(start_job(Task.model_validate_json(sys.argv[1])).status.state)"
)


@pytest.fixture
def started():
    """Start jobs, and let none outlive its test."""
    jobs = []

    def start(task):
        jobs.append(start_job(task))
        return jobs[-1]

    yield start
    for job in jobs:
        kill_worker(read_job(job.folder))


@pytest.fixture
def long_task(store):
    """Several seconds of work."""
    return build_task(choose_data("demo-sentences"), "minilm-l6", store, device="cpu")[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, gpt2_folder):
    """A job that a short-lived process started, and that went on without it."""
    folder = tmp_path_factory.mktemp("finished")
    data = choose_data(str(write_table(folder / "toy.csv")), "sentence", ["left_ifg"])
    task, _ = build_task(data, str(gpt2_folder), folder / "store", device="cpu")
    starter = subprocess.Popen(
        [sys.executable, "-c", START, task.model_dump_json()],
        stdout=subprocess.PIPE, text=True, cwd=PROJECT, start_new_session=True,
    )  # fmt: skip
    assert starter.communicate(timeout=60)[0] == "queued\n"
    # Closing a terminal ends every process of its session; the worker has one of its own.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGKILL)
    job_folder = jobs_folder(task.store) / task.config.run_id
    alive_without_its_starter = read_job(job_folder).active
    return alive_without_its_starter, wait_for_job(job_folder, ENDS)


@pytest.fixture
def idle(task, monkeypatch):
    """A job without a process."""
    with monkeypatch.context() as patch:
        patch.setattr("backend.jobs.local.subprocess.Popen", lambda *a, **o: None)
        return start_job(task)


def nothing_in(store) -> bool:
    return runs(ResultStore(store)).empty and not list((store / "runs").glob("*"))


def test_a_job_goes_on_when_its_starter_has_exited(finished):
    alive_without_its_starter, job = finished
    assert alive_without_its_starter
    assert job.status.state == "done", job.status.message


def test_a_finished_job_has_its_run_in_the_store(finished):
    _, job = finished
    assert runs(ResultStore(job.task.store))["run_id"].tolist() == [job.run_id]
    assert leftovers(job.task.store) == []


def test_a_finished_job_is_listed_and_not_active(finished):
    _, job = finished
    (listed,) = list_jobs(job.task.store)
    assert (listed.run_id, listed.status.state, listed.active) == (job.run_id, "done", False)
    assert listed.status.started <= listed.status.updated


def test_cancelling_a_finished_job_changes_nothing(finished):
    _, job = finished
    assert cancel_job(job).status == job.status


def test_a_job_can_be_cancelled_while_it_works(long_task, started):
    job = started(long_task)
    wait_until(lambda: read_job(job.folder).status.stage == "fitting baselines")
    cancelled = cancel_job(job)
    assert cancelled.status.state == "cancelled"
    assert nothing_in(long_task.store)
    assert leftovers(long_task.store) == []


def test_a_second_start_of_the_same_work_is_refused_until_it_has_ended(long_task, started):
    job = started(long_task)
    with pytest.raises(JobError, match="is being computed already"):
        start_job(long_task)
    assert cancel_job(job).status.state == "cancelled"
    again = started(long_task)
    assert again.active
    assert cancel_job(again).status.state == "cancelled"


def test_a_killed_worker_is_lost_and_can_be_started_again(task, started):
    job = started(task)
    running = wait_for_job(job.folder, ["running"])
    os.kill(running.status.pid, signal.SIGKILL)
    lost = wait_for_job(job.folder, ["lost"])
    assert not lost.active
    assert "start it again" in lost.status.message
    assert nothing_in(task.store)
    started(task)
    assert wait_for_job(job.folder, ENDS).status.state == "done"
    assert runs(ResultStore(task.store))["run_id"].tolist() == [job.run_id]


def test_a_worker_that_fails_says_why(table, gpt2_folder, store, tmp_path, started):
    folder = shutil.copytree(gpt2_folder, tmp_path / "broken")
    data = choose_data(str(table), "sentence", ["left_ifg"])
    task, _ = build_task(data, str(folder), store, device="cpu")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    job = wait_for_job(started(task).folder, ENDS)
    assert job.status.state == "failed"
    assert "'broken' could not be loaded" in job.status.message
    assert "Traceback" not in log_tail(job)
    assert nothing_in(store)


def test_a_worker_that_ignores_the_request_to_stop_is_killed(idle):
    code = (
        "import signal, sys, time; from filelock import FileLock\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    lock = str(idle.folder / "worker.lock")
    stubborn = subprocess.Popen(
        [sys.executable, "-c", code, lock], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    try:
        assert stubborn.stdout.readline() == "held\n"
        write_status(idle.folder, JobStatus("running", "reading sentences", pid=stubborn.pid))
        assert cancel_job(read_job(idle.folder), wait_seconds=0.3).status.state == "cancelled"
        assert stubborn.wait(timeout=10) == -signal.SIGKILL
    finally:
        stubborn.kill()
        stubborn.communicate()


def test_a_job_whose_process_never_came_is_lost_after_a_while(idle):
    assert idle.status.state == "queued"
    write_status(idle.folder, JobStatus("queued", "starting", started=time.time() - 3600))
    assert read_job(idle.folder).status.state == "lost"


def test_a_worker_of_another_user_cannot_be_cancelled(idle, monkeypatch):
    def forbid(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbid)
    monkeypatch.setattr("backend.jobs.local._worker_lives", lambda folder, status: True)
    write_status(idle.folder, JobStatus("running", pid=1))
    with pytest.raises(JobError, match="belongs to another user"):
        cancel_job(read_job(idle.folder))


def test_jobs_are_listed_latest_first_and_broken_ones_left_out(idle):
    folder = jobs_folder(idle.task.store)
    shutil.copytree(idle.folder, folder / "older")
    write_status(folder / "older", JobStatus("done", started=1.0))
    (folder / "broken").mkdir()
    (folder / "broken" / "request.json").write_text("{")
    assert [job.folder.name for job in list_jobs(idle.task.store)] == [idle.run_id, "older"]


def test_a_store_without_jobs_lists_none(tmp_path):
    assert list_jobs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "done", "mood": "good"}'])
def test_a_status_that_cannot_be_read_is_refused(idle, content):
    (idle.folder / "status.json").write_text(content)
    with pytest.raises(JobError, match="no readable job.*Start it again"):
        read_job(idle.folder)


def test_a_folder_without_a_job_is_refused(tmp_path):
    with pytest.raises(JobError, match="no readable job in"):
        read_job(tmp_path)


def test_the_status_file_is_replaced_in_one_step(idle):
    status = JobStatus("running", "reading sentences", 3, 40, pid=7)
    write_status(idle.folder, status)
    assert json.loads((idle.folder / "status.json").read_text()) == asdict(status)
    assert leftovers(idle.folder) == []


def test_a_job_folder_that_cannot_be_made_is_refused(task):
    task.store.write_text("a file")
    with pytest.raises(JobError, match="cannot be made.*Set CORTEXSCALE_STORE"):
        start_job(task)


def test_the_log_tail_is_its_last_lines(idle):
    (idle.folder / "log.txt").write_text("\n".join(f"line {index}" for index in range(50)))
    assert log_tail(idle, n_lines=2) == "line 48\nline 49"
    (idle.folder / "log.txt").unlink()
    assert log_tail(idle) == ""
