"""Copies of models on disk: written once, told from one another, checked and written again.

A copy is a folder in the cache's ``models``, named by the model and the hash of everything that
decides its weights, with ``description.json``, which says it in words and lists the files with
their hashes. It is written under another name and renamed; a copy that is not whole is made again.
"""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock

from backend.errors import ModelError
from backend.paths import cache_folder

VERSION = 1
"""Raised when a method's weights change for the same settings: older copies are then not read."""
DESCRIPTION = "description.json"
PART = ".part"
LIBRARIES = ("torch", "transformers", "llmcompressor", "compressed-tensors")


@dataclass(frozen=True)
class Copy:
    """A model's copy on disk.

    Attributes
    ----------
    folder : Path
        What ``from_pretrained`` is given.
    made_from : mapping
        Everything that decides its weights.
    details : mapping
        What was done that ``made_from`` leaves open.
    seconds : float
        That making it took.
    is_new : bool
        Whether it was made just now.
    """

    folder: Path
    made_from: Mapping[str, Any]
    details: Mapping[str, Any]
    seconds: float
    is_new: bool = False

    @property
    def files(self) -> list[Path]:
        """The files of its weights."""
        return sorted(self.folder.glob("*.safetensors"))


def models_folder() -> Path:
    """Return the folder of models' copies, inside :func:`~backend.paths.cache_folder`."""
    return cache_folder() / "models"


def copy_folder(made_from: Mapping[str, Any]) -> Path:
    """Return where a copy is, or would be.

    Parameters
    ----------
    made_from : mapping
        With ``model``, its name, and everything else that decides the copy's weights.

    Returns
    -------
    Path
    """
    text = json.dumps({**made_from, "version": VERSION}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = re.sub(r"[^\w.-]+", "-", str(made_from["model"]))
    return models_folder() / f"{name}-{digest}"


def lock_of(folder: Path) -> Path:
    """Return the file that is locked while a copy is written."""
    return folder.parent / ".locks" / f"{folder.name}.lock"


def find_copy(made_from: Mapping[str, Any]) -> Copy | None:
    """Look for a whole copy.

    Parameters
    ----------
    made_from : mapping

    Returns
    -------
    Copy or None
        None where there is none, or a file of it is missing, cut short or altered.
    """
    folder = copy_folder(made_from)
    try:
        said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        whole = all(_hash(folder / name) == sha256 for name, sha256 in said["files"].items())
        found = Copy(folder, said["made_from"], said["details"], said["seconds"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Not there, or damaged: either way it is to be made.
        return None
    return found if whole and found.files else None


def find_or_make(made_from: Mapping[str, Any], make: Callable[[Path], Mapping[str, Any]]) -> Copy:
    """Find a copy, or make it; safe against other processes that want the same one.

    Parameters
    ----------
    made_from : mapping
        With ``model``, its name, and everything else that decides the copy's weights.
    make : callable
        Given an empty folder, writes the copy into it, and returns its details.

    Returns
    -------
    Copy

    Raises
    ------
    ModelError
        If the cache cannot be written; or as ``make`` raises. Nothing half written is left.
    """
    folder = copy_folder(made_from)
    lock = lock_of(folder)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            return find_copy(made_from) or _make(folder, made_from, make)
    except OSError as error:
        raise ModelError(
            f"the compressed model cannot be written to {folder.parent}: {error}. Make room, or "
            "name another folder with the environment variable CORTEXSCALE_CACHE."
        ) from error


def _make(
    folder: Path, made_from: Mapping[str, Any], make: Callable[[Path], Mapping[str, Any]]
) -> Copy:
    part = folder.with_name(folder.name + PART)
    # What a killed process left.
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    started = time.perf_counter()
    try:
        details = dict(make(part))
        seconds = round(time.perf_counter() - started, 2)
        said = {
            "made_from": made_from,
            "details": details,
            "seconds": seconds,
            "created": datetime.now(UTC).isoformat(),
            "libraries": _versions(),
            "files": {path.name: _hash(path) for path in sorted(part.iterdir())},
        }
        (part / DESCRIPTION).write_text(json.dumps(said, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return Copy(folder, made_from, details, seconds, is_new=True)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        # Pruning by magnitude and random twins need not have llm-compressor.
        with suppress(metadata.PackageNotFoundError):
            found[library] = metadata.version(library)
    return found
