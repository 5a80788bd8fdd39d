"""A sweep's life in one process: what is done, what is left alone, what fails."""

import errno
import threading

import pyarrow.parquet as pq
import pytest

from backend.errors import InputError, JobError
from backend.features import sentence_states
from backend.jobs.run import run_task
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.sweeps import crew, driver, piece_work
from backend.sweeps.cells import SweepTasks, lay_out
from backend.sweeps.engine import Computers
from backend.sweeps.folder import PAUSE, SweepStatus, list_sweeps, sweep_folder
from backend.sweeps.piece_work import Result
from backend.sweeps.plan import lay_against
from backend.sweeps.run import run_sweep
from backend.sweeps.words import progress_line
from tests.helpers import wait_until
from tests.sweeps.conftest import HERE


def kinds(lines):
    return [line.split("] ")[1].split()[0] for line in lines if line.startswith("[")]


def test_a_sweep_does_everything_once(sweep, store, go, lines):
    assert go(sweep).state == "done"
    assert sorted(kinds(lines)) == ["model", "run", "run", "run", "run"]
    found = runs(ResultStore(store))
    assert len(found) == 4
    assert set(found["compression"]) == {"none", "magnitude-50"}
    lines.clear()
    assert go(sweep).state == "done"
    assert kinds(lines) == []
    ((folder, status),) = list_sweeps(store)
    assert (folder.name, status.state, status.total, status.workers) == ("small", "done", 0, 0)
    assert len(folder.results()) == 5
    assert folder.running() == []


def test_what_a_wider_sweep_adds_is_all_that_is_done(sweep, go, lines):
    go(sweep)
    lines.clear()
    go(sweep.model_copy(update={"seeds": (0, 1, 2)}))
    assert sorted(kinds(lines)) == ["model", "run", "run"]


def test_sentences_are_read_once_by_each_model(sweep, store, go, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    whole, read = sentence_states.extract_sentence_states, []

    def extract(*arguments, **options):
        read.append(1)
        return whole(*arguments, **options)

    monkeypatch.setattr(sentence_states, "extract_sentence_states", extract)
    go(sweep)
    # Of two compressions, each fitted with two seeds.
    assert len(read) == 2
    alone = SweepTasks(tmp_path / "alone").task(lay_out(sweep)[-1])
    run_id = run_task(alone.model_copy(update={"cache": tmp_path / "another"}))
    assert len(read) == 3
    shard = f"roi_scores/{run_id}.parquet"
    expected, got = (pq.read_table(place / shard) for place in (tmp_path / "alone", store))
    assert got.equals(expected)


def fail_once_on(monkeypatch, compression, error):
    """Let runs with a compression fail the first time."""
    whole, failed = piece_work._DO["run"], set()

    def do(work, progress):
        config = work.piece.task.config
        if config.compression == compression and config.run_id not in failed:
            failed.add(config.run_id)
            raise error
        return whole(work, progress)

    monkeypatch.setitem(piece_work._DO, "run", do)


def test_failures_are_listed_and_retried_alone(sweep, store, go, lines, monkeypatch):
    fail_once_on(monkeypatch, "magnitude-50", OSError(errno.ENOSPC, "No space left on device"))
    ended = go(sweep)
    assert ended.state == "failed"
    assert len(ended.failures) == 2
    assert all("No space left on device" in result.reason for _, result in ended.failures)
    assert len(runs(ResultStore(store))) == 2
    # One of those that were done is lost: it is not a failure, and not retried with them.
    whole = lay_against(sweep, store)[0].there[0]
    (store / "runs" / f"{whole}.parquet").unlink()
    lines.clear()
    assert go(sweep, retry_failed=True).state == "done"
    assert sorted(kinds(lines)) == ["model", "run", "run"]
    assert len(runs(ResultStore(store))) == 3
    assert go(sweep).state == "done"
    assert len(runs(ResultStore(store))) == 4


def test_what_needs_a_failure_is_not_tried(sweep, store, go, monkeypatch):
    def no(work, progress):
        raise MemoryError

    monkeypatch.setitem(piece_work._DO, "model", no)
    ended = go(sweep)
    reasons = sorted(result.reason.split(":")[0] for _, result in ended.failures)
    assert reasons[:2] == ["needs what failed", "needs what failed"]
    assert reasons[2].startswith("the machine ran out of memory")
    assert set(runs(ResultStore(store))["compression"]) == {"none"}


def test_a_defect_is_told_from_a_failure_and_logged(sweep, store, go, monkeypatch):
    fail_once_on(monkeypatch, "none", ZeroDivisionError("oh"))
    ended = go(sweep)
    assert {result.reason for _, result in ended.failures} == {"a defect: ZeroDivisionError: oh"}
    assert "Traceback" in sweep_folder(store, "small").log_tail(60)


@pytest.fixture
def paused(sweep, store, go, monkeypatch):
    """A sweep in a thread that was paused at its first run."""
    whole = piece_work._DO["run"]
    folder = sweep_folder(store, "small")
    asked = []

    def do(work, progress):
        if not asked:
            folder.ask(PAUSE, True)
            asked.append(True)
        return whole(work, progress)

    monkeypatch.setitem(piece_work._DO, "run", do)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(go(sweep)))
    thread.start()
    wait_until(lambda: asked and folder.read().state == "paused" and folder.read().done >= 1)
    yield folder, lambda: (thread.join(60), ended[0])[1]
    folder.ask(PAUSE, False)
    thread.join(60)


