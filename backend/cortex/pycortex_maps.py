"""Maps on the subjects of a pycortex filestore: a value for each vertex or voxel; regions."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from backend.cortex.map_files import read_values
from backend.cortex.pycortex_store import (
    Brain,
    n_vertices,
    n_voxels,
    opened,
    shape_of,
    subjects,
    transforms,
)
from backend.cortex.surfaces import N_TARGETS
from backend.datasets.volumes import Mask, read_volume
from backend.errors import InputError
from backend.paths import cache_folder

# Others are asked whether a map fits them better, as long as that takes seconds.
_MOST_OTHERS = 12


class BrainMap(NamedTuple):
    """A value for each vertex, or for each voxel, of a subject.

    Attributes
    ----------
    brain : Brain
    values : ndarray of float32, shape (n_vertices,) or (z, y, x)
        The left hemisphere's vertices first. NaN where nothing is known.
    """

    brain: Brain
    values: NDArray[np.float32]

    @property
    def is_volume(self) -> bool:
        """Whether its values belong to voxels."""
        return self.values.ndim == 3

    def within(self, lowest: float = -np.inf, highest: float = np.inf) -> "BrainMap":
        """Leave out what lies beyond a threshold."""
        with np.errstate(invalid="ignore"):
            kept = (self.values >= lowest) & (self.values <= highest)
        return BrainMap(self.brain, np.where(kept, self.values, np.nan).astype(np.float32))


def brain_map(brain: Brain, values: ArrayLike) -> BrainMap:
    """Lay values on a subject.

    Parameters
    ----------
    brain : Brain
        With a transform where the values are voxels.
    values : array-like
        A value for each vertex; or of shape (z, y, x) on the grid of the transform; or one for
        each voxel of one of the transform's masks, in pycortex's order.

    Returns
    -------
    BrainMap

    Raises
    ------
    InputError
        If there are more or fewer values; another subject or transform that they fit is named.
    """
    given = np.asarray(values, dtype=np.float32)
    if given.ndim == 1 and len(given) == sum(n_vertices(brain)):
        return BrainMap(brain, given)
    if given.ndim == 1 and brain.transform is not None and len(given) in n_voxels(brain).values():
        return BrainMap(brain, _unmasked(brain, given))
    if given.ndim == 3 and brain.transform is not None and given.shape == shape_of(brain):
        return BrainMap(brain, given)
    raise InputError(_misfit(brain, given))


def read_brain_map(path: Path, brain: Brain) -> BrainMap:
    """Read a map from a file.

    Parameters
    ----------
    path : Path
        ``.npy``, ``.npz``, ``.csv`` or ``.txt`` with a value for each vertex, or for each voxel of
        a mask; or NIfTI on the grid of the transform.
    brain : Brain

    Returns
    -------
    BrainMap

    Raises
    ------
    InputError
        If the file cannot be read or does not fit the subject.
    """
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return brain_map(brain, read_values(path))
    return brain_map(_with_transform(brain, path.name), read_volume(path).T)


def masked_map(brain: Brain, values: NDArray[np.floating], mask: Mask) -> BrainMap:
    """Lay the targets of a run in a volume on a subject.

    Parameters
    ----------
    brain : Brain
    values : ndarray of shape (n_targets,)
        In the order of the mask's voxels.
    mask : Mask
        On the grid of the transform.

    Returns
    -------
    BrainMap

    Raises
    ------
    InputError
        If the mask has another number of voxels, or another grid than the transform.
    """
    if len(values) != mask.n_targets:
        raise InputError(
            f"{mask.path.name} has {mask.n_targets:,} voxels, and the map {len(values):,} values; "
            "the mask has changed since the run."
        )
    volume = np.full(mask.voxels.shape, np.nan, dtype=np.float32)
    volume[mask.voxels] = values
    return brain_map(_with_transform(brain, mask.path.name), volume.T)


def dataview(cortex: Any, drawn: BrainMap, cmap: str, vmin: float, vmax: float) -> Any:
    """Make a map pycortex's own: a Vertex, or a Volume."""
    brain, scale = drawn.brain, {"cmap": cmap, "vmin": vmin, "vmax": vmax}
    if drawn.is_volume:
        return cortex.Volume(drawn.values, brain.subject, brain.transform, **scale)
    return cortex.Vertex(drawn.values, brain.subject, **scale)


