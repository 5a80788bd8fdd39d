"""Colours of the flat cortex's pixels: a map where it is shown, gyri and sulci elsewhere."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.cortex.raster import Raster, flat_raster, gather, picture
from backend.cortex.surfaces import curvature
from backend.figures.map_scale import MapScale, colour_table
from backend.figures.theme import Mode

# Gyri and sulci, in greys that no map's colours can be taken for.
FOLDS = {"light": (0.90, 0.72), "dark": (0.36, 0.22)}
# Curvature (1/mm) from which on a fold is as dark or as bright as can be.
_DEEP = 0.12


def paint(values: ArrayLike, scale: MapScale, mode: Mode) -> NDArray[np.uint8]:
    """Paint a map on the flat cortex.

    Parameters
    ----------
    values : array-like of shape (20484,)
        NaN where nothing is shown.
    scale : MapScale
    mode : {"light", "dark"}

    Returns
    -------
    ndarray of uint8, shape (n_rows, n_columns, 4)
        Transparent where there is no cortex.

    Raises
    ------
    InputError
        If there are more or fewer values.
    """
    raster = flat_raster()
    given = np.asarray(values)
    shown = given[raster.vertices[0]] if scale.steps else gather(raster, given)
    colours = colour_table(scale.cmap)[scale.indices(shown)]
    rgba = np.empty((len(shown), 4), dtype=np.uint8)
    rgba[:, :3] = np.where(np.isfinite(shown)[:, None], colours, _folds(mode)[:, None])
    rgba[:, 3] = 255
    return picture(raster, rgba)


def fold_shares() -> NDArray[np.float32]:
    """How deep in a sulcus each vertex is, from 0 (gyrus) to 1, shape (20484,)."""
    return np.clip(curvature() / _DEEP / 2 + 0.5, 0, 1)


@cache
def _folds(mode: Mode) -> NDArray[np.uint8]:
    raster: Raster = flat_raster()
    gyrus, sulcus = FOLDS[mode]
    greys = gyrus + (sulcus - gyrus) * gather(raster, fold_shares())
    return np.rint(255 * greys).astype(np.uint8)
