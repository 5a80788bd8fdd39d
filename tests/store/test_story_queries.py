import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backend.store import story_queries
from backend.store.map_queries import stored_maps
from backend.store.reader import ResultStore
from tests.story_helpers import N_TARGETS, make_story_config, write_story_run

SUBJECTS = ("sub-01", "sub-02")
CONFIGS = {subject: make_story_config(subject=subject) for subject in SUBJECTS}
COMPRESSED = make_story_config(compression="bnb-nf4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    for seed, config in enumerate([*CONFIGS.values(), COMPRESSED]):
        write_story_run(path, config, seed)
    return path


@pytest.fixture(scope="module")
def store(folder):
    return ResultStore(folder)


@pytest.fixture(scope="module")
def scores(folder):
    return pd.concat([pd.read_parquet(path) for path in (folder / "roi_scores").glob("*")])


def test_a_region_is_summarised_at_its_best_layer(store, scores):
    run_id = CONFIGS["sub-01"].run_id
    table = story_queries.region_summary(store, run_id).set_index(["roi", "hemisphere"])
    assert list(table.index) == [("AC", "left"), ("AC", "right"), ("TP", "left")]
    own = scores[scores["run_id"] == run_id].groupby(["roi", "hemisphere", "layer"])
    means = own["r"].mean().unstack()
    assert (table["layer"] == means.idxmax(axis=1)).all()
    unique = own["unique_r2"].agg(list).loc["AC", "left", table.loc[("AC", "left"), "layer"]]
    mean, sem = np.mean(unique), stats.sem(unique)
    low, high = stats.t.interval(0.95, len(unique) - 1, mean, sem)
    assert table.loc[("AC", "left"), "low"] == pytest.approx(low, abs=1e-6)
    assert table.loc[("AC", "left"), "high"] == pytest.approx(high, abs=1e-6)


@pytest.mark.parametrize("what", ["r", "ceiling", "p", "q", "unique_r2"])
def test_maps_have_a_value_per_target(store, what):
    layers, values = stored_maps(store, CONFIGS["sub-01"].run_id, what)
    assert values.shape == (len(layers), N_TARGETS)
    assert np.isfinite(values).all()


def test_q_is_scipys(store):
    run_id = CONFIGS["sub-01"].run_id
    p, q = (stored_maps(store, run_id, what).values[-1] for what in "pq")
    np.testing.assert_allclose(q, stats.false_discovery_control(p), rtol=1e-5)
