"""A sweep on stories: each is read once for all subjects, and scores are those of a run alone."""

import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from backend.features import story_states
from backend.jobs.run import run_task
from backend.sweeps.cells import SweepTasks, lay_out
from backend.sweeps.config import Sweep
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
