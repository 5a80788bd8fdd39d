"""Where the demo cortex has signal: fields about published coordinates, smooth, known."""

import numpy as np
import pytest

from backend import catalog
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, surface, to_mni152
from backend.demo.fields import (
    FIELDS,
    FLOOR,
    LAYERS,
    REACH,
    RIGHT,
    SPEECH_RATE,
    cortex_map,
    smooth_over_cortex,
)


@pytest.fixture(scope="module")
def truth():
    return cortex_map()


def test_every_region_of_the_catalogue_has_a_field():
    assert set(FIELDS) == set(catalog.rois())
    assert {field.driver for field in FIELDS.values()} == {SPEECH_RATE, *LAYERS}


@pytest.mark.parametrize("region", surface_regions(), ids=lambda r: f"{r.name}-{r.hemisphere}")
def test_a_region_is_driven_as_stated(truth, region):
    driver = FIELDS[region.name].driver
    layer, rate = truth.layer[region.targets], truth.rate[region.targets]
    own = rate if driver == SPEECH_RATE else layer == driver
    assert own.mean() > 0.9


def test_a_ceiling_peaks_at_the_published_centre_and_falls_off_as_a_gaussian(truth):
    # The temporal pole stands apart from the other fields, so that its own shape is seen.
    cortex = to_mni152(surface("midthickness", "left").coordinates)
    distances = np.linalg.norm(cortex - catalog.rois()["TP"].centre("left"), axis=1)
    middle = distances.argmin()
    assert truth.ceilings[middle] == pytest.approx(FIELDS["TP"].peak, abs=1e-6)
    mesh = surface("midthickness", "left")
    beside = np.unique(mesh.triangles[(mesh.triangles == middle).any(axis=1)])
    lengths = np.linalg.norm(mesh.coordinates[beside] - mesh.coordinates[middle], axis=1)
    # To a neighbour, the edge is the shortest way.
    expected = FIELDS["TP"].peak * np.exp(-0.5 * (lengths / REACH) ** 2)
    np.testing.assert_allclose(truth.ceilings[beside], expected, rtol=1e-5)
    straight = np.linalg.norm(mesh.coordinates - mesh.coordinates[middle], axis=1)
    bound = FIELDS["TP"].peak * np.exp(-0.5 * (straight / REACH) ** 2)
    # To others it is further along the cortex than through the air.
    near = straight < 12
    assert (truth.ceilings[:N_VERTICES][near] <= bound[near] + 1e-6).all()


def test_most_of_the_cortex_has_no_signal(truth):
    has = truth.ceilings > 0
    assert 0.1 < has.mean() < 0.3
    assert truth.ceilings[has].min() >= FLOOR
    assert truth.ceilings.max() <= max(field.peak for field in FIELDS.values())
    assert truth.ceilings.shape == truth.layer.shape == (N_TARGETS,)
    np.testing.assert_array_equal(has, truth.rate | ~np.isnan(truth.layer))


def test_the_right_hemisphere_is_weaker(truth):
    left, right = truth.ceilings[:N_VERTICES].max(), truth.ceilings[N_VERTICES:].max()
    assert right / left == pytest.approx(RIGHT, abs=1e-6)


def test_strength_and_extent_of_a_subject(truth):
    weak, wide = cortex_map(strength=0.5), cortex_map(extent=1.2)
    both = weak.ceilings > 0
    np.testing.assert_allclose(weak.ceilings[both], 0.5 * truth.ceilings[both], rtol=1e-5)
    assert (wide.ceilings > 0).sum() > 1.1 * (truth.ceilings > 0).sum()
    assert wide.ceilings.max() == pytest.approx(truth.ceilings.max())


def test_smoothing_keeps_a_constant_and_the_hemispheres_apart():
    maps = np.zeros((2, N_TARGETS), dtype=np.float32)
    maps[0] = 3.0
    maps[1, :N_VERTICES] = 1.0
    np.testing.assert_allclose(smooth_over_cortex(maps), maps, atol=1e-5)


def test_smoothing_makes_neighbours_alike_and_leaves_the_distant_alone():
    noise = np.random.default_rng(0).standard_normal((400, N_TARGETS), dtype=np.float32)
    smooth = smooth_over_cortex(noise)
    triangles = surface("white", "right").triangles + N_VERTICES
    pairs = triangles[::200, :2]
    z = (smooth - smooth.mean(axis=0)) / smooth.std(axis=0)
    assert (z[:, pairs[:, 0]] * z[:, pairs[:, 1]]).mean() > 0.7
    assert abs((z[:, :N_VERTICES] * z[:, N_VERTICES:]).mean()) < 0.01
