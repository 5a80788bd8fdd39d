"""Runs on a subject of pycortex, whose counts are given: pycortex itself need not be there."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from backend.cortex import pycortex_maps
from backend.cortex.pycortex_store import Brain
from backend.errors import InputError, StoreError
from backend.store.map_queries import stored_maps
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.pycortex import file_picture, pycortex_runs, run_picture
from tests.story_helpers import N_TARGETS, make_space, make_story_config, write_story_run

SHAPE = (3, 4, 5)
VERTICES = make_story_config()
VOXELS = make_story_config(subject="sub-02")


@pytest.fixture(autouse=True)
def brain(tmp_path, monkeypatch):
    """A subject with as many vertices as the runs have targets, and one transform."""
    (tmp_path / "db" / "S1" / "surfaces").mkdir(parents=True)
    monkeypatch.setattr(pycortex_maps, "n_vertices", lambda brain: (N_TARGETS - 5, 5))
    monkeypatch.setattr(pycortex_maps, "n_voxels", lambda brain: {})
    monkeypatch.setattr(pycortex_maps, "shape_of", lambda brain: SHAPE)
    return Brain(tmp_path / "db", "S1")


@pytest.fixture
def store(tmp_path):
    write_story_run(tmp_path / "store", VERTICES, 0, make_space("parcels"))
    voxels = np.zeros(SHAPE[::-1], np.uint8)
    voxels.ravel()[:N_TARGETS] = 1
    mask = tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), mask)
    volume = replace(make_space("volume"), mask=str(mask), affine=np.eye(4), transform="auto")
    write_story_run(tmp_path / "store", VOXELS, 1, volume)
    return ResultStore(tmp_path / "store")


def test_a_run_on_vertices(store, brain):
    picture = run_picture(store, VERTICES.run_id, 1, "r", brain, threshold=0.15)
    stored = stored_maps(store, VERTICES.run_id, "r").values[1]
    expected = np.where(stored >= 0.15, stored, np.nan)
    np.testing.assert_array_equal(picture.drawn.values, expected)
    assert picture.evidence == "simulated"
    assert picture.scale.note == "shown where r ≥ 0.15"
    for word in ("layer 1", "Subject S1 of pycortex", "vertices", "Gao et al. 2015", "Source:"):
        assert word in picture.caption
    table = picture.table()
    assert table["vertex"].tolist() == np.flatnonzero(np.isfinite(expected)).tolist()


def test_the_best_layer_is_the_default_and_small_p_is_strong(store, brain):
    assert "layer 2" in run_picture(store, VERTICES.run_id, None, "r", brain).title
    picture = run_picture(store, VERTICES.run_id, 0, "p", brain, threshold=0.1)
    assert np.nanmax(picture.drawn.values) <= 0.1
    assert picture.scale.note == "shown where p ≤ 0.1"


def test_a_run_on_voxels_comes_with_its_mask_and_transform(store, brain):
    picture = run_picture(store, VOXELS.run_id, 1, "r", brain)
    assert picture.drawn.brain.transform == "auto"
    assert picture.drawn.values.shape == SHAPE
    stored = stored_maps(store, VOXELS.run_id, "r").values[1]
    np.testing.assert_array_equal(picture.drawn.values.T.ravel()[:N_TARGETS], stored)
    assert list(picture.table().columns) == ["z", "y", "x", "value"]


def test_runs_that_may_be_a_subjects_are_listed(store):
    listed = pycortex_runs(store, Selection(dataset="tales"), "leave-story-out")
    assert set(listed["run_id"]) == {VERTICES.run_id, VOXELS.run_id}


def test_what_the_store_does_not_hold_is_said(store, brain):
    with pytest.raises(StoreError, match="has no run nothing"):
        run_picture(store, "nothing", 1, "r", brain)
    with pytest.raises(InputError, match="its layers are 0, 1, 2"):
        run_picture(store, VERTICES.run_id, 9, "r", brain)
    with pytest.raises(InputError, match="nothing is shown where r ≥ 0.9: the values run from"):
        run_picture(store, VERTICES.run_id, 1, "r", brain, threshold=0.9)
    with pytest.raises(InputError, match="has no map 'x'"):
        run_picture(store, VERTICES.run_id, 1, "x", brain)


def test_a_file_without_values_is_refused(brain, tmp_path):
    np.save(tmp_path / "map.npy", np.full(N_TARGETS, np.nan))
    with pytest.raises(InputError, match="nothing to draw"):
        file_picture(tmp_path / "map.npy", brain)
