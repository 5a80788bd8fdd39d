"""NIfTI volumes through a mask, in C order."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from backend.errors import InputError

_UNITS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


@dataclass(frozen=True)
class Mask:
    """Voxels that are targets.

    Attributes
    ----------
    voxels : ndarray of bool, shape (x, y, z)
    affine : ndarray of float64, shape (4, 4)
        From voxel indices to millimetres.
    path : Path
    """

    voxels: NDArray[np.bool_]
    affine: NDArray[np.float64]
    path: Path

    @property
    def n_targets(self) -> int:
        """Voxels inside."""
        return int(self.voxels.sum())


def read_mask(path: Path) -> Mask:
    """Read a mask: voxels that are neither 0 nor NaN are inside.

    Parameters
    ----------
    path : Path
        NIfTI of three dimensions.

    Returns
    -------
    Mask

    Raises
    ------
    InputError
        If the file cannot be read, has another number of dimensions or is empty.
    """
    image = _load(path)
    values = _one_volume(image, path, "a mask of one volume")
    voxels = np.isfinite(values) & (values != 0)
    if not voxels.any():
        raise InputError(f"{path.name} has no voxel inside; those that are not 0 are the targets.")
    return Mask(voxels, np.asarray(image.affine, dtype=np.float64), path)


def read_volume(path: Path) -> NDArray[np.float32]:
    """Read a file of one volume.

    Parameters
    ----------
    path : Path
        NIfTI.

    Returns
    -------
    ndarray of float32, shape (x, y, z)

    Raises
    ------
    InputError
        If the file cannot be read or holds more than one volume.
    """
    return _one_volume(_load(path), path, "one volume")


def read_volumes(path: Path, mask: Mask) -> NDArray[np.float32]:
    """Read the voxels of a mask.

    Parameters
    ----------
    path : Path
        NIfTI of three or four dimensions on the mask's grid.
    mask : Mask

    Returns
    -------
    ndarray of float32, shape (n_volumes, n_targets)
        Targets in the C order of the mask's array.

    Raises
    ------
    InputError
        If the file cannot be read or is on another grid.
    """
    image = _load(path)
    if image.shape[:3] != mask.voxels.shape or len(image.shape) not in (3, 4):
        raise InputError(
            f"{path.name} has shape {image.shape}, and its mask {mask.path.name} "
            f"{mask.voxels.shape}; resample one of them to the other's grid."
        )
    if not np.allclose(image.affine, mask.affine, atol=1e-3):
        raise InputError(
            f"{path.name} and its mask {mask.path.name} have different affines, so that their "
            "voxels are at different places; resample one of them to the other's grid."
        )
    inside = _values(image, path)[mask.voxels]
    return np.ascontiguousarray(np.atleast_2d(inside.T))


def write_varying(paths: Sequence[Path], out: Path) -> None:
    """Write the mask of the voxels that vary over time in every run.

    Parameters
    ----------
    paths : sequence of Path
        NIfTI files of four dimensions on one grid, of which one is held in memory at a time.
    out : Path

    Raises
    ------
    InputError
        If one cannot be read or lies on another grid, or no voxel varies in all.
    """
    voxels: NDArray[np.bool_] | None = None
    for path in paths:
        image = _load(path)
        values = _values(image, path)
        if values.ndim != 4 or (voxels is not None and values.shape[:3] != voxels.shape):
            raise InputError(
                f"{path.name} has shape {values.shape}; runs on one grid are accepted."
            )
        spread = values.max(axis=3) - values.min(axis=3)
        varying = np.isfinite(spread) & (spread > 0)
        voxels = varying if voxels is None else voxels & varying
    if voxels is None or not voxels.any():
        raise InputError(f"no voxel varies in all of {len(paths)} runs, so there is no mask.")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}")
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.uint8), image.affine), part)
    part.replace(out)


def header_tr(path: Path) -> float | None:
    """Read the seconds between volumes that a NIfTI file states.

    Parameters
    ----------
    path : Path

    Returns
    -------
    float or None
        None where it states none, or not in which unit.
    """
    header: Any = _load(path).header
    zooms, unit = header.get_zooms(), header.get_xyzt_units()[1]
    if len(zooms) < 4 or unit not in _UNITS or zooms[3] <= 0:
        return None
    return float(zooms[3]) * _UNITS[unit]


def _load(path: Path) -> Any:
    try:
        return nibabel.load(path)
    except (ImageFileError, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as NIfTI ({' '.join(str(error).split())[:150]}); a .nii or "
            ".nii.gz file is accepted."
        ) from error


def _one_volume(image: Any, path: Path, accepted: str) -> NDArray[np.float32]:
    values = _values(image, path)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise InputError(f"{path.name} has shape {values.shape}; {accepted} is accepted.")
    return values


def _values(image: Any, path: Path) -> NDArray[np.float32]:
    try:
        return np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged"))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{path.name} is damaged or cut short ({' '.join(str(error).split())[:150]}); copy it "
            "again."
        ) from error
