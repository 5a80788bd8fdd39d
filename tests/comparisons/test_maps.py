"""Maps made of others: normalized, subtracted, and the best layer or context of each vertex."""

import numpy as np
import pandas as pd
import pytest

from backend.comparisons.maps import (
    LayerMaps,
    Threshold,
    best_layer,
    context_runs,
    difference,
    layer_maps,
    on_surface,
    preferred_context,
    preferred_layer,
    region_targets,
    same_depth,
    shown_by,
)
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS
from backend.datasets.story_recording import Region, Space
from backend.errors import InputError, StoreError
from backend.store.map_queries import map_runs, stored_maps
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.story_helpers import make_space, make_story_config, make_surface, write_story_run

WHOLE = make_story_config(dataset="mapped")
NF4 = make_story_config(dataset="mapped", compression="bnb-nf4")
SHORT = make_story_config(dataset="mapped", context=32)
PART = make_story_config(dataset="mapped", model="other", targets="regions")
LISTENER = make_story_config(dataset="mapped", subject="sub-02", delays=(1, 2))


def regions_space() -> Space:
    kept = region_targets()
    regions = tuple(
        Region(r.name, r.hemisphere, np.searchsorted(kept, r.targets)) for r in surface_regions()
    )
    return Space("fsaverage5, regions", "surface", len(kept), regions)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    for seed, config in enumerate((WHOLE, NF4, SHORT, LISTENER)):
        write_story_run(folder, config, seed, make_surface())
    write_story_run(folder, PART, 9, regions_space())
    write_story_run(folder, make_story_config(dataset="mapped", subject="p"), 3, make_space())
    return ResultStore(folder)


@pytest.fixture(scope="module")
def runs(store):
    found = on_surface(map_runs(store, Selection(dataset="mapped"), "leave-story-out"))
    return found.set_index("run_id", drop=False)


def test_runs_on_other_spaces_are_left_out(runs):
    assert set(runs.index) == {c.run_id for c in (WHOLE, NF4, SHORT, PART, LISTENER)}
    assert runs["n_targets"].iloc[-1] == len(region_targets())


def test_values_of_regions_go_to_their_vertices(store, runs):
    maps = layer_maps(store, runs.loc[PART.run_id], "r")
    assert maps.values.shape == (3, N_TARGETS)
    stored = stored_maps(store, PART.run_id, "r").values
    assert np.array_equal(maps.values[:, region_targets()], stored)
    assert np.isfinite(maps.values).sum() == stored.size


def test_normalized_is_r_by_ceiling_where_that_reaches_the_floor(store, runs):
    run = runs.loc[WHOLE.run_id]
    r, ceiling, ratio = (
        layer_maps(store, run, kind).at(1) for kind in ("r", "ceiling", "r_normalized")
    )
    high = ceiling >= WHOLE.ceiling_floor
    assert 0 < high.sum() < N_TARGETS
    assert ratio[high] == pytest.approx(r[high] / ceiling[high], rel=1e-5)
    assert np.isnan(ratio[~high]).all()


def test_a_difference_is_paired_vertex_by_vertex(store, runs):
    found = difference(store, runs.loc[WHOLE.run_id], runs.loc[PART.run_id])
    assert found.n_vertices == len(region_targets())
    assert found.others == (0, 1, 2)
    a, b = (layer_maps(store, runs.loc[c.run_id], "r").at(2) for c in (WHOLE, PART))
    known = np.isfinite(b)
    assert found.maps.at(2)[known] == pytest.approx((a - b)[known])
    assert np.isnan(found.maps.at(2)[~known]).all()


def test_runs_of_other_subjects_or_delays_are_not_paired(store, runs):
    with pytest.raises(InputError, match="they differ in delays, subject"):
        difference(store, runs.loc[WHOLE.run_id], runs.loc[LISTENER.run_id])


def test_layers_are_matched_by_relative_depth():
    assert [same_depth(range(13), layer, range(7)) for layer in (0, 3, 6)] == [0, 6, 12]
    assert same_depth((0, 1, 2), 1, (0, 1, 2, 3)) == 1
    assert same_depth((0,), 5, (0, 5)) == 0


@pytest.mark.parametrize(
    ("measure", "test"),
    [("r", np.greater_equal), ("ceiling", np.greater_equal), ("q", np.less_equal)],
)
def test_a_threshold_shows_what_reaches_it(store, runs, measure, test):
    run = runs.loc[WHOLE.run_id]
    values = layer_maps(store, run, measure).values
    at = float(np.median(values))
    shown = shown_by(store, run, Threshold(measure, at))
    assert np.array_equal(shown, test(values, at))
    assert 0 < shown.sum() < shown.size


def test_the_preferred_layer_is_the_best_one_that_is_shown():
    values = np.full((3, N_TARGETS), np.nan, dtype=np.float32)
    values[:, 0] = [0.1, 0.3, 0.2]
    values[:, 1] = [0.5, 0.5, 0.1]
    values[:, 2] = [np.nan, -0.2, np.nan]
    values[:, 3] = [0.4, 0.1, 0.1]
    shown = np.ones(values.shape, dtype=bool)
    shown[0, 3] = False
    found = preferred_layer(LayerMaps((0, 4, 8), values), shown)
    assert found[:3].tolist() == [4, 0, 4]
    assert np.isnan(found[3:]).all()


def test_the_best_layer_has_the_highest_mean_of_known_vertices():
    values = np.array([[0.1, np.nan], [0.2, 0.4], [np.nan, np.nan]], dtype=np.float32)
    assert best_layer(LayerMaps((2, 5, 7), values)) == 5
    assert best_layer(LayerMaps((2, 5), np.full((2, 2), np.nan, dtype=np.float32))) == 2


def test_the_preferred_context_is_of_runs_that_differ_in_nothing_else(store, runs):
    run = runs.loc[WHOLE.run_id]
    alike = context_runs(runs, run)
    assert list(alike["run_id"]) == [SHORT.run_id, WHOLE.run_id]
    found = preferred_context(store, alike, 1)
    short, long = (layer_maps(store, runs.loc[c.run_id], "r").at(1) for c in (SHORT, WHOLE))
    assert np.array_equal(found, np.where(long > short, 128, 32))
    with_threshold = preferred_context(store, alike, 1, Threshold("r", 0.2))
    assert np.array_equal(np.isnan(with_threshold), np.maximum(short, long) < 0.2)


def test_a_single_context_length_has_no_preferred_one(store, runs):
    alone = context_runs(runs, runs.loc[NF4.run_id])
    with pytest.raises(InputError, match="single length"):
        preferred_context(store, alone, 1)


def test_a_map_that_is_not_stored_is_said(store, runs):
    with pytest.raises(StoreError, match="holds no map"):
        layer_maps(store, pd.Series({"run_id": "gone", "config": "{}"}), "q")
