import pytest

from backend.sweeps.engine import Computers
from backend.sweeps.folder import SweepStatus, sweep_folder
from backend.sweeps.piece_work import Result


@pytest.fixture
def sweep_file(tmp_path, gpt2_folder, table):
    path = tmp_path / "small.yaml"
    path.write_text(
        f"models: [{gpt2_folder}, minilm-l6]\ncompressions: [none, awq-w4a16, magnitude-50]\n"
        f"datasets:\n- {{dataset: {table}, sentence: sentence, responses: [left_ifg], folds: 2}}\n"
    )
    return path


def test_a_plan_says_what_there_is_to_do_and_what_it_takes(cli, sweep_file, store):
    out = cli("plan", sweep_file, "--store", store).out
    assert "small: 6 runs" in out
    assert "there      0 in the store" in out
    assert "2 models to write compressed, 0 stories to read, 4 runs to fit" in out
    assert "left out   2 runs" in out
    assert "hours of one worker without a GPU" in out
    assert not store.exists()


def test_a_run_ends_with_what_failed_and_how_to_try_it_again(
    cli, sweep_file, store, monkeypatch, gpt2_folder
):
    monkeypatch.setattr("backend.commands.sweep.computers", lambda arguments: Computers("here"))
    text = sweep_file.read_text().replace("awq-w4a16, ", "").replace(", minilm-l6", "")
    sweep_file.write_text(text)
    outcome = cli("run", sweep_file, "--store", store)
    assert outcome.code == 0, outcome.err
    assert "[3/3] run" in outcome.out
    assert "there      2 in the store" in cli("plan", sweep_file, "--store", store).out
    listed = cli("jobs", "--store", store).out
    assert "sweep small" in listed
    assert "done, 3 of 3 pieces done" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "FILE", "--workers", "0"), "at least 1"),
        (("jobs", "--sweep", "big"), "no sweep 'big'; sweeps of this store: none"),
        (("jobs", "--pause", "big"), "no sweep 'big'"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(cli, sweep_file, store, words, said):
    words = [sweep_file if word == "FILE" else word for word in words]
    outcome = cli(*words, "--store", store)
    assert outcome.code == 2
    assert said in outcome.errors[0]


@pytest.fixture
def killed(store):
    """A sweep whose process is gone."""
    folder = sweep_folder(store, "night")
    folder.path.mkdir(parents=True)
    folder.write(SweepStatus("running", 10, 3, 1, 6, 120.0, 60.0, 90.0, 2, 10**9, 4 * 10**9))
    folder.add(Result("run-a", "failed", "the disk is full"))
    folder.add(Result("run-b", "done"))
    (folder.path / "results.jsonl").open("a").write('{"name": "run-')
    folder.log("one line")
    return folder


def test_a_sweep_whose_process_is_gone_is_lost_and_says_how_to_go_on(cli, killed):
    out = cli("jobs", "--store", killed.store, "--sweep", "night").out
    assert "lost, 3 of 10 pieces done, 1 failed" in out
    assert "python -m backend run" in out
    assert "- run-a: the disk is full" in out
    assert "one line" in out
    outcome = cli("jobs", "--store", killed.store, "--pause", "night")
    assert "is not at work (it is lost)" in outcome.errors[0]


def test_a_sweep_at_work_tells_rate_time_memory_and_can_be_paused(cli, killed, monkeypatch):
    # Nobody is there who would hear.
    monkeypatch.setattr("backend.commands.jobs._HEARD_SECONDS", 0.0)
    with killed.lock():
        out = cli("jobs", "--store", killed.store, "--pause", "night").out
        assert "6 in the queue, 120 an hour, about 2 min left" in out
        assert "2 worker(s), 1.0 GB of 4.0 GB of memory" in out
        assert killed.wishes("pause")
        cli("jobs", "--store", killed.store, "--resume", "night")
        assert not killed.wishes("pause")
    assert "one line" in cli("jobs", "--store", killed.store, "--log", "night").out
