"""Maps from files of every kind that the page takes, and those that it refuses."""

import pickle

import nibabel as nib
import numpy as np
import pytest
from nibabel.cifti2 import BrainModelAxis, Cifti2Image, ScalarAxis
from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

from backend.cortex.map_files import read_map
from backend.cortex.projection import project_volume
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, surface
from backend.errors import InputError

VALUES = np.arange(N_TARGETS, dtype=np.float32)


def write_gifti(path, values, meta=None):
    array = GiftiDataArray(
        np.asarray(values, dtype=np.float32), intent="NIFTI_INTENT_SHAPE",
        datatype="NIFTI_TYPE_FLOAT32",
    )  # fmt: skip
    nib.save(GiftiImage(darrays=[array], meta=GiftiMetaData(meta or {})), path)
    return path


def write_cifti(path, values, sides=("left", "right"), n_vertices=N_VERTICES, kept=None):
    kept = np.arange(n_vertices) if kept is None else kept
    axes = [
        BrainModelAxis.from_surface(kept, n_vertices, name=f"CORTEX_{side.upper()}")
        for side in sides
    ]
    models = axes[0] if len(axes) == 1 else axes[0] + axes[1]
    nib.save(Cifti2Image(np.atleast_2d(values), (ScalarAxis(["r"]), models)), path)
    return path


@pytest.mark.parametrize("name", ["map.npy", "map.npz", "map.csv", "map.txt"])
def test_arrays_and_lists_of_both_hemispheres(tmp_path, name):
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, VALUES[:, None])
    elif name.endswith("npz"):
        np.savez(path, r=VALUES)
    else:
        path.write_text("r\n" * name.endswith("csv") + "\n".join(f"{v}" for v in VALUES))
    assert np.array_equal(read_map(path), VALUES)


@pytest.mark.parametrize("n", [40_962, 163_842])
def test_finer_surfaces_begin_with_fsaverage5_s_vertices(tmp_path, n):
    path = tmp_path / "fine.npy"
    fine = np.arange(2 * n, dtype=np.float64)
    np.save(path, fine)
    expected = np.concatenate([fine[:N_VERTICES], fine[n : n + N_VERTICES]])
    assert np.array_equal(read_map(path), expected.astype(np.float32))


def test_the_icosahedron_is_subdivided_from_its_first_vertices_on():
    """Each vertex that a subdivision adds lies between two that were there before it."""
    triangles = surface("white", "left").triangles
    for coarse in (2_562, 642):
        neighbours = [set() for _ in range(N_VERTICES)]
        for a, b, c in triangles:
            neighbours[a] |= {b, c}
            neighbours[b] |= {a, c}
            neighbours[c] |= {a, b}
        if coarse == 2_562:
            new = range(coarse, N_VERTICES)
            assert all(sum(n < coarse for n in neighbours[v]) == 2 for v in new)
            assert all(min(neighbours[v]) >= coarse for v in range(coarse))


def test_two_gifti_files_are_both_hemispheres_in_either_order(tmp_path):
    left = write_gifti(tmp_path / "lh.map.gii", VALUES[:N_VERTICES])
    right = write_gifti(tmp_path / "sub-1_hemi-R_map.gii", VALUES[N_VERTICES:])
    assert np.array_equal(read_map([right, left]), VALUES)


def test_one_gifti_file_leaves_the_other_hemisphere_unknown(tmp_path):
    meta = {"AnatomicalStructurePrimary": "CortexRight"}
    found = read_map(write_gifti(tmp_path / "map.gii", VALUES[:N_VERTICES], meta))
    assert np.isnan(found[:N_VERTICES]).all()
    assert np.array_equal(found[N_VERTICES:], VALUES[:N_VERTICES])


def test_cifti_of_fsaverage5_with_its_medial_wall_left_out(tmp_path):
    kept = np.arange(0, N_VERTICES, 2)
    values = np.arange(2 * len(kept), dtype=np.float32)
    found = read_map(write_cifti(tmp_path / "map.dscalar.nii", values, kept=kept))
    assert np.array_equal(found[:N_VERTICES][kept], values[: len(kept)])
    assert np.array_equal(found[N_VERTICES:][kept], values[len(kept) :])
    assert np.isnan(found[1::2]).all()


def test_a_volume_is_projected(tmp_path):
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = [-90, -126, -72]
    image = nib.Nifti1Image(np.random.default_rng(0).normal(1, 0.1, (23, 27, 23)), affine)
    nib.save(image, tmp_path / "map.nii.gz")
    found = read_map(tmp_path / "map.nii.gz")
    assert np.array_equal(found, project_volume(tmp_path / "map.nii.gz"), equal_nan=True)


def refuse(path, message):
    with pytest.raises(InputError, match=message):
        read_map(path)


def test_fslr_is_refused_with_what_to_do(tmp_path):
    np.save(tmp_path / "hcp.npy", np.zeros(64_984))
    refuse(tmp_path / "hcp.npy", "fsLR 32k.*wb_command")
    refuse(write_gifti(tmp_path / "lh.hcp.gii", np.zeros(32_492)), "fsLR 32k.*wb_command")
    cifti = write_cifti(tmp_path / "hcp.dscalar.nii", np.zeros(64_984), n_vertices=32_492)
    refuse(cifti, "fsLR 32k.*wb_command")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((N_VERTICES,), "one hemisphere"),
        ((1000,), "fit no surface"),
        ((7, N_TARGETS), "a value|one value for each vertex"),
    ],
)
def test_counts_that_fit_nothing_are_refused(tmp_path, shape, message):
    np.save(tmp_path / "map.npy", np.zeros(shape))
    refuse(tmp_path / "map.npy", message)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (exec, ("raise SystemExit('unpickled')",))

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    refuse(tmp_path / "trap.npy", "cannot be read as an array")
    (tmp_path / "bare.npy").write_bytes(pickle.dumps([1, 2]))
    refuse(tmp_path / "bare.npy", "cannot be read as an array")


@pytest.mark.parametrize("name", ["map.gii", "map.nii", "map.npy", "map.npz", "map.csv"])
def test_damaged_files_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x93NUMPY <xml no such thing")
    refuse(path, "read|no readable|no list of numbers")


def test_a_hemisphere_that_nothing_tells_and_a_mesh_are_refused(tmp_path):
    refuse(write_gifti(tmp_path / "map.gii", VALUES[:N_VERTICES]), "which hemisphere")
    refuse(write_gifti(tmp_path / "lh.mesh.gii", np.zeros((5, 3))), "mesh")


def test_two_files_of_one_side_and_three_files_are_refused(tmp_path):
    one = write_gifti(tmp_path / "lh.a.gii", VALUES[:N_VERTICES])
    two = write_gifti(tmp_path / "lh.b.gii", VALUES[:N_VERTICES])
    refuse([one, two], "same hemisphere")
    refuse([one, two, one], "these are 3")


def test_other_endings_and_missing_files_are_refused(tmp_path):
    (tmp_path / "map.mat").write_bytes(b"x")
    refuse(tmp_path / "map.mat", "no kind of map")
    refuse(tmp_path / "gone.npy", "there is no file")