def test_a_paused_sweep_waits_and_goes_on(paused, sweep, go):
    folder, end = paused
    assert folder.read().done < 5
    with pytest.raises(JobError, match="is being run already"):
        go(sweep)
    folder.ask(PAUSE, False)
    assert end().state == "done"


def test_a_cancelled_sweep_ends_and_is_taken_up(paused, sweep, store, go):
    folder, end = paused
    folder.ask(piece_work.CANCEL, True)
    assert end().state == "cancelled"
    assert folder.read().state == "cancelled"
    assert len(runs(ResultStore(store))) < 4
    assert go(sweep).state == "done"
    assert len(runs(ResultStore(store))) == 4


def test_what_was_cancelled_is_not_counted_as_done(sweep, store):
    pieces, folder = lay_against(sweep, store)[0].pieces, sweep_folder(store, "small")
    folder.path.mkdir(parents=True)
    driving = driver.Driver(pieces, folder, HERE, SweepStatus("running"), lambda line: None)
    for piece, end in zip(pieces, ("done", "there", "failed", "cancelled"), strict=False):
        driving._record(Result(piece.name, end))
    status = driving._now()
    assert (status.done, status.failed, status.total) == (2, 1, 5)


def test_a_sweep_larger_than_the_disk_is_refused(sweep, store, go, monkeypatch):
    monkeypatch.setattr("backend.jobs.planner._free_disk", lambda folder: 1000.0)
    with pytest.raises(InputError, match=r"writes 0\.0 GB .* are free"):
        go(sweep)
    assert sweep_folder(store, "small").read().state == "failed"
    assert not (store / "runs").exists()


def test_a_scheduler_that_does_not_answer_is_named(sweep, store):
    nobody = Computers("scheduler", address="tcp://127.0.0.1:9", answer_seconds=0.2)
    with pytest.raises(JobError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        run_sweep(sweep, store, nobody, say=lambda line: None)
    assert "does not answer" in sweep_folder(store, "small").read().message


def test_a_sweep_whose_workers_were_all_refused_does_not_wait_for_ever(
    sweep, store, go, lines, monkeypatch
):
    # As when the code changes while a sweep is at work, and a worker starts anew.
    monkeypatch.setattr(piece_work, "code_version", lambda: "other")
    monkeypatch.setattr(crew, "_PATIENCE_SECONDS", 0.5)
    with pytest.raises(JobError, match="none is left"):
        go(sweep)
    assert any("runs version other of the code" in line for line in lines)
    status = sweep_folder(store, "small").read()
    assert status.state == "failed"
    assert "none is left" in status.message
    monkeypatch.undo()
    assert go(sweep).state == "done"


def test_a_piece_that_every_worker_refuses_is_given_up(sweep, go, lines, monkeypatch):
    # Workers that are replaced by others of that version come back without end.
    monkeypatch.setattr(piece_work, "code_version", lambda: "other")
    monkeypatch.setattr(driver, "send_home", lambda engine, names: None)
    ended = go(sweep)
    assert ended.state == "failed"
    # The copy and two runs; the other two need the copy.
    assert sum("it is sent home" in line for line in lines) == 3 * driver._REFUSALS
    reasons = [result.reason for _, result in ended.failures]
    assert sum("runs version other of the code" in reason for reason in reasons) == 3


def test_a_scheduler_that_is_lost_again_and_again_is_given_up(sweep, store, go, monkeypatch):
    def lose(self, engine):
        raise driver.LostSchedulerError

    monkeypatch.setattr(driver.Driver, "_drive", lose)
    with pytest.raises(JobError, match=r"was lost 5 times with nothing done in between"):
        go(sweep)
    assert sweep_folder(store, "small").read().state == "failed"


def test_a_piece_that_kills_its_workers_is_given_up(sweep):
    class KilledWorker(Exception):  # noqa: N818
        """Called as Dask calls its own."""

    class Future:
        status = "error"

        def exception(self):
            return KilledWorker("run", "tcp://127.0.0.1:1")

    result = driver._result_of("run-a", Future())
    assert result.end == "failed"
    assert "its worker died 4 times: out of memory, as a rule" in result.reason


@pytest.mark.parametrize("status", ["finished", "lost", "pending"])
def test_a_result_that_left_with_its_worker_is_not_waited_for(status):
    class Future:
        def __init__(self):
            self.status = status

        def result(self, timeout):
            assert timeout < 60
            raise TimeoutError

    assert driver._result_of("run-a", Future()) is None


def test_a_sweep_that_lacked_nothing_says_so(sweep, store, go):
    go(sweep)
    go(sweep)
    assert progress_line(sweep_folder(store, "small").read()) == "done: the store had everything"
