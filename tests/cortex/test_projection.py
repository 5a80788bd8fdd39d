"""Volumes with known contents on a real grid: what comes out on the surface is known as well."""

import gzip

import nibabel as nib
import numpy as np
import pytest
from nilearn.surface import InMemoryMesh, vol_to_surf
from scipy.ndimage import map_coordinates
from scipy.stats import spearmanr

from backend.cortex.projection import MIN_COVERAGE, project_volume, region_means
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, SIDES, surface, to_mni152
from backend.datasets.story_recording import Region
from backend.errors import InputError

# The 4 mm grid of the real map.
SHAPE = (37, 46, 38)
AFFINE = np.array([[4.0, 0, 0, -72], [0, 4, 0, -106], [0, 0, 4, -64], [0, 0, 0, 1]])
REGIONS = surface_regions()


def image(values) -> nib.Nifti1Image:
    return nib.Nifti1Image(np.asarray(values, dtype=np.float32), AFFINE)


def gradient() -> np.ndarray:
    """Each voxel's own x + 2y - z in millimetres, and some more so that no voxel is 0."""
    x, y, z = (np.indices(SHAPE).reshape(3, -1).T @ AFFINE[:3, :3].T + AFFINE[:3, 3]).T.reshape(
        3, *SHAPE
    )
    return x + 2 * y - z + 1000.3


def middle() -> np.ndarray:
    return np.concatenate([to_mni152(surface("midthickness", side).coordinates) for side in SIDES])


def test_a_linear_volume_gives_its_value_at_the_middle_of_the_cortex():
    """Linear interpolation averaged over depth is exact for a plane: a closed form."""
    x, y, z = middle().T
    projected = project_volume(image(gradient()))
    assert projected.dtype == np.float32
    inside = np.isfinite(projected)
    assert inside.mean() > 0.99
    assert projected[inside] == pytest.approx((x + 2 * y - z + 1000.3)[inside], abs=0.05)


def test_against_scipy_on_noise():
    values = np.random.default_rng(0).normal(size=SHAPE) + 10
    projected = project_volume(image(values))
    steps = np.linspace(0, 1, 10)[:, None, None]
    for side, part in zip(SIDES, np.split(projected, 2), strict=True):
        pial, white = (to_mni152(surface(kind, side).coordinates) for kind in ("pial", "white"))
        points = (pial + steps * (white - pial) - AFFINE[:3, 3]) / 4
        sampled = map_coordinates(values, points.transpose(2, 0, 1), order=1, cval=np.nan)
        whole = np.isfinite(sampled).all(axis=0)
        assert part[whole] == pytest.approx(sampled.mean(axis=0)[whole], abs=1e-4)


def test_voxels_outside_the_mask_do_not_drag_values_to_zero():
    """A constant map stays that constant up to its edge, where plain interpolation falls off."""
    mask = np.zeros(SHAPE)
    mask[5:20, 8:40, 5:30] = 1
    projected = project_volume(image(0.5 * mask), image(mask))
    known = np.isfinite(projected)
    assert 1_000 < known.sum() < N_TARGETS - 1_000
    assert projected[known] == pytest.approx(0.5, abs=1e-6)
    pial, white = (
        InMemoryMesh(to_mni152(mesh.coordinates), mesh.triangles)
        for mesh in (surface("pial", "left"), surface("white", "left"))
    )
    plain = vol_to_surf(image(0.5 * mask), pial, inner_mesh=white)
    assert ((plain > 0.01) & (plain < 0.4)).sum() > 100


@pytest.mark.parametrize("filler", [np.nan, 1e6, np.inf])
def test_what_is_outside_the_mask_takes_no_part(filler):
    values, mask = gradient(), np.zeros(SHAPE)
    mask[:18] = 1
    expected = project_volume(image(np.where(mask, values, 0)), image(mask))
    projected = project_volume(image(np.where(mask, values, filler)), image(mask))
    assert np.array_equal(projected, expected, equal_nan=True)
    assert np.isfinite(expected[:N_VERTICES]).mean() > 0.9
    assert np.isfinite(expected[N_VERTICES:]).mean() < 0.05


