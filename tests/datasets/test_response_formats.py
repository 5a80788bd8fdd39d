"""Responses as other software writes them."""

import h5py
import nibabel as nib
import numpy as np
import pytest

from backend.datasets.findings import Findings
from backend.datasets.response_files import find_runs, load_responses
from backend.datasets.response_formats import read_hdf5
from backend.errors import InputError

VALUES = np.random.default_rng(0).standard_normal((12, 5)).astype(np.float32)


def save_gifti(path, values):
    arrays = [nib.gifti.GiftiDataArray(row, datatype="NIFTI_TYPE_FLOAT32") for row in values]
    nib.save(nib.GiftiImage(darrays=arrays), path)


def save_cifti(path, values):
    mask = np.ones((values.shape[1], 1, 1), dtype=bool)
    axes = (
        nib.cifti2.SeriesAxis(0, 2.0, len(values)),
        nib.cifti2.BrainModelAxis.from_mask(mask, "thalamus_left", np.eye(4)),
    )
    nib.save(nib.Cifti2Image(values, axes), path)


@pytest.mark.parametrize("arrays", [["data"], ["responses", "other"], ["anything"]])
def test_hdf5_is_read(tmp_path, arrays):
    path = tmp_path / "story.hf5"
    with h5py.File(path, "w") as file:
        for name in arrays:
            file[name] = VALUES
    np.testing.assert_array_equal(load_responses(path, None), VALUES)


def test_hdf5_that_cannot_be_used_says_why(tmp_path):
    several, objects, damaged = (tmp_path / f"{name}.h5" for name in ("two", "text", "cut"))
    with h5py.File(several, "w") as file:
        file["a"], file["b"] = VALUES, VALUES
    with h5py.File(objects, "w") as file:
        file["data"] = ["text"]
    damaged.write_bytes(several.read_bytes()[:100])
    for path, said in ((several, "holds a, b"), (objects, "numbers"), (damaged, "HDF5")):
        with pytest.raises(InputError, match=said):
            read_hdf5(path)


def test_cifti_is_read(tmp_path):
    path = tmp_path / "story.dtseries.nii"
    save_cifti(path, VALUES)
    np.testing.assert_allclose(load_responses(path, None), VALUES, rtol=1e-6)


def test_gifti_of_both_hemispheres_is_one_run(tmp_path):
    save_gifti(tmp_path / "story.hemi-L.func.gii", VALUES[:, :3])
    save_gifti(tmp_path / "story.hemi-R.func.gii", VALUES[:, 3:])
    findings = Findings()
    (run,) = find_runs(tmp_path, findings)
    assert (run.story, run.number, findings.problems) == ("story", 1, [])
    np.testing.assert_array_equal(load_responses(run.path, None), VALUES)


def test_gifti_that_does_not_fit_together(tmp_path):
    left, right = tmp_path / "story_hemi-L.gii", tmp_path / "story_hemi-R.gii"
    save_gifti(left, VALUES)
    with pytest.raises(InputError, match="has no story_hemi-R.gii beside it"):
        load_responses(left, None)
    save_gifti(right, VALUES[:6])
    with pytest.raises(InputError, match="12 TRs and story_hemi-R.gii 6"):
        load_responses(left, None)
    left.unlink()
    findings = Findings()
    assert find_runs(tmp_path, findings) == []
    assert "left hemisphere of this run is missing" in findings.problems[0]


@pytest.mark.parametrize("name", ["story.dtseries.nii", "story.hemi-L.func.gii"])
def test_a_damaged_file_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind")
    (tmp_path / "story.hemi-R.func.gii").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read"):
        load_responses(tmp_path / name, None)
