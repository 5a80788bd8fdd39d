"""Regions of interest on fsaverage5, from published coordinates.

A region is what a sphere about its centre holds of the cortex: the vertices of the midthickness
surface (halfway between white and pial) within the radius, as the crow flies, which is how the
papers' own spheres in the volume are meant. Both banks of a sulcus may belong to it, regions may
overlap, and a vertex may be in none.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

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
        Region(name, side, sphere_targets(entry.centre(side), side, radius or entry.radius))
        for name, entry in catalog.rois().items()
        for side in SIDES
    )


def sphere_targets(
    centre: tuple[float, float, float], side: Side, radius: float
) -> NDArray[np.int64]:
    """Return the targets of fsaverage5 in a sphere.

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
    vertices = np.flatnonzero(distances <= radius)
    return vertices + (0 if side == "left" else N_VERTICES)


@cache
def _midthickness_mni152(side: Side) -> NDArray[np.float64]:
    return to_mni152(surface("midthickness", side).coordinates)
