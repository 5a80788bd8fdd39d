"""Maps in files of the field: NIfTI volumes, GIFTI and CIFTI surfaces, arrays; to fsaverage5."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from backend.cortex.projection import project_volume
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, SIDES, SPACE, Side
from backend.errors import InputError

if TYPE_CHECKING:
    from nibabel.cifti2 import Cifti2Image
    from nibabel.gifti import GiftiImage

ENDINGS = (".nii.gz", ".nii", ".gii", ".npy", ".npz", ".csv", ".txt")
# Each finer fsaverage keeps the vertices of the coarser ones, in their order, at its beginning.
_FINER = {40_962: "fsaverage6", 163_842: "fsaverage"}
_FS_LR = {32_492: "fsLR 32k", 59_412: "fsLR 32k without the medial wall", 91_282: "fsLR 91k"}
_SIDES_OF_CIFTI = {"CIFTI_STRUCTURE_CORTEX_LEFT": "left", "CIFTI_STRUCTURE_CORTEX_RIGHT": "right"}


def read_map(paths: Path | Sequence[Path]) -> NDArray[np.float32]:
    """Read a map and bring it to fsaverage5.

    Parameters
    ----------
    paths : Path or sequence of Path
        One file: a volume in MNI152 (``.nii``, ``.nii.gz``), which is projected; a surface of both
        hemispheres (CIFTI ``.dscalar.nii``; ``.npy``, ``.npz``, ``.csv`` or ``.txt`` of 20,484
        values, the left hemisphere's first); or a surface of one hemisphere (``.gii``), whose side
        its metadata or its name tells. Or two GIFTI files, one for each hemisphere. Of fsaverage
        and fsaverage6 the vertices that fsaverage5 shares with them are taken. Nothing is
        unpickled.

    Returns
    -------
    ndarray of float32, shape (20484,)
        NaN where nothing is known.

    Raises
    ------
    InputError
        If a file is missing, cannot be read, holds several maps, or its vertices are of another
        surface.
    """
    given = [paths] if isinstance(paths, Path) else list(paths)
    for path in given:
        if not path.is_file():
            raise InputError(f"there is no file {path.name}. Give one of: {', '.join(ENDINGS)}.")
    if len(given) == 2 and all(path.name.lower().endswith(".gii") for path in given):
        return _both_sides(given)
    if len(given) != 1:
        raise InputError(
            f"a map is one file, or two GIFTI files, one for each hemisphere; these are "
            f"{len(given)}: {', '.join(path.name for path in given)}."
        )
    path = given[0]
    name = path.name.lower()
    if name.endswith(".gii"):
        return _one_side(path)
    if name.endswith((".nii", ".nii.gz")):
        return _from_nifti(path)
    return _on_both(read_values(path), path)


def read_values(path: Path) -> NDArray[np.floating]:
    """Read a list of values, whatever places they belong to.

    Parameters
    ----------
    path : Path
        ``.npy``, ``.npz``, ``.csv`` or ``.txt``.

    Returns
    -------
    ndarray of shape (n_values,)

    Raises
    ------
    InputError
        If it is missing, cannot be read, or holds more than one map.
    """
    name = path.name.lower()
    if not path.is_file():
        raise InputError(f"there is no file {path.name}. Give one of: {', '.join(ENDINGS)}.")
    if name.endswith((".npy", ".npz")):
        return _array(path)
    if name.endswith((".csv", ".txt")):
        return _text(path)
    raise InputError(f"{path.name} is no kind of map. Give one of: {', '.join(ENDINGS)}.")


def to_fsaverage5(values: NDArray[np.floating], name: str) -> NDArray[np.float32]:
    """Take one hemisphere's values to its 10,242 vertices of fsaverage5.

    Parameters
    ----------
    values : ndarray of shape (n_vertices,)
    name : str
        Of the file, for the message.

    Returns
    -------
    ndarray of float32, shape (10242,)

    Raises
    ------
    InputError
        If the vertices are those of another surface.
    """
    if len(values) == N_VERTICES or len(values) in _FINER:
        return values[:N_VERTICES].astype(np.float32)
    _refuse(len(values), name)


def _refuse(n: int, name: str) -> NoReturn:
    accepted = f"{N_VERTICES} to a hemisphere ({SPACE}), 40962 (fsaverage6) or 163842 (fsaverage)"
    if n in _FS_LR or n // 2 in _FS_LR:
        told = _FS_LR.get(n) or _FS_LR[n // 2]
        raise InputError(
            f"{name} has {n} values, the number of {told}, a surface of another template. Resample "
            "it to fsaverage first (Connectome Workbench: wb_command -metric-resample with the "
            f"fs_LR-to-fsaverage spheres). Accepted are {accepted}."
        )
    raise InputError(
        f"{name} has {n} values, which fit no surface that is known here. Accepted are {accepted}, "
        "both hemispheres in one array, the left one first, or a volume in MNI152."
    )


def _on_both(values: NDArray[np.floating], path: Path) -> NDArray[np.float32]:
    if len(values) % 2 or (len(values) // 2 != N_VERTICES and len(values) // 2 not in _FINER):
        if len(values) == N_VERTICES or len(values) in _FINER:
            raise InputError(
                f"{path.name} has {len(values)} values, one hemisphere. An array holds both, the "
                "left one first; a single hemisphere is given as GIFTI, which tells its side."
            )
        _refuse(len(values), path.name)
    half = len(values) // 2
    return np.concatenate(
        [to_fsaverage5(part, path.name) for part in (values[:half], values[half:])]
    )


def _both_sides(paths: Sequence[Path]) -> NDArray[np.float32]:
    parts = dict(_side_and_values(path) for path in paths)
    if len(parts) != 2:
        raise InputError(
            f"{paths[0].name} and {paths[1].name} are of the same hemisphere. Give one of each."
        )
    return np.concatenate([parts[side] for side in SIDES])


def _one_side(path: Path) -> NDArray[np.float32]:
    side, values = _side_and_values(path)
    whole = np.full(N_TARGETS, np.nan, dtype=np.float32)
    first = 0 if side == "left" else N_VERTICES
    whole[first : first + N_VERTICES] = values
    return whole


def _side_and_values(path: Path) -> tuple[Side, NDArray[np.float32]]:
    from nibabel.gifti import GiftiImage

    image = _load(path)
    if not isinstance(image, GiftiImage):
        raise InputError(f"{path.name} is no GIFTI file.")
    arrays = [array.data for array in image.darrays]
    if len(arrays) != 1 or arrays[0].ndim != 1:
        raise InputError(
            f"{path.name} holds {len(arrays)} arrays; a map is one, a value for each vertex. A "
            "mesh (.surf.gii) is no map."
        )
    return _side_of(image, path), to_fsaverage5(arrays[0], path.name)


def _side_of(image: "GiftiImage", path: Path) -> Side:
    """Read the hemisphere from the file's metadata, else from its name."""
    told = f"{dict(image.meta)} {[dict(array.meta) for array in image.darrays]}".lower()
    name = path.name.lower()
    for side, short in (("left", "lh"), ("right", "rh")):
        letter = short[0]
        in_name = (
            name.startswith((f"{short}.", f"{short}_", f"{short}-"))
            or f"hemi-{letter}" in name
            or f".{letter}." in name
            or side in name
        )
        if f"cortex{side}" in told or in_name:
            return "left" if side == "left" else "right"
    raise InputError(
        f"nothing tells which hemisphere {path.name} is of. Put lh. or rh. at the beginning of its "
        "name, or hemi-L or hemi-R into it."
    )


def _from_nifti(path: Path) -> NDArray[np.float32]:
    from nibabel.cifti2 import Cifti2Image

    image = _load(path)
    return _from_cifti(image, path) if isinstance(image, Cifti2Image) else project_volume(path)


def _from_cifti(image: "Cifti2Image", path: Path) -> NDArray[np.float32]:
    from nibabel.cifti2 import BrainModelAxis

    axes = [image.header.get_axis(place) for place in range(image.ndim)]
    models = next((axis for axis in axes if isinstance(axis, BrainModelAxis)), None)
    values = np.asarray(image.get_fdata(dtype=np.float32))
    if models is None or values.ndim != 2 or values.shape[0] != 1:
        raise InputError(
            f"{path.name} has the shape {values.shape}; a map is one row of brain models "
            "(.dscalar.nii). Take one of its maps first (wb_command -cifti-separate)."
        )
    whole = np.full(N_TARGETS, np.nan, dtype=np.float32)
    for structure, part, model in models.iter_structures():
        side = _SIDES_OF_CIFTI.get(structure)
        if side is None:
            continue
        n_vertices = models.nvertices[structure]
        every = np.full(n_vertices, np.nan, dtype=np.float32)
        every[model.vertex] = values[0, part]
        first = 0 if side == "left" else N_VERTICES
        whole[first : first + N_VERTICES] = to_fsaverage5(every, path.name)
    if np.isnan(whole).all():
        raise InputError(f"{path.name} holds no values on the cortex.")
    return whole


def _load(path: Path) -> object:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        return nibabel.load(path)
    # What nibabel and the XML parser let through of a file that ends early or is damaged inside.
    except (ImageFileError, OSError, EOFError, ValueError, SyntaxError, zlib.error) as error:
        raise InputError(f"{path.name} cannot be read ({error}). Copy it again.") from error
    except ExpatError as error:
        raise InputError(f"{path.name} is no readable GIFTI file ({error}).") from error


def _array(path: Path) -> NDArray[np.floating]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                if len(loaded.files) != 1:
                    raise InputError(f"{path.name} holds {len(loaded.files)} arrays; a map is one.")
                loaded = loaded[loaded.files[0]]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name} cannot be read as an array ({error}).") from error
    if not np.issubdtype(loaded.dtype, np.number) or np.iscomplexobj(loaded):
        raise InputError(f"{path.name} holds {loaded.dtype}, not real numbers.")
    return _flat(loaded, path)


def _text(path: Path) -> NDArray[np.floating]:
    lines = path.read_text(encoding="utf-8", errors="replace").split()
    try:
        return np.array([float(word) for word in lines], dtype=np.float64)
    except ValueError:
        pass
    try:
        return np.array([float(word) for word in lines[1:]], dtype=np.float64)
    except ValueError as error:
        raise InputError(
            f"{path.name} is no list of numbers ({error}). A text file holds one value to a line, "
            "after at most one line with a name."
        ) from error


def _flat(values: NDArray[np.floating], path: Path) -> NDArray[np.floating]:
    if sum(size > 1 for size in values.shape) > 1:
        if values.shape == (2, N_VERTICES):
            return values.ravel()
        raise InputError(
            f"{path.name} has the shape {values.shape}; a map has one value for each vertex."
        )
    return values.ravel()
