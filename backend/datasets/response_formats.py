"""Responses in the formats of other software: HDF5, GIFTI and CIFTI. Nothing is ever unpickled."""

import re
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError

HDF5 = (".hf5", ".h5", ".hdf5", ".hdf")
CIFTI = ".dtseries.nii"
GIFTI = ".gii"
_NAMED = ("data", "responses")
_REPEATS = "individual_repeats"
_HEMISPHERE = re.compile(r"^(?P<story>.+?)[._]hemi-(?P<side>[LR])(?P<rest>[._].*)?\.gii$", re.I)


def read_hdf5(path: Path) -> NDArray[np.generic]:
    """Read one array of real numbers.

    Parameters
    ----------
    path : Path
        HDF5 with a dataset named ``data`` or ``responses``, or with only one.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        If it is damaged, or holds several arrays or no numbers.
    """
    try:
        with h5py.File(path, "r") as file:
            arrays = [name for name in file if isinstance(file[name], h5py.Dataset)]
            name = next((each for each in _NAMED if each in arrays), None)
            if name is None and len(arrays) == 1:
                name = arrays[0]
            if name is None:
                raise InputError(
                    f"{path.name} holds {', '.join(arrays) or 'no array'}; one array, or one named "
                    "data or responses, is accepted."
                )
            if file[name].dtype.kind not in "fiu":
                raise InputError(f"{path.name} holds {file[name].dtype}; numbers are accepted.")
            return np.asarray(file[name][()])
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read as HDF5 ({' '.join(str(error).split())[:120]}); copy or "
            "download it again."
        ) from error


def read_repeats(path: Path) -> NDArray[np.float32] | None:
    """Read the repeats of a story, as LeBel et al. 2023 store them beside their mean.

    Parameters
    ----------
    path : Path
        HDF5.

    Returns
    -------
    ndarray of float32, shape (n_repeats, n_trs, n_targets), or None
        None where there is no ``individual_repeats`` of three dimensions, or of one repeat.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            found = file.get(_REPEATS)
            is_repeats = (
                isinstance(found, h5py.Dataset) and found.ndim == 3 and found.dtype.kind in "fiu"
            )
            if not is_repeats or found.shape[0] < 2:
                return None
            return np.asarray(found[()], dtype=np.float32)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read as HDF5 ({' '.join(str(error).split())[:120]}); copy or "
            "download it again."
        ) from error


def read_cifti(path: Path) -> NDArray[np.float32]:
    """Read a dense time series.

    Parameters
    ----------
    path : Path
        ``.dtseries.nii``.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_grayordinates)

    Raises
    ------
    InputError
        If it is damaged or something else.
    """
    image = _load(path)
    if not isinstance(image, nib.Cifti2Image):
        raise InputError(f"{path.name} is no CIFTI file, though its name says so.")
    return np.asarray(image.get_fdata(dtype=np.float32))


def read_gifti(path: Path) -> NDArray[np.float32]:
    """Read a run of both hemispheres.

    Parameters
    ----------
    path : Path
        Of the left one, ``STORY.hemi-L.func.gii``; the right one lies beside it.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_vertices)
        The left hemisphere's vertices first.

    Raises
    ------
    InputError
        If the other hemisphere is missing, or they do not fit together.
    """
    other = path.with_name(_swap(path.name))
    if not other.exists():
        raise InputError(f"{path.name} has no {other.name} beside it; both are needed.")
    left, right = _series(path), _series(other)
    if len(left) != len(right):
        raise InputError(
            f"{path.name} has {len(left)} TRs and {other.name} {len(right)}; they are of one run."
        )
    return np.concatenate([left, right], axis=1)


def hemisphere(name: str) -> tuple[str, str] | None:
    """Tell a GIFTI file's story and hemisphere from its name; None where it is no such file.

    Parameters
    ----------
    name : str

    Returns
    -------
    tuple of (str, {"L", "R"}) or None
    """
    found = _HEMISPHERE.match(name)
    return None if found is None else (found["story"], found["side"].upper())


def _swap(name: str) -> str:
    found = _HEMISPHERE.match(name)
    assert found is not None  # find_runs gives no other
    other = {"L": "R", "R": "L", "l": "r", "r": "l"}[found["side"]]
    return name[: found.start("side")] + other + name[found.end("side") :]


def _series(path: Path) -> NDArray[np.float32]:
    image = _load(path)
    if not isinstance(image, nib.GiftiImage) or not image.darrays:
        raise InputError(f"{path.name} is no GIFTI file with data, though its name says so.")
    arrays = [np.asarray(array.data, dtype=np.float32) for array in image.darrays]
    # A map for each volume, as the standard has it; some software writes one array of all.
    return arrays[0].T if len(arrays) == 1 and arrays[0].ndim == 2 else np.stack(arrays)


def _load(path: Path) -> object:
    try:
        return nib.load(path)
    # nibabel passes on whatever its parsers raise on a damaged file.
    except Exception as error:
        raise InputError(
            f"{path.name} cannot be read ({type(error).__name__}: {str(error)[:120]}); copy or "
            "download it again."
        ) from error
