"""The copies of models on disk: listed and removed."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from backend.compression.cached import DESCRIPTION, PART, lock_of

State = Literal["complete", "unfinished", "damaged"]


@dataclass(frozen=True)
class StoredCopy:
    """A copy's folder.

    Attributes
    ----------
    folder : Path
    model, compression : str
        A question mark where the description cannot be read; the compression of a random twin is
        ``none``.
    n_bytes : int
    created : datetime
    state : {"complete", "unfinished", "damaged"}
        Unfinished: being written, or left by a process that was killed.
    """

    folder: Path
    model: str
    compression: str
    n_bytes: int
    created: datetime
    state: State


def list_copies(folder: Path) -> list[StoredCopy]:
    """List what a folder of models' copies holds.

    Parameters
    ----------
    folder : Path
        The cache's ``models``; it may not exist.

    Returns
    -------
    list of StoredCopy
        By name. Files are not compared with their hashes, as they are when a copy is loaded.
    """
    if not folder.is_dir():
        return []
    return [_read(path) for path in sorted(folder.iterdir()) if _is_copy(path)]


def remove_copies(copies: Iterable[StoredCopy]) -> tuple[list[StoredCopy], list[StoredCopy]]:
    """Remove copies, but for those that a process is writing.

    Parameters
    ----------
    copies : iterable of StoredCopy

    Returns
    -------
    tuple of list of StoredCopy
        The removed ones and the kept ones.
    """
    removed, kept = [], []
    for copy in copies:
        lock = lock_of(copy.folder.with_name(copy.folder.name.removesuffix(PART)))
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=0):
                shutil.rmtree(copy.folder, ignore_errors=True)
            removed.append(copy)
        except Timeout:
            kept.append(copy)
    return removed, kept


def _is_copy(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _read(folder: Path) -> StoredCopy:
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    created = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    if folder.name.endswith(PART):
        return StoredCopy(folder, "?", "?", n_bytes, created, "unfinished")
    try:
        said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        made_from = said["made_from"]
        model = str(made_from["model"])
        compression = str(made_from.get("compression", "none"))
        created = datetime.fromisoformat(said["created"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return StoredCopy(folder, "?", "?", n_bytes, created, "damaged")
    return StoredCopy(folder, model, compression, n_bytes, created, "complete")
