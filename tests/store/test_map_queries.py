"""Which runs hold maps, and what the maps hold."""

import numpy as np
import pandas as pd
import pytest

from backend.errors import StoreError
from backend.store.map_queries import map_runs, mapped_datasets, stored_maps
from backend.store.place_queries import Place, place_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.story_helpers import N_TARGETS, make_space, make_story_config, write_story_run

CONFIG = make_story_config()
LATER = make_story_config(permutations=10)
OTHER = make_story_config(subject="sub-02", compression="bnb-nf4")
AC = Place("Auditory cortex", "left", "AC", {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    for seed, config in enumerate((CONFIG, LATER, OTHER)):
        write_story_run(path, config, seed, make_space("surface"))
    return path


@pytest.fixture(scope="module")
def store(folder):
    return ResultStore(folder)


@pytest.fixture(scope="module")
def runs(store):
    return map_runs(store, Selection(dataset="tales"), "leave-story-out")


def test_the_latest_run_of_each_kind_is_listed(runs):
    assert list(runs["run_id"]) == [LATER.run_id, OTHER.run_id]
    assert set(runs["n_targets"]) == {N_TARGETS}


def test_a_selection_narrows_but_its_region_does_not(store):
    chosen = Selection(dataset="tales", subjects=("sub-02",), rois=("nowhere",))
    assert list(map_runs(store, chosen, "leave-story-out")["run_id"]) == [OTHER.run_id]
    assert map_runs(store, chosen, "shuffled").empty


def test_data_sets_on_a_surface_are_listed(store):
    assert mapped_datasets(store).values.tolist() == [["tales", "simulated"]]


@pytest.mark.parametrize("what", ["r", "unique_r2", "ceiling", "p", "q"])
def test_maps_are_what_was_written(store, folder, what):
    maps = stored_maps(store, CONFIG.run_id, what)
    written = pd.read_parquet(folder / "target_scores" / f"{CONFIG.run_id}.parquet")
    assert maps.layers == (0, 1, 2)
    assert np.array_equal(maps.values, np.stack(written.sort_values("layer")[what]))


def test_a_map_that_is_not_there_is_said(store):
    with pytest.raises(StoreError, match="holds no map of r"):
        stored_maps(store, "no-such-run", "r")
    with pytest.raises(ValueError, match="accepted are r, unique_r2"):
        stored_maps(store, CONFIG.run_id, "r; DROP TABLE runs")


def test_a_region_has_means_and_intervals_over_folds(store, runs, folder):
    curves = place_curves(store, runs, AC)
    assert list(curves["run_id"].unique()) == list(runs["run_id"])
    scores = pd.read_parquet(folder / "roi_scores" / f"{LATER.run_id}.parquet")
    own = scores[(scores["roi"] == "AC") & (scores["hemisphere"] == "left")]
    means = own.groupby("layer")["r"].mean()
    first = curves[curves["run_id"] == LATER.run_id].set_index("layer")
    assert first["mean"].to_numpy() == pytest.approx(means.to_numpy(), abs=1e-6)
    assert (first["low"] < first["mean"]).all()


def test_a_single_target_has_no_interval(store, runs):
    curves = place_curves(store, runs, Place("Vertex 3", "left", None, {N_TARGETS: 3}))
    values = stored_maps(store, LATER.run_id, "r").values[:, 3]
    assert curves.loc[curves["run_id"] == LATER.run_id, "mean"].to_numpy() == pytest.approx(values)
    assert curves["low"].isna().all()


def test_a_target_that_no_run_knows_has_no_curve(store, runs):
    assert place_curves(store, runs, Place("Vertex 3", "left", None, {99: 3})).empty
    assert place_curves(store, runs, AC._replace(roi="nowhere")).empty
