import numpy as np
import pytest
from scipy.spatial import KDTree

from backend import catalog
from backend.cortex.regions import sphere_targets, surface_regions
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, surface, to_mni152
from backend.errors import InputError

REGIONS = surface_regions()
IDS = [f"{region.hemisphere} {region.name}" for region in REGIONS]
BELTS = ["A1", "LBelt", "MBelt", "PBelt", "RI", "A4", "52"]


def cortex(side) -> np.ndarray:
    return to_mni152(surface("midthickness", side).coordinates)


def places(region) -> np.ndarray:
    """Where a region's targets are, in MNI152."""
    first = 0 if region.hemisphere == "left" else N_VERTICES
    return cortex(region.hemisphere)[region.targets - first]


def test_each_entry_has_a_region_in_each_hemisphere():
    assert [(region.name, region.hemisphere) for region in REGIONS] == [
        (name, side) for name in catalog.rois() for side in ("left", "right")
    ]


@pytest.mark.parametrize("region", REGIONS, ids=IDS)
def test_a_region_lies_about_its_centre_in_its_hemisphere(region):
    assert 30 <= region.targets.size <= 120
    assert np.array_equal(region.targets, np.unique(region.targets))
    inside = region.targets < N_VERTICES
    assert inside.all() if region.hemisphere == "left" else not inside.any()
    centre = np.array(catalog.rois()[region.name].centre(region.hemisphere))
    distances = np.linalg.norm(places(region) - centre, axis=1)
    assert distances.max() <= 10
    assert np.linalg.norm(places(region).mean(axis=0) - centre) < 5


@pytest.mark.parametrize("region", REGIONS, ids=IDS)
def test_a_region_is_the_patch_of_the_sphere_about_its_nearest_vertex(region):
    """Against a sphere by k-d tree, and a flood over the mesh's triangles."""
    side = region.hemisphere
    tree = KDTree(cortex(side))
    centre = catalog.rois()[region.name].centre(side)
    sphere = set(tree.query_ball_point(centre, 10.0))
    triangles = surface("white", side).triangles
    reached, before = {int(tree.query(centre)[1])}, 0
    while len(reached) > before:
        before = len(reached)
        touching = np.isin(triangles, list(reached)).any(axis=1)
        reached |= sphere & set(triangles[touching].ravel().tolist())
    first = 0 if side == "left" else N_VERTICES
    assert set((region.targets - first).tolist()) == reached


def test_a_smaller_radius_gives_smaller_regions_within():
    for large, small in zip(REGIONS, surface_regions(5.0), strict=True):
        assert 0 < small.targets.size < large.targets.size
        # A centre too far for a small sphere moves to the cortex, by no more than the distance.
        assert np.isin(small.targets, large.targets).mean() > 0.8


def test_a_sphere_that_would_graze_the_cortex_moves_to_it():
    centre = catalog.rois()["aSTS"].centre("right")
    distances, nearest = KDTree(cortex("right")).query(centre)
    assert distances > 1.0
    moved = sphere_targets(centre, "right", 2.0)
    about = KDTree(cortex("right")).query_ball_point(cortex("right")[nearest], 2.0)
    assert nearest + N_VERTICES in moved
    assert set(moved - N_VERTICES) <= set(about)


def test_a_tiny_sphere_is_one_vertex():
    assert sphere_targets((-50, 12, 16), "left", 0.01).size == 1


def test_only_the_asked_hemisphere_is_searched():
    medial = (-1.0, 50.0, 20.0)
    assert sphere_targets(medial, "left", 10).max() < N_VERTICES
    right = sphere_targets(medial, "right", 10)
    assert N_VERTICES <= right.min() <= right.max() < N_TARGETS


@pytest.mark.parametrize("radius", [0, -1, float("nan"), float("inf")])
def test_a_radius_that_cannot_be_is_refused(radius):
    with pytest.raises(InputError, match="positive number of millimetres"):
        surface_regions(radius)


@pytest.mark.parametrize("centre", [(52, 28, 10), (-0.052, 0.028, 900), (-5200, 2800, 1000)])
def test_a_centre_far_from_the_cortex_is_refused(centre):
    with pytest.raises(InputError, match="mm from the left hemisphere's cortex"):
        sphere_targets(centre, "left", 10)


def test_a_centre_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="MNI152"):
        sphere_targets((float("nan"), 0, 0), "left", 10)


@pytest.mark.parametrize(
    ("name", "expected", "share"),
    [
        ("AC", BELTS, 0.7),
        ("TP", ["TGd", "TGv", "STGa", "STSda", "TE1a"], 0.9),
        ("aSTS", ["STSda", "STSva", "TE1a", "A5"], 0.8),
        ("pSTS", ["STSdp", "STSvp", "TPOJ1", "A5"], 0.95),
        ("AG_TPJ", ["PGi", "PFm", "PGs", "STV", "TPOJ1", "TPOJ2", "PSL"], 0.95),
        ("BA44", ["44", "6r", "IFJa", "6v"], 0.95),
        ("BA45", ["45", "44", "IFSa", "IFSp"], 0.95),
        ("BA47", ["47l", "47m", "47s", "a47r", "p47r", "45"], 0.85),
    ],
)
def test_regions_lie_in_the_parcels_of_their_names(parcels, name, expected, share):
    for region in REGIONS:
        if region.name == name:
            assert np.isin(parcels[region.targets], expected).mean() >= share


def test_broca_s_regions_hold_their_own_parcels(parcels):
    """The core of each Brodmann area is in it: 44 in BA44, 45 in BA45, 47l in BA47."""
    left = {region.name: region.targets for region in REGIONS if region.hemisphere == "left"}
    for name, parcel in (("BA44", "44"), ("BA45", "45"), ("BA47", "47l")):
        shares = {other: np.mean(parcels[targets] == parcel) for other, targets in left.items()}
        assert max(shares, key=shares.get) == name
        assert shares[name] > 0.4
