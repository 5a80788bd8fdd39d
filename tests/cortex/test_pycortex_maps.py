import nibabel as nib
import numpy as np
import pytest

from backend.cortex.pycortex_maps import (
    brain_map,
    masked_map,
    read_brain_map,
    region_table,
    region_vertices,
)
from backend.cortex.pycortex_store import (
    VARIABLE,
    Brain,
    default_filestore,
    find_brain,
    n_vertices,
    opened,
    shape_of,
    subjects,
    transforms,
)
from backend.cortex.webgl_viewer import MARK, check_folder
from backend.datasets.volumes import Mask
from backend.errors import InputError
from tests.cortex.pycortex_subject import needs_pycortex, without_pycortex

LEFT, RIGHT = 152_893, 151_487


@pytest.fixture
def s1() -> Brain:
    return find_brain(default_filestore(), "S1")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def small_store(tmp_path):
    """A filestore of two subjects by its folders alone."""
    for subject in ("anna", "ben"):
        (tmp_path / subject / "surfaces").mkdir(parents=True)
    way = tmp_path / "anna" / "transforms" / "auto"
    way.mkdir(parents=True)
    (way / "matrices.xfm").write_text("{}")
    (tmp_path / "anna" / "transforms" / "half-made").mkdir()
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_a_filestore_is_listed_without_pycortex(small_store, monkeypatch):
    without_pycortex(monkeypatch)
    assert subjects(small_store) == ["anna", "ben"]
    assert transforms(small_store, "anna") == ["auto"]
    assert transforms(small_store, "ben") == []
    assert find_brain(small_store, "anna", "auto") == Brain(small_store, "anna", "auto")


@pytest.mark.parametrize(
    ("subject", "transform", "message"),
    [
        ("carl", None, "its subjects are: anna, ben"),
        ("anna", "other", "its transforms are: auto"),
        ("ben", "auto", "it has none at all"),
        ("../anna", None, "has no subject"),
    ],
)
def test_what_a_filestore_does_not_hold_is_said(small_store, subject, transform, message):
    with pytest.raises(InputError, match=message):
        find_brain(small_store, subject, transform)


def test_a_folder_that_is_no_filestore_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no pycortex filestore"):
        subjects(tmp_path / "nowhere")
    with pytest.raises(InputError, match="give the folder above the subjects"):
        subjects(tmp_path)


def test_the_environment_names_the_filestore(small_store, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(small_store))
    assert default_filestore() == small_store


def test_without_pycortex_it_is_said_how_to_get_it(small_store, monkeypatch):
    without_pycortex(monkeypatch)
    with (
        pytest.raises(InputError, match=r"pip install pycortex==1\.4\.0"),
        opened(small_store),
    ):
        pass


def test_a_viewer_writes_over_nothing_but_itself(tmp_path):
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="is not empty"):
        check_folder(tmp_path)
    (tmp_path / MARK).touch()
    check_folder(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        check_folder(tmp_path / MARK)


@needs_pycortex()
def test_a_value_for_each_vertex(s1):
    assert n_vertices(s1) == (LEFT, RIGHT)
    values = np.arange(LEFT + RIGHT, dtype=np.float32)
    drawn = brain_map(s1, values)
    np.testing.assert_array_equal(drawn.values, values)
    kept = drawn.within(lowest=10).values
    assert np.isnan(kept[:10]).all()
    assert np.isfinite(kept[10:]).all()


@needs_pycortex()
def test_a_volume_lies_on_its_transform(s1, tmp_path):
    tied = s1._replace(transform="retinotopy")
    z, y, x = shape_of(tied)
    values = np.random.default_rng(0).normal(size=(x, y, z)).astype(np.float32)
    path = tmp_path / "map.nii.gz"
    nib.save(nib.Nifti1Image(values, np.eye(4)), path)
    drawn = read_brain_map(path, tied)
    assert drawn.is_volume
    assert drawn.values[3, 2, 1] == values[1, 2, 3]
    with pytest.raises(InputError, match="Choose one of: fullhead, retinotopy"):
        read_brain_map(path, s1)
    voxels = np.zeros((x, y, z), bool)
    voxels[1, 2, 3] = voxels[5, 6, 7] = True
    masked = masked_map(tied, np.array([1.0, 2.0]), Mask(voxels, np.eye(4), path))
    assert masked.values[3, 2, 1] == 1
    assert masked.values[7, 6, 5] == 2
    assert np.isfinite(masked.values).sum() == 2


@needs_pycortex()
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((20_484,), "20,484 are the vertices of fsaverage5"),
        ((7,), r"S1 takes 304,380 vertices \(152,893 left, then 151,487 right\)"),
        ((22, 72, 72), "It fits the transform retinotopy"),
        ((2, 2), "Choose the subject, the transform or the filestore"),
    ],
)
def test_a_map_of_something_else_is_refused(s1, shape, message):
    with pytest.raises(InputError, match=message):
        brain_map(s1, np.zeros(shape))


@needs_pycortex()
def test_region_means_are_those_of_their_vertices(s1, cache, monkeypatch):
    # S1's own regions take 20 s to find; these are found by the same call.
    chosen = {"AC": np.array([5, 9, 200_000]), "V4": np.array([], int)}
    with opened(s1.filestore) as cortex:
        monkeypatch.setattr(cortex, "get_roi_verts", lambda subject: chosen)
        values = np.random.default_rng(1).normal(size=LEFT + RIGHT).astype(np.float32)
        values[9] = np.nan
        table = region_table(brain_map(s1, values))
    assert table["roi"].tolist() == ["AC"]
    assert table["n_known"].tolist() == [2]
    assert table["mean"][0] == pytest.approx(values[[5, 200_000]].mean())
    # The second time they come from the cache.
    monkeypatch.setattr(cortex, "get_roi_verts", None)
    np.testing.assert_array_equal(region_vertices(s1)["AC"], [5, 9, 200_000])


@needs_pycortex()
def test_the_shipped_region_is_where_pycortex_has_it(s1):
    """The outlines in the figure and pycortex's own vertices are the same region."""
    from matplotlib.path import Path

    from backend.figures.quickflat import _outlines

    with opened(s1.filestore) as cortex:
        flat, triangles = cortex.db.get_surf("S1", "flat", merge=True, nudge=True)
        inside = cortex.db.get_overlay("S1").rois.get_mask("AC")
    expected = np.intersect1d(inside, triangles)
    polygons = [Path(path) for name, path in _outlines(s1.filestore, "S1") if name == "AC"]
    member = np.any([polygon.contains_points(flat[:, :2]) for polygon in polygons], axis=0)
    found = np.intersect1d(np.flatnonzero(member), triangles)
    # But for vertices under the line itself.
    assert len(np.setxor1d(found, expected)) < 0.01 * len(expected)
