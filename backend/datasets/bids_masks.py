"""The voxels that are brain in every run of a subject."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np

from backend.datasets.volumes import Mask, read_mask
from backend.errors import InputError
from backend.paths import cache_folder

_FOLDER = "masks"


def common_mask(paths: Sequence[Path], subject: str) -> Mask:
    """Take the voxels that every mask holds.

    Parameters
    ----------
    paths : sequence of Path
        NIfTI masks on one grid.
    subject : str

    Returns
    -------
    Mask
        Where the masks differ, its file is written to the cache, so that results can name it.

    Raises
    ------
    InputError
        If there is no mask, or they lie on several grids.
    """
    if not paths:
        raise InputError(
            f"{subject} has no brain mask (..._desc-brain_mask.nii.gz) on the grid of its "
            "recordings; name one in dataset.yaml: space: {mask: FILE}."
        )
    masks = [read_mask(path) for path in paths]
    first = masks[0]
    if any(
        mask.voxels.shape != first.voxels.shape or not np.allclose(mask.affine, first.affine)
        for mask in masks
    ):
        raise InputError(
            f"the brain masks of {subject} lie on several grids; choose runs on one of them "
            "(bids: res or tasks in dataset.yaml), or name a mask there."
        )
    voxels = np.logical_and.reduce([mask.voxels for mask in masks])
    if all(np.array_equal(mask.voxels, voxels) for mask in masks):
        return first
    if not voxels.any():
        raise InputError(f"no voxel is inside all brain masks of {subject}; name one mask.")
    return Mask(voxels, first.affine, _written(voxels, first, subject))


def _written(voxels: np.ndarray, like: Mask, subject: str) -> Path:
    """Write a mask under a name that its content gives."""
    digest = hashlib.sha256(np.packbits(voxels).tobytes() + like.affine.tobytes()).hexdigest()[:12]
    folder = cache_folder() / _FOLDER
    path = folder / f"{subject}-{digest}.nii.gz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{os.getpid()}-{path.name}"
        nibabel.save(nibabel.Nifti1Image(voxels.astype(np.uint8), like.affine), part)
        part.replace(path)
    return path
