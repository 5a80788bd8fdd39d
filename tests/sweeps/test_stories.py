"""A sweep on stories: each is read once for all subjects, and scores are those of a run alone."""

import os
import shutil
import signal
import threading

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from backend.features import story_states
from backend.jobs.kept_layers import count_kept
from backend.jobs.run import run_task
from backend.jobs.story_fitter import Fitter
from backend.sweeps.cells import SweepTasks, lay_out
from backend.sweeps.config import Sweep
from backend.sweeps.engine import Computers
from backend.sweeps.folder import sweep_folder
from backend.sweeps.plan import lay_against
from backend.sweeps.run import run_sweep
from tests.helpers import wait_until
from tests.jobs.stories import CONTEXT, STORIES, save_reader, write_story_folder


def scores(store, run_id):
    return pq.read_table(store / "roi_scores" / f"{run_id}.parquet").to_pandas()


def test_a_story_is_read_once_for_all_subjects(tmp_path, store, go, lines, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    model = save_reader(tmp_path / "model")
    folder = write_story_folder(tmp_path / "stories", model, tmp_path / "elsewhere")
    shutil.copytree(folder / "responses" / "sub-01", folder / "responses" / "sub-02")
    data = {
        "dataset": str(folder), "permutations": 0, "layers": [2], "targets": "regions",
        "split": "test-story", "test_stories": ["boat"],
    }  # fmt: skip
    sweep = Sweep(
        name="stories", models=(str(model),), compressions=("none", "magnitude-50"),
        datasets=(data,), contexts=(CONTEXT,),
    )  # fmt: skip
    whole, read = story_states._compute_alone, []

    def compute(loaded, tokens, *rest):
        read.append(tokens.story)
        return whole(loaded, tokens, *rest)

    monkeypatch.setattr(story_states, "_compute_alone", compute)
    assert go(sweep).state == "done", lines
    assert sorted(read) == sorted([*STORIES, *STORIES])
    kinds = [line.split("] ")[1].split()[0] for line in lines if line.startswith("[")]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"model": 1, "states": 8, "run": 4}
    alone = tmp_path / "alone"
    task = SweepTasks(alone).task(lay_out(sweep)[-1])
    run_id = run_task(task)
    expected, got = scores(alone, run_id), scores(store, run_id)
    pd.testing.assert_frame_equal(got, expected, check_exact=False, rtol=0, atol=1e-5)
    assert np.isfinite(got["r"]).all()


@pytest.fixture
def one_run(tmp_path, monkeypatch):
    """A sweep of one run of three layers, on two folds."""
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    model = save_reader(tmp_path / "model")
    folder = write_story_folder(tmp_path / "stories", model, tmp_path / "elsewhere")
    data = {"dataset": str(folder), "permutations": 20, "split": "contiguous", "folds": 2}
    return Sweep(name="one", models=(str(model),), datasets=(data,), contexts=(CONTEXT,))


def pieces(sweep, store, n_workers):
    return lay_against(sweep, store, n_workers)[0].pieces


def test_runs_are_cut_into_layers_where_workers_would_stand_idle(one_run, store):
    assert {piece.kind for piece in pieces(one_run, store, 1)} == {"states", "run"}
    *states, first, second, run = pieces(one_run, store, 2)
    assert [piece.kind for piece in states] == ["states"] * len(STORIES)
    assert (first.layers, second.layers) == ((0,), (1, 2))
    names = tuple(piece.name for piece in states)
    assert first.needs == second.needs == names
    assert run.needs == (*names, first.name, second.name)
    # No block is empty, and no two are alike.
    blocks = [piece for piece in pieces(one_run, store, 64) if piece.kind == "layers"]
    assert [piece.layers for piece in blocks] == [(0,), (1,), (2,)]
    assert len({piece.name for piece in blocks}) == 3
    # Whatever is computed waits for the model's copy.
    compressed = one_run.model_copy(update={"compressions": ("magnitude-50",)})
    copy, *others = pieces(compressed, store, 2)
    assert copy.kind == "model"
    assert all(copy.name in piece.needs for piece in others)
    # Two seeds are two runs: as many as the workers, so that each stays whole.
    both = one_run.model_copy(update={"seeds": (0, 1)})
    assert "layers" not in {piece.kind for piece in pieces(both, store, 3)}
    assert [piece.kind for piece in pieces(both, store, 4)].count("layers") == 4


def test_a_run_in_blocks_is_the_run_as_a_whole(one_run, store, tmp_path, lines, monkeypatch):
    whole, fitted = Fitter.score_layer, []

    def score(self, features, nuisance, joint, what):
        fitted.append(what)
        return whole(self, features, nuisance, joint, what)

    monkeypatch.setattr(Fitter, "score_layer", score)
    monkeypatch.setattr(Computers, "n_workers", lambda self: 2)
    assert run_sweep(one_run, store, Computers("here"), say=lines.append).state == "done", lines
    assert sorted(fitted) == ["layer 0", "layer 1", "layer 2"]
    kinds = [line.split("] ")[1].split()[0] for line in lines if line.startswith("[")]
    assert kinds[-3:] == ["layers", "layers", "run"]
    run_id = run_task(SweepTasks(tmp_path / "alone").task(lay_out(one_run)[0]))
    for name in ("roi_scores", "baseline_scores", "target_scores"):
        expected, got = (
            pq.read_table(place / name / f"{run_id}.parquet")
            for place in (tmp_path / "alone", store)
        )
        assert got.equals(expected), name
    assert count_kept(store, run_id) == 0


def test_a_worker_is_killed_in_a_block_of_layers(one_run, store, tmp_path, lines):
    # Alone first: the states are in the cache then, and the sweep comes to its blocks at once.
    run_id = run_task(SweepTasks(tmp_path / "alone").task(lay_out(one_run)[0]))
    folder = sweep_folder(store, one_run.name)

    def in_a_block():
        for each in folder.running():
            if str(each["piece"]).startswith("layers-") and "fitting" in str(each["stage"]):
                return int(each["pid"])
        return None

    ended = []
    sweep = threading.Thread(
        target=lambda: ended.append(
            run_sweep(one_run, store, Computers("local", workers=2), say=lines.append)
        )
    )
    sweep.start()
    os.kill(wait_until(in_a_block), signal.SIGKILL)
    sweep.join(120)
    assert ended[0].state == "done", lines
    expected, got = scores(tmp_path / "alone", run_id), scores(store, run_id)
    pd.testing.assert_frame_equal(got, expected, check_exact=False, rtol=0, atol=1e-5)
    assert count_kept(store, run_id) == 0
