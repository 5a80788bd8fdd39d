"""Files of responses: one run each, a row per volume. Nothing is ever unpickled."""

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.datasets.findings import Findings
from backend.datasets.response_formats import (
    CIFTI,
    GIFTI,
    HDF5,
    hemisphere,
    read_cifti,
    read_gifti,
    read_hdf5,
    read_repeats,
)
from backend.datasets.volumes import Mask, read_volumes
from backend.errors import InputError

# A CIFTI file's name ends as a NIfTI file's does, so that it stands before it.
SUFFIXES = (".npy", ".npz", CIFTI, ".nii.gz", ".nii", *HDF5)
_REFUSED = (".mat", ".pkl", ".pickle", ".csv", ".tsv")
_RUN = re.compile(r"^(.+?)(?:[._]run-(\d+))?$")


@dataclass(frozen=True)
class RunFile:
    """One file of responses.

    Attributes
    ----------
    path : Path
    story : str
    number : int
        Of the repeat, 1 where the name has none.
    start : float or None
        Seconds from the story's start to the first volume, where the run itself tells.
    """

    path: Path
    story: str
    number: int
    start: float | None = None

    @property
    def label(self) -> str:
        """The file with its subject's folder, for messages."""
        return f"{self.path.parent.name}/{self.path.name}"


def find_runs(folder: Path, findings: Findings) -> list[RunFile]:
    """Find a subject's runs by their names: STORY.npy, STORY.run-2.npy, STORY_run-2.nii.gz.

    Parameters
    ----------
    folder : Path
        Of one subject.
    findings : Findings
        Gains a problem for a format that is not accepted and for two files of one run, and a
        warning for any other file.

    Returns
    -------
    list of RunFile
        By story, then by number.
    """
    runs: list[RunFile] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_dir():
            continue
        side = hemisphere(path.name)
        if side is not None:
            _add_hemisphere(path, side, runs, findings)
            continue
        suffix = next((end for end in SUFFIXES if path.name.lower().endswith(end)), None)
        if suffix is not None:
            story, number = _RUN.findall(path.name[: -len(suffix)])[0]
            runs.append(RunFile(path, story, int(number or 1)))
        elif path.suffix.lower() in _REFUSED:
            findings.problems.append(
                f"{folder.name}/{path.name}: {path.suffix} files are not read; save the responses "
                "[TRs, targets] with numpy.save as .npy. .npz, HDF5, NIfTI, GIFTI and CIFTI are "
                "accepted too."
            )
        else:
            findings.warnings.append(f"{folder.name}/{path.name} was left aside.")
    by_run: dict[tuple[str, int], list[str]] = {}
    for run in runs:
        by_run.setdefault((run.story, run.number), []).append(run.path.name)
    for (story, number), names in by_run.items():
        if len(names) > 1:
            findings.problems.append(
                f"{folder.name}: run {number} of {story!r} is in more than one file: "
                f"{', '.join(names)}. Keep one, or number the runs (.run-1, .run-2)."
            )
    return sorted(runs, key=lambda run: (run.story, run.number))


def _add_hemisphere(
    path: Path, side: tuple[str, str], runs: list[RunFile], findings: Findings
) -> None:
    """Count a run of two GIFTI files once, by its left hemisphere."""
    story, number = _RUN.findall(side[0])[0]
    if side[1] == "L":
        runs.append(RunFile(path, story, int(number or 1)))
    elif not any(hemisphere(each.name) == (side[0], "L") for each in path.parent.iterdir()):
        findings.problems.append(
            f"{path.parent.name}/{path.name}: the left hemisphere of this run is missing."
        )


def load_runs(
    file: RunFile, mask: Mask | None, nan_is_zero: bool, findings: Findings
) -> list[NDArray[np.float32]]:
    """Load what a file holds: one run, or several of one story where it holds repeats.

    Parameters
    ----------
    file : RunFile
    mask : Mask or None
        Of a volume.
    nan_is_zero : bool
        Whether a value that is NaN becomes 0.
    findings : Findings
        Gains a warning that says how many did.

    Returns
    -------
    list of ndarray of float32, shape (n_trs, n_targets)

    Raises
    ------
    InputError
        As :func:`load_responses`.
    """
    repeats = read_repeats(file.path) if file.path.name.lower().endswith(HDF5) else None
    runs = [load_responses(file.path, mask)] if repeats is None else list(repeats)
    if not nan_is_zero:
        return runs
    filled = []
    for responses in runs:
        missing = np.isnan(responses)
        if missing.any():
            findings.warnings.append(
                f"{file.label}: NaN became 0 in {int(missing.any(axis=0).sum()):,} of "
                f"{responses.shape[1]:,} targets, as dataset.yaml says (nan: zero)."
            )
            responses = np.where(missing, np.float32(0), responses)
        filled.append(responses)
    return filled


def load_responses(path: Path, mask: Mask | None) -> NDArray[np.float32]:
    """Load one run.

    Parameters
    ----------
    path : Path
        ``.npy`` or ``.npz`` (one array, or one named ``responses``) of shape [n_trs, n_targets];
        or, with a mask, NIfTI with time as its fourth dimension; or HDF5, CIFTI, or the left one
        of two GIFTI files, see :mod:`backend.datasets.response_formats`.
    mask : Mask or None
        Of a volume.

    Returns
    -------
    ndarray of float32, shape (n_trs, n_targets)
        Mapped from the file where it is 32-bit ``.npy``, so that it takes no memory of its own.

    Raises
    ------
    InputError
        If the file is damaged, pickled, of another shape or not numbers.
    """
    name = path.name.lower()
    if name.endswith(CIFTI):
        return read_cifti(path)
    if name.endswith(GIFTI):
        return read_gifti(path)
    if name.endswith((".nii", ".nii.gz")):
        if mask is None:
            raise InputError(
                f"{path.name} is NIfTI, which needs a space of kind volume with a mask; give "
                ".npy files [TRs, targets] for surfaces and parcels."
            )
        return read_volumes(path, mask)
    array = read_hdf5(path) if name.endswith(HDF5) else load_array(path)
    if array.ndim != 2:
        raise InputError(
            f"{path.name} has shape {array.shape}; two dimensions are accepted, [TRs, targets]."
        )
    # An array of this type already stays the map of its file that it is. What overflows 32 bits
    # becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def load_array(path: Path) -> NDArray[np.generic]:
    """Load one array of real numbers from .npy or .npz.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ndarray
        Mapped from an ``.npy`` file.

    Raises
    ------
    InputError
        If the file is missing, damaged, pickled, holds several arrays or no numbers.
    """
    try:
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        array = _only_array(loaded, path) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}; a .npy file is accepted.") from error
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise InputError(
            f"{path.name} cannot be read as a NumPy array ({' '.join(str(error).split())[:150]}). "
            "Numbers saved with numpy.save are accepted; pickled objects are never opened."
        ) from error
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"{path.name} holds {array.dtype} values; real numbers are accepted, as float32."
        )
    return array


def _only_array(archive: "np.lib.npyio.NpzFile", path: Path) -> NDArray[np.generic]:
    with archive:
        names = ["responses"] if "responses" in archive.files else archive.files
        if len(names) != 1:
            raise InputError(
                f"{path.name} holds the arrays {', '.join(archive.files) or '(none)'}; one array "
                "is accepted, or one of them named 'responses'."
            )
        return archive[names[0]]
