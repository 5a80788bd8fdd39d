"""The raster against an independent way from a pixel to its triangle."""

import numpy as np
import pytest
from matplotlib.path import Path as Polygon
from matplotlib.tri import LinearTriInterpolator, Triangulation

from backend.cortex.flat import BOTTOM, HALF_WIDTH, TOP, flat_cortex, side_of
from backend.cortex.outlines import outline, region_outlines, regions_at
from backend.cortex.raster import WIDTH, _raster, flat_raster, gather, make_raster, picture
from backend.cortex.surfaces import N_TARGETS, N_VERTICES
from backend.datasets.story_recording import Region
from backend.errors import InputError

SMALL = 400


@pytest.fixture(scope="module")
def small():
    return make_raster(SMALL)


@pytest.fixture(scope="module")
def smooth():
    points = flat_cortex().points
    return np.sin(points[:, 0] / 40) + points[:, 1] / 100


def places(raster) -> np.ndarray:
    """Pixels' centres in millimetres."""
    height, width = raster.shape
    rows, columns = np.divmod(raster.pixels, width)
    x = (columns + 0.5) / width * 2 * HALF_WIDTH - HALF_WIDTH
    return np.column_stack([x, TOP - (rows + 0.5) / height * (TOP - BOTTOM)])


def test_pixels_have_the_values_that_matplotlib_interpolates(small, smooth):
    cortex = flat_cortex()
    oracle = LinearTriInterpolator(Triangulation(*cortex.points.T, cortex.triangles), smooth)
    expected = oracle(*places(small).T)
    # Rows are rounded to whole pixels, a few thousandths of a millimetre.
    assert not np.ma.getmaskarray(expected)[:: len(expected) // 50].any()
    known = ~np.ma.getmaskarray(expected)
    assert known.mean() > 0.999
    assert gather(small, smooth)[known] == pytest.approx(expected[known].data, abs=0.01)


def test_the_first_corner_is_the_nearest(small):
    assert (np.diff(small.weights, axis=0) <= 1e-6).all()
    assert small.weights.sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert small.weights.min() >= 0


def test_every_vertex_that_is_shown_has_pixels_of_its_own():
    nearest = np.bincount(flat_raster().vertices[0], minlength=N_TARGETS)
    assert ((nearest > 0) == flat_cortex().shown).all()


def test_the_left_hemisphere_is_on_the_left(small):
    columns = small.pixels % SMALL
    left = small.vertices[0] < N_VERTICES
    assert columns[left].max() < SMALL / 2 <= columns[~left].min()
    assert [side_of(0), side_of(N_VERTICES - 1), side_of(N_VERTICES)] == ["left", "left", "right"]


def test_pixels_nearest_to_an_unknown_vertex_are_unknown_and_others_do_not_suffer(small, smooth):
    unknown = int(small.vertices[0, len(small.pixels) // 3])
    holed = smooth.copy()
    holed[unknown] = np.nan
    found = gather(small, holed)
    assert np.array_equal(np.isnan(found), small.vertices[0] == unknown)
    beside = (small.vertices[1:] == unknown).any(axis=0) & (small.vertices[0] != unknown)
    assert np.abs(found[beside] - gather(small, smooth)[beside]).max() < 0.5


def test_a_map_of_another_length_is_refused(small):
    with pytest.raises(InputError, match="20484 values"):
        gather(small, np.zeros(N_VERTICES))


def test_a_picture_is_transparent_beside_the_cortex(small):
    image = picture(small, np.full((len(small.pixels), 4), 255, dtype=np.uint8))
    assert image.shape == (*small.shape, 4)
    assert (image[..., 3] > 0).sum() == len(small.pixels)
    assert image[0, 0, 3] == 0


def test_a_raster_is_kept_and_a_damaged_one_made_again(tmp_path):
    path = tmp_path / "rasters" / "one.npz"
    _raster.cache_clear()
    made = _raster(SMALL, path)
    assert path.exists()
    _raster.cache_clear()
    again = _raster(SMALL, path)
    assert all(np.array_equal(a, b) for a, b in zip(made, again, strict=True))
    path.write_bytes(path.read_bytes()[:5000])
    _raster.cache_clear()
    assert np.array_equal(_raster(SMALL, path).pixels, made.pixels)
    _raster.cache_clear()


def test_the_page_s_raster_is_a_projector_wide():
    assert flat_raster().shape == (740, WIDTH)


def test_a_border_has_its_region_s_vertices_inside_and_the_others_outside():
    cortex = flat_cortex()
    for each in region_outlines():
        closed = [path for path in each.paths if np.array_equal(path[0], path[-1])]
        if len(closed) != len(each.paths) or len(closed) != 1:
            continue
        inside = Polygon(closed[0]).contains_points(cortex.points) & cortex.shown
        expected = np.zeros(N_TARGETS, dtype=bool)
        expected[each.targets] = True
        assert np.array_equal(inside, expected & cortex.shown)


def test_all_regions_are_outlined_on_both_sides():
    found = region_outlines()
    assert len(found) == 16
    assert {each.side for each in found} == {"left", "right"}
    for each in found:
        assert (each.place[0] < 0) == (each.side == "left")
        assert each.name in regions_at(int(each.targets[0]), found)


def test_a_region_that_is_nowhere_on_the_flat_cortex_has_no_outline():
    hidden = np.flatnonzero(~flat_cortex().shown)[:5]
    assert outline(Region("wall", "left", hidden)) is None
