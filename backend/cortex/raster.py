"""Which pixel of the flat cortex shows which vertices: worked out once, so that a map is a gather.

A pixel lies in one triangle of the flat mesh, and shows the mean of its three vertices, weighted by
how near they are (barycentric). Where a vertex has no value, the pixels nearest to it show none.
"""

import os
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.cortex.flat import BOTTOM, HALF_WIDTH, TOP, flat_cortex
from backend.cortex.surfaces import SPACE, check_values
from backend.paths import cache_folder

WIDTH = 1810
"""Pixels from the left edge to the right one: 2.5 to the millimetre, a projector's width."""
_VERSION = 1


class Raster(NamedTuple):
    """The pixels of the flat cortex; its arrays cannot be written to.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the picture, the first row at the top.
    pixels : ndarray of int32, shape (n_pixels,)
        Those that show cortex, counted row by row, ascending.
    vertices : ndarray of int32, shape (3, n_pixels)
        The targets at the corners of the triangle that a pixel lies in, the nearest one first.
    weights : ndarray of float32, shape (3, n_pixels)
        The corners' shares in a pixel, which sum to 1; they fall from first to third.
    """

    shape: tuple[int, int]
    pixels: NDArray[np.int32]
    vertices: NDArray[np.int32]
    weights: NDArray[np.float32]


def flat_raster(width: int = WIDTH) -> Raster:
    """Return the pixels of the flat cortex, from memory, else from the cache, else made.

    Parameters
    ----------
    width : int
        Of both hemispheres together, in pixels.

    Returns
    -------
    Raster
    """
    return _raster(width, cache_folder() / "rasters" / f"{SPACE}-{width}-{_VERSION}.npz")


def make_raster(width: int) -> Raster:
    """Work out the pixels of the flat cortex.

    Parameters
    ----------
    width : int
        Of both hemispheres together, in pixels.

    Returns
    -------
    Raster
    """
    cortex = flat_cortex()
    per_mm = width / (2 * HALF_WIDTH)
    height = round((TOP - BOTTOM) * per_mm)
    # Columns and rows, in which a pixel's centre is a whole number.
    places = np.column_stack(
        [
            (cortex.points[:, 0] + HALF_WIDTH) * per_mm - 0.5,
            (TOP - cortex.points[:, 1]) * per_mm - 0.5,
        ]
    )
    triangle, pixel = _candidates(places[cortex.triangles], width, height)
    weights = _barycentric(places[cortex.triangles[triangle]], pixel, width)
    inside = weights.min(axis=1) >= -1e-9
    # A pixel on an edge is in two triangles, which agree there.
    pixels, first = np.unique(pixel[inside], return_index=True)
    corners, shares = cortex.triangles[triangle[inside][first]], weights[inside][first]
    order = np.argsort(-shares, axis=1, kind="stable")
    corners = np.take_along_axis(corners, order, axis=1)
    shares = np.clip(np.take_along_axis(shares, order, axis=1), 0, 1)
    return _frozen(Raster((height, width), pixels, corners.T, shares.T))


def gather(raster: Raster, values: ArrayLike) -> NDArray[np.float32]:
    """Take a map to its pixels.

    Parameters
    ----------
    raster : Raster
    values : array-like of shape (20484,)
        NaN where a vertex has none to show.

    Returns
    -------
    ndarray of float32, shape (n_pixels,)
        The weighted mean of a pixel's corners that have a value; NaN where the nearest has none.

    Raises
    ------
    InputError
        If there are more or fewer values.
    """
    given = check_values(values).astype(np.float32)
    known = np.isfinite(given)
    if known.all():
        return np.einsum("ij,ij->j", raster.weights, given[raster.vertices])
    at = known[raster.vertices]
    shares = raster.weights * at
    total = np.einsum(
        "ij,ij->j", shares, np.where(known, given, 0.0).astype(np.float32)[raster.vertices]
    )
    with np.errstate(invalid="ignore"):
        return np.where(at[0], total / shares.sum(axis=0), np.float32(np.nan))


def picture(raster: Raster, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put colours of pixels into an image that is transparent elsewhere.

    Parameters
    ----------
    raster : Raster
    colours : ndarray of uint8, shape (n_pixels, 4)

    Returns
    -------
    ndarray of uint8, shape (n_rows, n_columns, 4)
    """
    height, width = raster.shape
    image = np.zeros((height * width, 4), dtype=np.uint8)
    image[raster.pixels] = colours
    return image.reshape(height, width, 4)


@cache
def _raster(width: int, path: Path) -> Raster:
    kept = _read(path)
    if kept is not None:
        return kept
    made = make_raster(width)
    _write(path, made)
    return made


def _read(path: Path) -> Raster | None:
    """Read a kept raster; None where there is none, or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            height, width = (int(size) for size in kept["shape"])
            return _frozen(
                Raster((height, width), kept["pixels"], kept["vertices"], kept["weights"])
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, raster: Raster) -> None:
    """Keep a raster, whole or not at all; without room for it, it is made again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **{**raster._asdict(), "shape": np.array(raster.shape)})
        os.replace(temporary, path)
    except OSError:
        return


def _candidates(
    corners: NDArray[np.float64], width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each triangle with every pixel of the box about it."""
    low = np.ceil(corners.min(axis=1)).astype(np.int64).clip(0)
    high = np.floor(corners.max(axis=1)).astype(np.int64)
    high = np.minimum(high, [width - 1, height - 1])
    across, down = np.maximum(high - low + 1, 0).T
    count = across * down
    triangle = np.repeat(np.arange(len(corners)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    column = low[triangle, 0] + place % across[triangle]
    row = low[triangle, 1] + place // across[triangle]
    return triangle, row * width + column


def _barycentric(
    corners: NDArray[np.float64], pixel: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    """Shares of a triangle's corners in a pixel, shape (n, 3); one is negative outside it."""
    at = np.column_stack([pixel % width, pixel // width])
    first, second, third = (corners[:, i] for i in range(3))
    area = _cross(second - first, third - first)
    # A triangle that was flattened to a line has no pixel of its own.
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.column_stack(
            [
                _cross(third - second, at - second) / area,
                _cross(first - third, at - third) / area,
                _cross(second - first, at - first) / area,
            ]
        )
    return np.where(np.isfinite(shares), shares, -1.0)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _frozen(raster: Raster) -> Raster:
    # Every caller shares these arrays.
    typed = raster._replace(
        pixels=np.ascontiguousarray(raster.pixels, dtype=np.int32),
        vertices=np.ascontiguousarray(raster.vertices, dtype=np.int32),
        weights=np.ascontiguousarray(raster.weights, dtype=np.float32),
    )
    for array in (typed.pixels, typed.vertices, typed.weights):
        array.flags.writeable = False
    return typed
