import json

import numpy as np
import pytest
from nilearn.datasets import load_fsaverage, load_fsaverage_data, load_mni152_gm_template
from nilearn.surface import InMemoryMesh, vol_to_surf

from backend.cortex.surfaces import (
    MNI305_TO_MNI152,
    N_TARGETS,
    N_VERTICES,
    SIDES,
    check_values,
    curvature,
    halves,
    surface,
    to_mni152,
)
from backend.errors import InputError
from tests.helpers import run_python

KINDS = ("white", "midthickness", "pial", "inflated", "flat")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_surface_has_the_same_vertices(kind, side):
    coordinates, triangles = surface(kind, side)
    assert coordinates.shape == (N_VERTICES, 3)
    assert np.isfinite(coordinates).all()
    assert triangles.shape[1] == 3
    assert 0 <= triangles.min() < triangles.max() < N_VERTICES


@pytest.mark.parametrize("side", SIDES)
def test_surfaces_are_nilearns(side):
    theirs = load_fsaverage("fsaverage5")
    assert np.array_equal(surface("pial", side).coordinates, theirs.pial.parts[side].coordinates)
    white = theirs.white_matter.parts[side]
    assert np.array_equal(surface("white", side).triangles, white.faces)
    middle = (white.coordinates + theirs.pial.parts[side].coordinates) / 2
    assert surface("midthickness", side).coordinates == pytest.approx(middle, abs=1e-4)


def test_the_left_hemisphere_is_first_and_on_the_left():
    assert surface("pial", "left").coordinates[:, 0].mean() < -20
    assert surface("pial", "right").coordinates[:, 0].mean() > 20
    theirs = load_fsaverage_data("fsaverage5", data_type="curvature").data.parts
    assert np.array_equal(curvature()[:N_VERTICES], theirs["left"])
    assert np.array_equal(curvature()[N_VERTICES:], theirs["right"])


def test_curvature_is_positive_in_sulci():
    depth = load_fsaverage_data("fsaverage5", data_type="sulcal").data.parts
    assert curvature().shape == (N_TARGETS,)
    both = np.concatenate([depth[side] for side in SIDES])
    assert np.corrcoef(both, curvature())[0, 1] > 0.5


def test_the_flat_map_leaves_out_the_medial_wall_and_folds_over_nowhere():
    for side in SIDES:
        coordinates, triangles = surface("flat", side)
        assert 9_000 < len(np.unique(triangles)) < N_VERTICES
        a, b, c = (coordinates[triangles[:, corner], :2] for corner in range(3))
        (ux, uy), (vx, vy) = (b - a).T, (c - a).T
        assert (ux * vy - uy * vx > 0).all()


def test_surfaces_are_shared_and_cannot_be_written_to():
    assert surface("flat", "left") is surface("flat", "left")
    with pytest.raises(ValueError, match="read-only"):
        surface("flat", "left").coordinates[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        curvature()[0] = 0


def test_mni305_to_mni152_is_freesurfers():
    # The worked example of FreeSurfer's wiki page CoordinateSystems.
    assert to_mni152([[10, -20, 35]]) == pytest.approx(
        np.array([[10.695, -18.409, 36.137]]), abs=5e-3
    )


def test_the_transform_lays_the_surface_on_grey_matter():
    """Between white and pial, nilearn's MNI152 template has the most grey matter that way round."""

    def grey_matter(transform) -> float:
        sampled = []
        for side in SIDES:
            pial, white = (
                InMemoryMesh(transform(mesh.coordinates), mesh.triangles)
                for mesh in (surface("pial", side), surface("white", side))
            )
            on_flat_map = np.unique(surface("flat", side).triangles)
            sampled.append(vol_to_surf(template, pial, inner_mesh=white)[on_flat_map])
        return float(np.concatenate(sampled).mean())

    template = load_mni152_gm_template(resolution=2)
    back = np.linalg.inv(MNI305_TO_MNI152)
    with_transform = grey_matter(to_mni152)
    assert with_transform > grey_matter(lambda points: points)
    assert with_transform > 0.03 + grey_matter(lambda points: points @ back[:3, :3].T + back[:3, 3])


@pytest.mark.parametrize("n", [0, N_VERTICES, N_TARGETS + 1])
def test_a_map_of_another_length_is_refused(n):
    with pytest.raises(InputError, match="20484 values"):
        check_values(np.zeros(n))


def test_halves():
    parts = halves(np.arange(N_TARGETS, dtype=float))
    assert parts["left"][-1] == N_VERTICES - 1
    assert parts["right"][0] == N_VERTICES


def test_importing_is_quick():
    code = (
        "import json, sys, backend.cortex.projection, backend.cortex.regions, "
        "backend.figures.flatmap; print(json.dumps([name for name in "
        "('nilearn', 'nibabel', 'matplotlib', 'torch', 'streamlit') if name in sys.modules]))"
    )
    assert json.loads(run_python(code)) == []
