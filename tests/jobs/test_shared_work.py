import numpy as np
import pandas as pd
import pytest

from backend.jobs import encode, encode_stories
from backend.jobs.request import build_task, choose_data
from backend.jobs.run import run_task
from backend.jobs.shared_work import SharedWork
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.store.reader import ResultStore
from tests.helpers import make_config
from tests.jobs.stories import CONTEXT, save_reader, write_story_folder


def counted(monkeypatch, module, name):
    real, calls = getattr(module, name), []

    def counting(*arguments, **options):
        calls.append(name)
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, counting)
    return calls


def test_requests_that_differ_in_the_model_alone_share():
    shared, made = SharedWork(), []

    def make():
        made.append(len(made))
        return made[-1]

    assert shared.of(make_config(model="one"), make) == 0
    assert shared.of(make_config(model="two", compression="bnb-nf4", layers=(1,)), make) == 0
    assert shared.of(make_config(seed=5), make) == 1
    assert shared.of(make_config(model="one"), make) == 2


def test_what_fails_is_not_kept():
    shared, config = SharedWork(), make_config()

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        shared.of(config, fail)
    assert shared.of(config, lambda: "made") == "made"


def assert_same_scores(first, second):
    for table, key in (("roi_scores", "layer"), ("baseline_scores", "baseline")):
        sql = f"SELECT * EXCLUDE (origin) FROM {table} ORDER BY run_id, {key}, roi, fold"
        pd.testing.assert_frame_equal(first.query(sql), second.query(sql))


def test_sentences_score_the_same_with_shared_baselines(table, gpt2_folder, tmp_path, monkeypatch):
    data = choose_data(str(table), "sentence", ["left_ifg", "left_ptl"])
    calls = counted(monkeypatch, encode, "fit_nuisance")
    shared = SharedWork()
    for place, common in (("apart", None), ("together", shared)):
        for layers in ((0,), (1,)):
            folder = tmp_path / place
            task = build_task(data, str(gpt2_folder), folder, device="cpu", layers=layers)[0]
            run_task(task, shared=common)
    assert len(calls) == 3
    assert_same_scores(ResultStore(tmp_path / "apart"), ResultStore(tmp_path / "together"))


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    place = tmp_path_factory.mktemp("stories")
    model = save_reader(place / "tiny")
    return write_story_folder(place / "planted", model, place / "made-with"), model


def run_stories(stories, store, shared=None, **options):
    folder, model = stories
    options = {"context": CONTEXT, "delays": (1, 2), "permutations": 0, **options}
    task = build_story_task(choose_stories(str(folder)), str(model), store, **options)
    return run_task(task, shared=shared)


def test_stories_score_the_same_with_shared_baselines(stories, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    calls = counted(monkeypatch, encode_stories, "fit_nuisance")
    shared = SharedWork()
    for place, common in (("apart", None), ("together", shared)):
        for layers in ((0,), (2,)):
            run_stories(stories, tmp_path / place, common, layers=layers)
    assert len(calls) == 3
    assert_same_scores(ResultStore(tmp_path / "apart"), ResultStore(tmp_path / "together"))


def test_targets_in_regions_score_as_they_do_among_all(stories, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))
    every = run_stories(stories, tmp_path / "store", layers=(2,))
    some = run_stories(stories, tmp_path / "store", layers=(2,), targets="regions")
    store = ResultStore(tmp_path / "store")
    columns = "roi, hemisphere, fold, n_targets, r, ceiling, baseline_r, unique_r2"
    first, second = (
        store.query(f"SELECT {columns} FROM roi_scores WHERE run_id = ? ORDER BY ALL", [run])
        for run in (every, some)
    )
    assert every != some
    np.testing.assert_allclose(first.select_dtypes("number"), second.select_dtypes("number"), 1e-4)
