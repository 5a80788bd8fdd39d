"""A run on stories in a process of its own, as the Run page starts it."""

import time

from backend.jobs.local import cancel_job, read_job, start_job
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.store.queries import runs
from backend.store.reader import ResultStore
from tests.helpers import kill_worker, wait_for_job
from tests.jobs.stories import CONTEXT, STORIES, save_reader, write_story_folder


def make_task(place, monkeypatch, **options):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(place / "cache"))
    model = save_reader(place / "tiny")
    folder = write_story_folder(place / "planted", model, place / "made-with")
    data = choose_stories(str(folder))
    options = {"context": CONTEXT, "permutations": 20, **options}
    return build_story_task(data, str(model), place / "store", **options)


def test_a_job_says_stage_story_and_layer_and_leaves_its_result(tmp_path, monkeypatch):
    job = start_job(make_task(tmp_path, monkeypatch))
    seen = set()
    try:
        deadline = time.monotonic() + 120
        while (now := read_job(job.folder)).active and time.monotonic() < deadline:
            seen.add((now.status.stage, now.status.note))
            time.sleep(0.01)
        assert now.status.state == "done", now.status
    finally:
        kill_worker(read_job(job.folder))
    stages = {stage for stage, _ in seen}
    assert {"fitting baselines", "fitting layers"} & stages
    notes = " ".join(note for _, note in seen)
    assert any(story in notes for story in STORIES)
    assert runs(ResultStore(tmp_path / "store"))["run_id"].tolist() == [job.run_id]


def test_a_cancelled_job_writes_nothing(tmp_path, monkeypatch):
    job = start_job(make_task(tmp_path, monkeypatch, context_mode="exact"))
    try:
        wait_for_job(job.folder, ["running"])
        assert cancel_job(job).status.state == "cancelled"
    finally:
        kill_worker(read_job(job.folder))
    assert not list((tmp_path / "store").glob("runs/*.parquet"))
