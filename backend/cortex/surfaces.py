"""The fsaverage5 surface, as it ships with nilearn: nothing is downloaded.

A map on it is one array of 20,484 values: the 10,242 vertices of the left hemisphere, then those of
the right. Coordinates are MNI305, the space of fsaverage (Fischl et al. 1999, Hum. Brain Mapp.
8:272); :func:`to_mni152` takes them to the space of published coordinates and of volumes.
"""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.errors import InputError

SPACE = "fsaverage5"
N_VERTICES = 10_242
N_TARGETS = 2 * N_VERTICES
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
Kind = Literal["white", "midthickness", "pial", "inflated", "flat"]

# FreeSurfer's own: its wiki page CoordinateSystems, case 8, from average/mni152.register.dat.
MNI305_TO_MNI152 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
MNI305_TO_MNI152.flags.writeable = False


class Surface(NamedTuple):
    """The mesh of one hemisphere; its arrays cannot be written to.

    Attributes
    ----------
    coordinates : ndarray of float64, shape (10242, 3)
        Millimetres in MNI305; of the flat map, millimetres in its plane (x to the right, y up, the
        third is not used).
    triangles : ndarray of int64, shape (n_triangles, 3)
        Indices of vertices. A flat map has fewer triangles than the others: the medial wall is cut
        out of it, and the vertices there are in no triangle.
    """

    coordinates: NDArray[np.float64]
    triangles: NDArray[np.int64]


@cache
def surface(kind: Kind, side: Side) -> Surface:
    """Return one hemisphere's mesh.

    Parameters
    ----------
    kind : {"white", "midthickness", "pial", "inflated", "flat"}
        Midthickness lies halfway between white and pial.
    side : {"left", "right"}

    Returns
    -------
    Surface
    """
    if kind == "midthickness":
        white, pial = surface("white", side), surface("pial", side)
        return _frozen((white.coordinates + pial.coordinates) / 2, white.triangles)
    # Imported here since it takes over a second, and most pages draw no cortex.
    from nilearn.datasets import load_fsaverage

    mesh = load_fsaverage(SPACE)["white_matter" if kind == "white" else kind].parts[side]
    return _frozen(mesh.coordinates, mesh.faces)


@cache
def curvature() -> NDArray[np.float32]:
    """Return mean curvature per target (1/mm), positive in sulci, shape (20484,)."""
    from nilearn.datasets import load_fsaverage_data

    parts = load_fsaverage_data(SPACE, data_type="curvature").data.parts
    values = np.concatenate([parts[side] for side in SIDES]).astype(np.float32)
    values.flags.writeable = False
    return values


def to_mni152(points: ArrayLike) -> NDArray[np.float64]:
    """Take points of fsaverage (MNI305) to MNI152.

    Parameters
    ----------
    points : array-like of shape (n_points, 3)
        Millimetres in MNI305.

    Returns
    -------
    ndarray of float64, shape (n_points, 3)
        Millimetres in MNI152, by FreeSurfer's affine; it moves cortex by 1 to 4 mm.
    """
    return np.asarray(points) @ MNI305_TO_MNI152[:3, :3].T + MNI305_TO_MNI152[:3, 3]


def check_values(values: ArrayLike) -> NDArray[np.float64]:
    """Return a map on fsaverage5 as floats.

    Parameters
    ----------
    values : array-like of shape (20484,)

    Returns
    -------
    ndarray of float64, shape (20484,)

    Raises
    ------
    InputError
        If there are more or fewer values.
    """
    checked = np.asarray(values, dtype=np.float64)
    if checked.shape != (N_TARGETS,):
        raise InputError(
            f"a map on {SPACE} has {N_TARGETS} values (left hemisphere, then right), and this one "
            f"has the shape {checked.shape}. Project a volume first: python -m backend project"
        )
    return checked


def halves(values: NDArray[np.float64]) -> dict[Side, NDArray[np.float64]]:
    """Split a map of shape (20484,) into hemispheres, each of shape (10242,)."""
    return {"left": values[:N_VERTICES], "right": values[N_VERTICES:]}


def _frozen(coordinates: ArrayLike, triangles: ArrayLike) -> Surface:
    # Every caller shares these arrays.
    copied = Surface(np.array(coordinates, dtype=np.float64), np.array(triangles, dtype=np.int64))
    for array in copied:
        array.flags.writeable = False
    return copied
