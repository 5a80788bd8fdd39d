"""From a volume in MNI152 to the cortical surface, and from the surface to regions."""

import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from backend.cortex.surfaces import SIDES, SPACE, Side, check_values, surface, to_mni152
from backend.datasets.story_recording import Region
from backend.errors import InputError

if TYPE_CHECKING:
    from nibabel.spatialimages import SpatialImage

# Below this share of data among what is sampled for a vertex, the vertex has none.
MIN_COVERAGE = 0.5


def project_volume(
    image: "Path | str | SpatialImage", mask: "Path | str | SpatialImage | None" = None
) -> NDArray[np.float32]:
    """Project a volume to fsaverage5, averaging over cortical depth.

    Ten points between the white and the pial surface are interpolated linearly for each vertex and
    averaged (nilearn's ``vol_to_surf``), the surfaces taken from MNI305 to MNI152 first. Voxels
    without data take no part: the same is done to the mask, and the one divided by the other, so
    that a value beside the mask's edge is the weighted mean of what lies inside.

    Parameters
    ----------
    image : path or nibabel image
        Three-dimensional, in MNI152.
    mask : path or nibabel image, optional
        On the same grid, non-zero where there are data. Without one, a voxel that is exactly 0 or
        not finite has none, as statistical maps are written.

    Returns
    -------
    ndarray of float32, shape (20484,)
        NaN where less than half of what was sampled had data: cortex that the volume or its mask
        does not cover. The medial wall is sampled like the rest, though it is no cortex; flat maps
        leave it out.

    Raises
    ------
    InputError
        If a file is missing or no volume, the image has several volumes, the mask is on another
        grid, or no cortex lies where the data are.
    """
    volume = _load(image)
    values = _values(volume, image)
    inside = np.isfinite(values) & (values != 0 if mask is None else _mask(mask, volume))
    if not inside.any():
        raise InputError(
            f"{_name(image)} holds no data{' inside the mask' if mask is not None else ''}: every "
            "voxel is 0 or not finite. Check that it is the map you meant."
        )
    parts = [_project(np.where(inside, values, 0.0), inside, volume.affine, side) for side in SIDES]
    projected = np.concatenate(parts).astype(np.float32)
    if np.isnan(projected).all():
        raise InputError(
            f"{_name(image)} has no data where the cortex is. A volume in MNI152 is needed, with "
            "its affine in millimetres; register it to MNI152 first."
        )
    return projected


def region_means(values: ArrayLike, regions: Sequence[Region]) -> pd.DataFrame:
    """Average a map within regions, leaving out targets without data.

    Parameters
    ----------
    values : array-like of shape (20484,)
    regions : sequence of Region

    Returns
    -------
    pandas.DataFrame
        A row per region: roi, hemisphere, n_targets, n_missing (of them without data), mean (NaN
        where none has data).

    Raises
    ------
    InputError
        If there are more or fewer than 20,484 values.
    """
    checked = check_values(values)
    rows = []
    for region in regions:
        within = checked[region.targets]
        known = within[np.isfinite(within)]
        rows.append(
            {
                "roi": region.name,
                "hemisphere": region.hemisphere,
                "n_targets": within.size,
                "n_missing": within.size - known.size,
                "mean": known.mean() if known.size else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["roi", "hemisphere", "n_targets", "n_missing", "mean"])


def _project(
    values: NDArray[np.float64], inside: NDArray[np.bool_], affine: NDArray[np.float64], side: Side
) -> NDArray[np.float64]:
    from nibabel import Nifti1Image
    from nilearn.surface import InMemoryMesh, vol_to_surf

    # nilearn extrapolates beyond the outermost voxels' centres; a border without data prevents it.
    border = np.eye(4)
    border[:3, 3] = -1
    # Values and coverage as two volumes of one image share the sampling.
    both = np.stack([np.pad(values, 1), np.pad(inside.astype(np.float64), 1)], axis=-1)
    pial, white = (
        InMemoryMesh(to_mni152(mesh.coordinates), mesh.triangles)
        for mesh in (surface("pial", side), surface("white", side))
    )
    with warnings.catch_warnings():
        # A vertex all of whose samples are outside the volume is what NaN is for.
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        sampled = vol_to_surf(Nifti1Image(both, affine @ border), pial, inner_mesh=white)
    total, coverage = sampled.T
    enough = np.nan_to_num(coverage) >= MIN_COVERAGE
    return np.divide(total, coverage, out=np.full(total.shape, np.nan), where=enough)


def _values(volume: "SpatialImage", image: "Path | str | SpatialImage") -> NDArray[np.float64]:
    try:
        values = np.asarray(volume.get_fdata(dtype=np.float64))
    # What nibabel lets through of a file that ends early or is damaged inside.
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{_name(image)} cannot be read to its end ({error}). Copy or download it again."
        ) from error
    values = values.reshape(values.shape[:3]) if set(values.shape[3:]) == {1} else values
    if values.ndim != 3:
        raise InputError(
            f"{_name(image)} has the shape {values.shape}; a map is one three-dimensional volume. "
            "Take one of its volumes, or their mean, with nilearn.image.index_img or mean_img."
        )
    return values


def _mask(mask: "Path | str | SpatialImage", volume: "SpatialImage") -> NDArray[np.bool_]:
    given = _load(mask)
    values = _values(given, mask)
    if values.shape != volume.shape[:3] or not np.allclose(given.affine, volume.affine, atol=1e-3):
        raise InputError(
            f"the mask {_name(mask)} has the shape {values.shape} or an affine that is not the "
            f"image's ({volume.shape[:3]}). Bring it to the image's grid first, with "
            "nilearn.image.resample_to_img(mask, image, interpolation='nearest')."
        )
    return np.isfinite(values) & (values != 0)


def _load(image: "Path | str | SpatialImage") -> "SpatialImage":
    # Imported here since pages import this module and seldom project.
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import SpatialImage

    if not isinstance(image, (str, Path)):
        return image
    path = Path(image)
    if not path.is_file():
        raise InputError(f"there is no file {path}. Give a NIfTI volume (.nii or .nii.gz).")
    try:
        loaded = nibabel.load(path)
    except (ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as a NIfTI volume ({error}). Give a .nii or .nii.gz file."
        ) from error
    if not isinstance(loaded, SpatialImage):
        raise InputError(
            f"{path} is no volume but {type(loaded).__name__}. Give a .nii or .nii.gz file; a map "
            f"that is on {SPACE} already needs no projection."
        )
    return loaded


def _name(image: "Path | str | SpatialImage") -> str:
    if isinstance(image, (str, Path)):
        return str(image)
    return image.get_filename() or "the image"
