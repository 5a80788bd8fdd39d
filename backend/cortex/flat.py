"""The flat fsaverage5 as one picture: both hemispheres side by side in one plane.

x runs to the right and y upwards, in millimetres; the left hemisphere lies left of x = 0.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.cortex.surfaces import N_TARGETS, N_VERTICES, SIDES, Side, surface

# Of one hemisphere in its own plane, with a margin all around.
_LEFT_EDGE, _RIGHT_EDGE, BOTTOM, TOP = -181.0, 181.0, -146.0, 150.0
HALF_WIDTH = _RIGHT_EDGE - _LEFT_EDGE
# Cutting the cortex open leaves a few triangles that reach across a cut's mouth.
_LONGEST_EDGE = 10.0


class FlatCortex(NamedTuple):
    """The flat mesh of both hemispheres; its arrays cannot be written to.

    Attributes
    ----------
    points : ndarray of float64, shape (20484, 2)
        Where each vertex lies, in millimetres.
    triangles : ndarray of int64, shape (n_triangles, 3)
        Targets at the corners; those across a cut's mouth are left out.
    shown : ndarray of bool, shape (20484,)
        Vertices that are the corner of a triangle; those of the medial wall are not.
    """

    points: NDArray[np.float64]
    triangles: NDArray[np.int64]
    shown: NDArray[np.bool_]


@cache
def flat_cortex() -> FlatCortex:
    """Return the flat mesh of both hemispheres.

    Returns
    -------
    FlatCortex
    """
    halves = [_half(side) for side in SIDES]
    points = np.concatenate([points for points, _ in halves])
    triangles = np.concatenate(
        [faces + first for (_, faces), first in zip(halves, (0, N_VERTICES), strict=True)]
    )
    shown = np.zeros(N_TARGETS, dtype=bool)
    shown[triangles] = True
    for array in (points, triangles, shown):
        array.flags.writeable = False
    return FlatCortex(points, triangles, shown)


def side_of(target: int) -> Side:
    """Name the hemisphere that a target of fsaverage5 lies in."""
    return "left" if target < N_VERTICES else "right"


def _half(side: Side) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    mesh = surface("flat", side)
    points = mesh.coordinates[:, :2]
    corners = points[mesh.triangles]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    shift = -_RIGHT_EDGE if side == "left" else -_LEFT_EDGE
    return points + np.array([shift, 0.0]), mesh.triangles[edges.max(axis=1) <= _LONGEST_EDGE]
