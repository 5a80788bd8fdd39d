"""Where a folder's targets are, their regions and their ceilings."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.datasets.regions import (
    regions_from_file,
    regions_from_masks,
    regions_from_names,
    whole,
)
from backend.datasets.response_files import load_array
from backend.datasets.story_recording import Region, Space
from backend.datasets.story_settings import NAME, StorySettings
from backend.datasets.volumes import Mask, read_volumes
from backend.errors import InputError

_KNOWN_SURFACES = {"fsaverage5": 20_484, "fsaverage6": 81_924, "fsaverage": 327_684}


def resolve(folder: Path, name: str, subject: str) -> Path:
    """Find a file that the description names, of one subject."""
    return folder / name.replace("{subject}", subject)


def read_space(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> Space:
    """Describe where a subject's targets are.

    Parameters
    ----------
    folder : Path
    subject : str
    settings : StorySettings
    n_targets : int
    mask : Mask or None
        Of a volume.

    Returns
    -------
    Space

    Raises
    ------
    InputError
        If the number of targets is not that of the surface, or the regions cannot be read.
    """
    space = settings.space
    is_surface = space.kind == "surface"
    expected = _KNOWN_SURFACES.get(space.name) if is_surface else None
    if expected is not None and n_targets != expected:
        raise InputError(
            f"responses have {n_targets:,} targets, and {space.name} has {expected:,} vertices, "
            "the left hemisphere's first. Give them all, or name a space of your own."
        )
    if is_surface and n_targets % 2:
        raise InputError(
            f"responses have {n_targets:,} targets; a surface has as many vertices on the left, "
            "which come first, as on the right. Use kind: parcels for any other set of targets."
        )
    return Space(
        name=space.name.replace("{subject}", subject),
        kind=space.kind,
        n_targets=n_targets,
        regions=_read_regions(folder, subject, settings, n_targets, mask),
        mask=str(mask.path) if mask else None,
        affine=mask.affine if mask else None,
        transform=space.transform and space.transform.replace("{subject}", subject),
    )


def _read_regions(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> tuple[Region, ...]:
    regions = settings.space.regions
    is_surface = settings.space.kind == "surface"
    if not regions:
        return whole(n_targets, is_surface)
    if isinstance(regions, str):
        return regions_from_file(resolve(folder, regions, subject), n_targets, is_surface)
    if mask is not None and all(name.endswith((".nii", ".nii.gz")) for name in regions):
        return regions_from_masks([resolve(folder, name, subject) for name in regions], mask)
    return regions_from_names(regions, n_targets, is_surface, f"{NAME}: space.regions")


def read_ceilings(
    folder: Path, subject: str, settings: StorySettings, n_targets: int, mask: Mask | None
) -> NDArray[np.float32] | None:
    """Read the noise ceilings that the description names.

    Parameters
    ----------
    folder : Path
    subject : str
    settings : StorySettings
    n_targets : int
    mask : Mask or None
        Of a volume.

    Returns
    -------
    ndarray of float32, shape (n_targets,), or None

    Raises
    ------
    InputError
        If there is one for more or fewer targets, or one that is no correlation.
    """
    if settings.ceilings is None:
        return None
    path = resolve(folder, settings.ceilings, subject)
    if mask is not None and path.name.endswith((".nii", ".nii.gz")):
        ceilings = read_volumes(path, mask)[0]
    else:
        ceilings = load_array(path).astype(np.float32)
    if ceilings.shape != (n_targets,):
        raise InputError(
            f"{path.name} has shape {ceilings.shape}, and the responses {n_targets:,} targets; a "
            "ceiling (r) per target is accepted, NaN where it is unknown."
        )
    if np.isinf(ceilings).any() or (np.abs(ceilings) > 1).any():
        raise InputError(
            f"{path.name} holds ceilings from {np.nanmin(ceilings):g} to {np.nanmax(ceilings):g}; "
            "correlations, of at most 1, are accepted. Take the root of explainable variance."
        )
    return ceilings