def test_missing_voxels_inside_the_mask_take_no_part():
    values = np.full(SHAPE, 0.3)
    values[::3] = np.nan
    projected = project_volume(image(values), image(np.ones(SHAPE)))
    known = np.isfinite(projected)
    assert known.mean() > 0.6
    assert projected[known] == pytest.approx(0.3, abs=1e-6)


def test_zeros_are_no_data_without_a_mask_and_data_within_one():
    values = np.full(SHAPE, 0.4)
    values[:, :, ::2] = 0
    free = project_volume(image(values))
    assert free[np.isfinite(free)] == pytest.approx(0.4, abs=1e-6)
    masked = project_volume(image(values), image(np.ones(SHAPE)))
    assert np.nanmean(masked) == pytest.approx(0.2, abs=0.01)


def test_a_vertex_needs_half_of_its_samples():
    assert MIN_COVERAGE == 0.5
    mask = np.zeros(SHAPE)
    mask[:, :, 16:] = 1
    coverage = project_volume(image(np.where(mask, 1.0, 1e-6)))
    projected = project_volume(image(mask), image(mask))
    assert np.array_equal(np.isfinite(projected), coverage >= 0.5)


def test_a_single_volume_in_four_dimensions_is_one_volume():
    values = gradient()
    four = nib.Nifti1Image(values[..., None].astype(np.float32), AFFINE)
    mask = nib.Nifti1Image(np.ones((*SHAPE, 1), dtype=np.int8), AFFINE)
    expected = project_volume(image(values))
    assert np.array_equal(project_volume(four, mask), expected, equal_nan=True)


def test_files_and_images_give_the_same(tmp_path):
    path = tmp_path / "map.nii.gz"
    nib.save(image(gradient()), path)
    expected = project_volume(image(gradient()))
    assert np.array_equal(project_volume(path), expected, equal_nan=True)
    assert np.array_equal(project_volume(str(path)), expected, equal_nan=True)


def test_several_volumes_are_refused():
    with pytest.raises(InputError, match=r"shape \(37, 46, 38, 2\).*one of its volumes"):
        project_volume(nib.Nifti1Image(np.ones((*SHAPE, 2), dtype=np.float32), AFFINE))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.nii"):
        project_volume(tmp_path / "nowhere.nii")
    with pytest.raises(InputError, match="there is no file"):
        project_volume(image(np.ones(SHAPE)), tmp_path / "nowhere.nii")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.nii", b"not an image at all"),
        ("text.nii.gz", b"not an image at all"),
        ("empty.nii.gz", b""),
        ("zipped.nii.gz", gzip.compress(b"not an image at all", mtime=0)),
        ("map.csv", b"a,b\n1,2\n"),
    ],
)
def test_a_file_that_is_no_nifti_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match="Give a .nii or .nii.gz file"):
        project_volume(path)


def test_a_file_that_ends_early_is_refused(tmp_path):
    path = tmp_path / "map.nii.gz"
    nib.save(image(np.random.default_rng(0).normal(size=SHAPE)), path)
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(InputError, match="Copy or download it again"):
        project_volume(path)


def test_a_surface_file_is_refused(tmp_path):
    path = tmp_path / "map.gii"
    array = nib.gifti.GiftiDataArray(np.zeros(10_242, dtype=np.float32))
    nib.save(nib.gifti.GiftiImage(darrays=[array]), path)
    with pytest.raises(InputError, match="is no volume but GiftiImage"):
        project_volume(path)


@pytest.mark.parametrize("values", [0.0, np.nan])
def test_a_volume_without_data_is_refused(values):
    with pytest.raises(InputError, match="holds no data"):
        project_volume(image(np.full(SHAPE, values)))


def test_a_mask_of_nothing_is_refused():
    with pytest.raises(InputError, match="no data inside the mask"):
        project_volume(image(np.ones(SHAPE)), image(np.zeros(SHAPE)))


