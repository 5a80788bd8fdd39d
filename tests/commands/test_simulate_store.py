import signal
import subprocess
import sys
import time
from collections import namedtuple

import pandas as pd
import pytest

from backend.cortex.surfaces import N_TARGETS
from backend.jobs.config import StoryConfig
from backend.paths import PROJECT
from backend.store.map_queries import stored_maps
from backend.store.queries import choices, runs
from backend.store.reader import ResultStore

ROWS, MAPS = 5000, 12


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "store"
    words = ["simulate-store", "--out", folder, "--rows", ROWS, "--maps", MAPS]
    from backend.cli import main

    assert main([str(word) for word in words]) == 0
    return ResultStore(folder)


def test_a_store_of_the_size_that_was_asked_for(made):
    n_rows = made.query("SELECT count(*) AS n FROM roi_scores")["n"].iloc[0]
    # Whole layers: 8 regions, two hemispheres, 8 folds.
    assert ROWS <= n_rows < ROWS + 128
    assert made.query("SELECT count(*) AS n FROM target_scores")["n"].iloc[0] == MAPS
    assert made.problems == ()


def test_every_run_says_simulated_and_has_a_request_that_could_be_made(made):
    table = runs(made)
    assert set(table["evidence"]) == {"simulated"}
    configs = [StoryConfig.model_validate_json(text) for text in table["config"]]
    assert [config.run_id for config in configs] == table["run_id"].tolist()
    assert {config.evidence for config in configs} == {"simulated"}


def test_scores_are_correlations_and_maps_cover_the_cortex(made):
    scores = made.query("SELECT r, ceiling FROM roi_scores")
    assert scores["r"].between(-1, 1).all()
    assert scores["ceiling"].between(0, 1).all()
    run_id = made.query("SELECT run_id FROM target_scores")["run_id"].iloc[0]
    assert stored_maps(made, run_id, "r").values.shape[1] == N_TARGETS


def test_compressed_runs_can_be_paired(made):
    table = choices(made)
    assert {"none", "bnb-int8"} <= set(table["compression"])


def test_the_seed_decides(tmp_path, cli, made):
    folders = [tmp_path / name for name in ("same", "other")]
    for folder, seed in zip(folders, (0, 1), strict=True):
        words = ("--rows", ROWS, "--maps", MAPS, "--seed", seed)
        assert cli("simulate-store", "--out", folder, *words).code == 0
    sql = "SELECT * EXCLUDE origin FROM roi_scores ORDER BY ALL"
    same, other = (ResultStore(folder).query(sql) for folder in folders)
    pd.testing.assert_frame_equal(made.query(sql), same)
    assert not same["r"].equals(other["r"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rows", 0), "0 rows were asked for; accepted are 1 to 100,000,000"),
        (("--rows", 10**9), "1,000,000,000 rows were asked for"),
        (("--rows", 1000, "--maps", -1), "-1 maps were asked for"),
        (("--rows", 1000, "--maps", 9), "9 maps were asked for; 1,000 rows are 8 layers"),
        (("--seed", -1), "the seed -1 was given"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, cli, words, message):
    outcome = cli("simulate-store", "--out", tmp_path / "store", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert not (tmp_path / "store").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path, cli):
    (tmp_path / "mine.txt").write_text("mine")
    outcome = cli("simulate-store", "--out", tmp_path, "--rows", 1000, "--maps", 0)
    assert outcome.code == 2
    assert "not an empty folder; name another" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_will_do(tmp_path, cli):
    (tmp_path / "store").mkdir()
    assert cli("simulate-store", "--out", tmp_path / "store", "--rows", 128, "--maps", 1).code == 0
    assert len(runs(ResultStore(tmp_path / "store"))) == 1


def test_a_disk_without_room_is_refused_beforehand(tmp_path, cli, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**12, 10**12, 10**6)
    monkeypatch.setattr("backend.jobs.simulated_store.shutil.disk_usage", lambda path: usage)
    outcome = cli("simulate-store", "--out", tmp_path / "store")
    assert outcome.code == 2
    assert "would take about 0.9 GB" in outcome.err
    assert "0.0 GB free. Ask for fewer --rows or --maps" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_command_leaves_nothing(tmp_path):
    words = [sys.executable, "-m", "backend", "simulate-store", "--out", tmp_path / "store"]
    # A shell that runs the tests in the background has them ignore it.
    process = subprocess.Popen(
        list(map(str, words)), cwd=PROJECT, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".store-*/runs/*.parquet")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing half written is left" in errors
    assert list(tmp_path.iterdir()) == []
