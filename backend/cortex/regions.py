"""Regions of interest on fsaverage5, from published coordinates.

A region is what a sphere about its centre holds of the cortex: a patch of the midthickness surface
(halfway between white and pial), about the vertex nearest to the centre, as far as the radius goes
and the patch hangs together. So it follows the papers' own spheres in the volume, but never jumps
from Heschl's gyrus to the insula, which is as near but another part of the cortex. Regions may
overlap, and a vertex may be in none.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from backend import catalog
from backend.cortex.surfaces import N_VERTICES, SIDES, Side, surface, to_mni152
from backend.datasets.story_recording import Region
from backend.errors import InputError

# Beyond this a point is not in the cortex of anybody: its units or its space are wrong.
FARTHEST = 15.0


def surface_regions(radius: float | None = None) -> tuple[Region, ...]:
    """Return the catalogue's regions on fsaverage5.

    Parameters
    ----------
    radius : float, optional
        Millimetres, for every region; each has its own in the catalogue (10 mm).

    Returns
    -------
    tuple of Region
        Two for each entry of rois.yaml, the left one first; ``name`` is the entry's short name.

    Raises
    ------
    InputError
        If the radius is not a positive number.
    """
    return tuple(
        Region(
            name,
            side,
            sphere_targets(entry.centre(side), side, entry.radius if radius is None else radius),
        )
        for name, entry in catalog.rois().items()
        for side in SIDES
    )


def sphere_targets(
    centre: tuple[float, float, float], side: Side, radius: float
) -> NDArray[np.int64]:
    """Return the targets of fsaverage5 in a sphere, one patch of cortex.

    Parameters
    ----------
    centre : tuple of float
        x, y, z in MNI152, millimetres.
    side : {"left", "right"}
        Only this hemisphere's vertices belong, even where the sphere reaches the other one.
    radius : float
        Millimetres. Where the nearest vertex is more than half of it away, so that the sphere would
        only graze the cortex, the sphere is moved to that vertex.

    Returns
    -------
    ndarray of int64, shape (n_targets,)
        Ascending, never empty.

    Raises
    ------
    InputError
        If the radius is not a positive number, or the centre lies more than 15 mm from the
        hemisphere's cortex.
    """
    if not (np.isfinite(radius) and radius > 0):
        raise InputError(f"a region's radius is a positive number of millimetres, not {radius}.")
    cortex = _midthickness_mni152(side)
    distances = np.linalg.norm(cortex - np.asarray(centre), axis=1)
    nearest = int(distances.argmin())
    if not distances[nearest] <= FARTHEST:
        raise InputError(
            f"{centre} is {distances[nearest]:.0f} mm from the {side} hemisphere's cortex. Give "
            f"x, y, z in MNI152, in millimetres, no more than {FARTHEST:.0f} mm from it."
        )
    if distances[nearest] > radius / 2:
        distances = np.linalg.norm(cortex - cortex[nearest], axis=1)
    vertices = _patch(distances <= radius, nearest, side)
    return vertices + (0 if side == "left" else N_VERTICES)


def _patch(within: NDArray[np.bool_], start: int, side: Side) -> NDArray[np.int64]:
    """Vertices that can be reached from one of them without leaving the sphere."""
    triangles = surface("midthickness", side).triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = edges[within[edges].all(axis=1)]
    graph = coo_array((np.ones(len(edges)), tuple(edges.T)), shape=(N_VERTICES, N_VERTICES))
    _, patches = connected_components(graph, directed=False)
    return np.flatnonzero(patches == patches[start])


@cache
def _midthickness_mni152(side: Side) -> NDArray[np.float64]:
    return to_mni152(surface("midthickness", side).coordinates)
