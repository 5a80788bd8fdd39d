import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from backend.errors import CancelledError, InputError
from backend.jobs.encode_stories import run_story_encoding
from backend.jobs.progress import Silent
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.paths import PROJECT
from backend.store.map_queries import stored_maps
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.store.story_queries import region_summary
from tests.jobs.stories import CEILING, CONTEXT, STORIES, save_reader, write_story_folder

OPTIONS = {"context": CONTEXT, "delays": (1, 2, 3), "permutations": 200}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("stories")


@pytest.fixture(scope="module")
def model(place):
    return save_reader(place / "tiny")


@pytest.fixture(scope="module")
def folder(place, model):
    return write_story_folder(place / "planted", model, place / "made-with")


@pytest.fixture(autouse=True)
def own_cache(place, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(place / "cache"))


def make_task(folder, model, store, **options):
    data = choose_stories(str(folder))
    return build_story_task(data, str(model), store, **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def finished(place, folder, model):
    """One run, and the store that it is in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEXSCALE_CACHE", str(place / "cache"))
        task = make_task(folder, model, place / "store")
        run_id = run_story_encoding(task)
    return ResultStore(place / "store"), run_id, task


class TestPlanted:
    def test_each_region_scores_what_was_planted_in_it(self, finished):
        store, run_id, _ = finished
        table = region_summary(store, run_id).set_index("roi")
        assert table.loc["meaning", "r"] > 0.6
        assert table.loc["meaning", "layer"] == 2
        assert table.loc["rate", "r"] > 0.6
        assert abs(table.loc["noise", "r"]) < 0.1

    def test_the_model_is_credited_only_with_what_the_baselines_leave(self, finished):
        store, run_id, _ = finished
        table = region_summary(store, run_id).set_index("roi")
        assert table.loc["meaning", "beats"]
        assert table.loc["meaning", "unique_r2"] > 0.3
        assert abs(table.loc["rate", "unique_r2"]) < 0.05
        assert abs(table.loc["noise", "unique_r2"]) < 0.05
        assert not table.loc["noise", "beats"]

    def test_chance_is_told_from_signal(self, finished):
        store, run_id, _ = finished
        q = stored_maps(store, run_id, "q").values[2]
        assert (q[:12] < 0.05).all()
        assert (q[12:] > 0.05).all()

    def test_targets_without_a_ceiling_are_left_out_and_counted(self, finished):
        store, run_id, _ = finished
        table = region_summary(store, run_id).set_index("roi")
        assert table.loc["meaning", "n_normalized"] == 6
        assert table.loc["meaning", "ceiling"] == pytest.approx(CEILING)
        expected = table.loc["meaning", "r"] / CEILING
        assert table.loc["meaning", "r_normalized"] == pytest.approx(expected, abs=1e-3)
        assert table.loc["noise", "n_normalized"] == 0
        assert np.isnan(table.loc["noise", "r_normalized"])

    def test_the_run_says_how_it_was_made(self, finished):
        store, run_id, _ = finished
        row = runs(store).set_index("run_id").loc[run_id]
        assert row["context_length"] == CONTEXT
        assert list(row["delays"]) == [1, 2, 3]
        assert row["n_folds"] == len(STORIES)
        assert row["evidence"] == "simulated"
        held_out = store.query("SELECT DISTINCT held_out FROM roi_scores ORDER BY 1")["held_out"]
        assert list(held_out) == sorted(STORIES)
        baselines = store.query("SELECT DISTINCT baseline FROM baseline_scores")["baseline"]
        assert {"word-rate", "letter-rate", "pauses", "oasm", "static-embedding"} <= set(baselines)

    def test_the_same_request_gives_the_same_scores(self, finished, place, folder, model):
        store, run_id, _ = finished
        run_story_encoding(make_task(folder, model, place / "again"))
        again = ResultStore(place / "again")
        np.testing.assert_allclose(
            stored_maps(again, run_id, "r").values,
            stored_maps(store, run_id, "r").values,
            atol=1e-5,
        )


def test_repeats_give_the_ceiling(place, model, tmp_path):
    folder = write_story_folder(tmp_path / "repeated", model, place / "made-with", n_repeats=4)
    task = make_task(folder, model, tmp_path / "store", ceiling="repeats", layers=(2,))
    run_id = run_story_encoding(task)
    (ceilings,) = stored_maps(ResultStore(tmp_path / "store"), run_id, "ceiling").values
    assert ceilings[:12] == pytest.approx(CEILING, abs=0.06)
    # Noise has no ceiling to speak of, and pure chance may leave it undefined.
    assert (np.nan_to_num(ceilings[12:]) < 0.3).all()


def test_shuffled_folds_are_labelled_and_leak(place, folder, model, tmp_path):
    task = make_task(folder, model, tmp_path / "store", split="shuffled", layers=(1,))
    run_id = run_story_encoding(task)
    row = runs(ResultStore(tmp_path / "store")).set_index("run_id").loc[run_id]
    assert any("Shuffled folds leak" in warning for warning in row["warnings"])


@pytest.mark.parametrize("options", [{"hrf": "glover", "delays": None}, {"downsampling": "mean"}])
def test_other_alignments_find_the_signal_too(place, folder, model, tmp_path, options):
    task = make_task(folder, model, tmp_path / "store", layers=(2,), permutations=0, **options)
    run_id = run_story_encoding(task)
    table = region_summary(ResultStore(tmp_path / "store"), run_id).set_index("roi")
    assert table.loc["meaning", "r"] > 0.35


def test_a_fixed_test_story_is_one_fold(place, folder, model, tmp_path):
    task = make_task(folder, model, tmp_path / "store", test_stories=("boat",), layers=(2,))
    run_id = run_story_encoding(task)
    store = ResultStore(tmp_path / "store")
    assert list(store.query("SELECT DISTINCT held_out FROM roi_scores")["held_out"]) == ["boat"]
    assert region_summary(store, run_id)["low"].isna().all()


class Stopper(Silent):
    """Stops the work at a stage."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def stage(self, name: str, total: int) -> None:
        if name == self._stage:
            raise CancelledError("cancelled")


def test_a_cancelled_run_writes_nothing_and_keeps_its_states(folder, model, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    task = make_task(folder, model, tmp_path / "store")
    with pytest.raises(CancelledError):
        run_story_encoding(task, Stopper("fitting layers"))
    assert not list((tmp_path / "store").rglob("*.parquet"))
    kept = sorted(path.name for path in (tmp_path / "cache").glob("*-v*"))
    assert len(kept) == len(STORIES)


def test_a_run_that_was_killed_goes_on_from_its_states(folder, model, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    command = [
        sys.executable, "-m", "backend", "encode", "--dataset", str(folder), "--model", str(model),
        "--context", str(CONTEXT), "--permutations", "50", "--out", str(tmp_path / "store"),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("cache/*-v*/meta.json")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list((tmp_path / "store").rglob("*.parquet"))
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "best layer of each region" in done.stdout


def test_data_that_changed_since_the_request_are_refused(folder, model, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "copy")
    task = make_task(copied, model, tmp_path / "store")
    path = copied / "responses" / "sub-01" / "boat.npy"
    np.save(path, np.load(path) + 1)
    with pytest.raises(InputError, match="have changed since this run was asked for"):
        run_story_encoding(task)