def test_a_mask_on_another_grid_is_refused():
    values = image(np.ones(SHAPE))
    for mask in (
        nib.Nifti1Image(np.ones((36, 46, 38), dtype=np.int8), AFFINE),
        nib.Nifti1Image(np.ones(SHAPE, dtype=np.int8), np.diag([4.0, 4, 4, 1])),
    ):
        with pytest.raises(InputError, match="resample_to_img"):
            project_volume(values, mask)


def test_a_volume_elsewhere_is_refused():
    far = AFFINE.copy()
    far[:3, 3] += 500
    with pytest.raises(InputError, match="no data where the cortex is"):
        project_volume(nib.Nifti1Image(np.ones(SHAPE, dtype=np.float32), far))


def test_region_means_leave_out_missing_targets():
    values = np.zeros(N_TARGETS)
    values[[3, 4, 5]] = [1.0, np.nan, 3.0]
    table = region_means(
        values,
        [
            Region("some", "left", np.array([3, 4, 5])),
            Region("none", "left", np.array([4])),
            Region("zero", "right", np.array([N_VERTICES, N_VERTICES + 1])),
        ],
    )
    assert table["roi"].tolist() == ["some", "none", "zero"]
    assert table["hemisphere"].tolist() == ["left", "left", "right"]
    assert table["n_targets"].tolist() == [3, 1, 2]
    assert table["n_missing"].tolist() == [1, 1, 0]
    assert table["mean"].tolist() == pytest.approx([2.0, np.nan, 0.0], nan_ok=True)


def test_region_means_of_a_map_of_another_length():
    with pytest.raises(InputError, match="20484 values"):
        region_means(np.zeros(10_242), REGIONS)


def test_no_regions_give_an_empty_table():
    assert list(region_means(np.zeros(N_TARGETS), []).columns)[:2] == ["roi", "hemisphere"]


# The real noise ceiling: inter-subject correlation while listening to The Little Prince.


@pytest.fixture(scope="module")
def ceiling(lpp) -> np.ndarray:
    return project_volume(lpp / "noise_ceiling_isc.nii.gz", lpp / "mask.nii.gz")


def test_the_real_map_covers_the_cortex(ceiling):
    assert np.isfinite(ceiling).mean() > 0.97
    assert 0.8 < np.nanmax(ceiling) < 0.86


def test_surface_regions_agree_with_the_papers_own_spheres(lpp, ceiling):
    volume = nib.load(lpp / "noise_ceiling_isc.nii.gz").get_fdata()
    mask = nib.load(lpp / "mask.nii.gz").get_fdata() > 0
    spheres = {
        path.name.removesuffix(".nii.gz"): volume[(nib.load(path).get_fdata() > 0) & mask].mean()
        for path in (lpp / "roi_masks").glob("*.nii.gz")
    }
    table = region_means(ceiling, REGIONS)
    left = table[table["hemisphere"] == "left"].set_index("roi")["mean"]
    assert len(spheres) == 7
    ours = left[list(spheres)].to_numpy()
    theirs = np.array(list(spheres.values()))
    assert spearmanr(ours, theirs).statistic > 0.9
    assert np.abs(ours - theirs).max() < 0.08


def test_temporal_cortex_is_high(ceiling, parcels):
    def mean(*names):
        return np.nanmean(ceiling[:N_VERTICES][np.isin(parcels[:N_VERTICES], names)])

    temporal = mean("A1", "LBelt", "PBelt", "A4", "A5", "STSda", "STSdp", "STSvp")
    assert temporal > 0.65
    for elsewhere in (("V1", "V2", "V3"), ("4", "1", "3b"), ("OFC", "10pp", "a10p")):
        assert temporal > mean(*elsewhere) + 0.25
    best = max(np.unique(parcels), key=lambda name: mean(name))
    assert best in {"A1", "LBelt", "MBelt", "PBelt", "A4", "A5"}
