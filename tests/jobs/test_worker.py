"""The worker's code, in this process; test_local.py runs it in one of its own."""

import signal

import numpy as np
import pytest
from filelock import Timeout

from backend.errors import CancelledError, JobError, ModelError
from backend.jobs.kept_layers import KeptLayers, LayerScores
from backend.jobs.local import Job, JobStatus, read_job, start_job
from backend.jobs.worker import StatusFile, work
from backend.store.queries import runs
from backend.store.reader import ResultStore


@pytest.fixture(autouse=True)
def _signals():
    """Give SIGTERM back its handler."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def queued(task, monkeypatch) -> Job:
    """A job whose process was never started."""
    monkeypatch.setattr("backend.jobs.local.subprocess.Popen", lambda *a, **o: None)
    return start_job(task)


def encode_by(monkeypatch, error: BaseException):
    def fail(task, progress, shared=None):
        raise error

    monkeypatch.setattr("backend.jobs.run.run_encoding", fail)


def test_a_queued_job_is_computed(queued):
    assert queued.status.state == "queued"
    assert work(queued.folder) == 0
    status = read_job(queued.folder).status
    assert (status.state, status.stage) == ("done", "finished")
    assert runs(ResultStore(queued.task.store))["run_id"].tolist() == [queued.run_id]


@pytest.mark.parametrize(
    ("error", "code", "state", "message"),
    [
        (ModelError("no such model"), 2, "failed", "no such model"),
        (MemoryError(), 2, "failed", "out of memory; choose a smaller model"),
        (CancelledError("cancelled"), 130, "cancelled", "nothing was written"),
        (KeyboardInterrupt(), 130, "cancelled", "nothing was written"),
    ],
)
def test_how_work_ends_is_its_status(queued, monkeypatch, error, code, state, message):
    encode_by(monkeypatch, error)
    assert work(queued.folder) == code
    status = read_job(queued.folder).status
    assert status.state == state
    assert message in status.message


def test_a_cancelled_job_says_what_is_kept(queued, monkeypatch):
    encode_by(monkeypatch, CancelledError("cancelled"))
    kept = KeptLayers(queued.task.store, queued.run_id, "these", {"r": (1, 2)})
    for layer in range(3):
        kept.write(layer, LayerScores({"r": np.zeros((1, 2), dtype=np.float32)}, 1.0))
    assert work(queued.folder) == 130
    message = read_job(queued.folder).status.message
    assert message == "cancelled; nothing was written, and 3 layer(s) are kept for the next time"


def test_a_defect_is_named_and_raised_for_the_log(queued, monkeypatch):
    encode_by(monkeypatch, ZeroDivisionError("by nought"))
    with pytest.raises(ZeroDivisionError):
        work(queued.folder)
    status = read_job(queued.folder).status
    assert (status.state, status.message) == ("failed", "a defect: ZeroDivisionError: by nought")


def test_a_job_cancelled_before_it_begins_computes_nothing(queued, monkeypatch):
    encode_by(monkeypatch, AssertionError("it began"))
    (queued.folder / "cancel").touch()
    assert work(queued.folder) == 130
    assert read_job(queued.folder).status.state == "cancelled"


def test_a_termination_signal_cancels(queued, monkeypatch):
    def be_told_to_stop(task, progress, shared=None):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("backend.jobs.run.run_encoding", be_told_to_stop)
    assert work(queued.folder) == 130
    assert read_job(queued.folder).status.state == "cancelled"


def test_a_second_worker_is_refused(queued, monkeypatch):
    class Taken:
        def acquire(self, timeout):
            raise Timeout("worker.lock")

    monkeypatch.setattr("backend.jobs.worker.worker_lock", lambda folder: Taken())
    with pytest.raises(JobError, match="another worker is at the job"):
        work(queued.folder)
    assert read_job(queued.folder).status.state == "queued"


def test_a_stage_is_seen_at_once(queued):
    progress = StatusFile(queued.folder, queued.status)
    progress.stage("reading sentences", 40)
    status = read_job(queued.folder).status
    assert (status.stage, status.done, status.total) == ("reading sentences", 0, 40)


def test_steps_are_counted(queued):
    progress = StatusFile(queued.folder, JobStatus("queued"))
    progress.stage("reading sentences", 40)
    progress.advance(16)
    progress.advance()
    assert progress.status.done == 17
    progress.set()
    assert read_job(queued.folder).status.done == 17


def test_a_step_stops_when_the_user_asked_for_it(queued):
    progress = StatusFile(queued.folder, queued.status)
    progress.advance()
    (queued.folder / "cancel").touch()
    with pytest.raises(CancelledError):
        progress.advance()