def region_vertices(brain: Brain) -> dict[str, NDArray[np.int64]]:
    """List the vertices of a subject's regions, as its overlays.svg draws them.

    Parameters
    ----------
    brain : Brain

    Returns
    -------
    dict of str to ndarray of int
        Those without an outline are left out. Kept in the cache: S1's take 20 s.

    Raises
    ------
    InputError
        If the subject has no regions.
    """
    overlay = brain.filestore / brain.subject / "overlays.svg"
    if not overlay.is_file():
        raise InputError(f"{brain.subject} has no regions: there is no overlays.svg in its folder.")
    digest = hashlib.sha256(overlay.read_bytes()).hexdigest()[:16]
    kept = cache_folder() / "pycortex" / f"regions-{brain.subject}-{digest}.npz"
    if not kept.is_file():
        with opened(brain.filestore) as cortex:
            found = cortex.get_roi_verts(brain.subject)
        kept.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {name: at for name, at in found.items() if len(at)}
        np.savez(kept, **arrays)
    with np.load(kept, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.int64) for name in archive.files}


def region_table(drawn: BrainMap) -> pd.DataFrame:
    """Average a map of vertices over the subject's regions.

    Parameters
    ----------
    drawn : BrainMap

    Returns
    -------
    pandas.DataFrame
        roi, n_vertices, n_known, mean; ``mean`` is over the known ones, NaN where there is none.

    Raises
    ------
    InputError
        If its values belong to voxels.
    """
    if drawn.is_volume:
        raise InputError("regions are lists of vertices, and this map is a volume.")
    rows = []
    for name, at in sorted(region_vertices(drawn.brain).items()):
        known = drawn.values[at][np.isfinite(drawn.values[at])].astype(np.float64)
        mean = known.mean() if known.size else np.nan
        rows.append({"roi": name, "n_vertices": len(at), "n_known": known.size, "mean": mean})
    return pd.DataFrame(rows, columns=["roi", "n_vertices", "n_known", "mean"])


def _with_transform(brain: Brain, name: str) -> Brain:
    if brain.transform is not None:
        return brain
    ways = transforms(brain.filestore, brain.subject)
    if len(ways) == 1:
        return brain._replace(transform=ways[0])
    raise InputError(
        f"{name} is a volume, which lies on {brain.subject}'s surface by a transform. "
        + (f"Choose one of: {', '.join(ways)}." if ways else f"{brain.subject} has none.")
    )


def _unmasked(brain: Brain, values: NDArray[np.float32]) -> NDArray[np.float32]:
    name = next(name for name, count in n_voxels(brain).items() if count == len(values))
    with opened(brain.filestore) as cortex:
        mask = cortex.db.get_mask(brain.subject, brain.transform, name) > 0
    volume = np.full(mask.shape, np.nan, dtype=np.float32)
    volume[mask] = values
    return volume


def _misfit(brain: Brain, given: NDArray[np.float32]) -> str:
    told = f"{given.size:,} values" if given.ndim == 1 else f"the shape {given.shape}"
    left, right = n_vertices(brain)
    accepted = [f"{left + right:,} vertices ({left:,} left, then {right:,} right)"]
    ways = transforms(brain.filestore, brain.subject)
    for way in [brain.transform] if brain.transform else ways:
        tied = brain._replace(transform=way)
        masks = [f"{count:,} voxels of its mask {name}" for name, count in n_voxels(tied).items()]
        accepted.append(" or ".join([f"{way}: a volume of {shape_of(tied)} (z, y, x)", *masks]))
    return (
        f"the map has {told}, and {brain.subject} takes {'; '.join(accepted)}. "
        f"{_other(brain, given)}"
    )


def _other(brain: Brain, given: NDArray[np.float32]) -> str:
    """Say whose map it is."""
    if given.size == N_TARGETS:
        return "20,484 are the vertices of fsaverage5, which the Cortex page draws by itself."
    if given.ndim == 1:
        for other in subjects(brain.filestore)[:_MOST_OTHERS]:
            if _count(brain._replace(subject=other)) == len(given):
                return f"It fits the vertices of {other}: choose that subject."
    for way in transforms(brain.filestore, brain.subject) if given.ndim == 3 else []:
        if shape_of(brain._replace(transform=way)) == given.shape:
            return f"It fits the transform {way}: choose that one."
    return "Choose the subject, the transform or the filestore that it was made for."


def _count(brain: Brain) -> int | None:
    try:
        return sum(n_vertices(brain))
    except InputError:
        return None
