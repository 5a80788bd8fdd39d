"""The shards in a store's folder: which there are, and what keeps one from being read."""

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from backend.store.schema import RUN_TABLES, TABLES, schema_fault

_ENDING = ".parquet"
# Nanoseconds: coarser than any file system's clock.
_GRAIN = 2_000_000_000
_LISTED: dict[Path, tuple[int, str]] = {}


class Shard(NamedTuple):
    """A file of a store.

    Attributes
    ----------
    path : Path or str
        An address, such as ``s3://...``, where it lies on no disk of this machine.
    stamp : str
        Change time and size: differs when the file was written again.
    """

    path: Path | str
    stamp: str


Shards = Mapping[str, Mapping[str, Shard]]
"""By table, then by the id of the run or of the measurement of a model."""


def find_shards(folder: Path) -> Shards:
    """List a store's files, without opening any.

    Parameters
    ----------
    folder : Path
        May not exist.

    Returns
    -------
    mapping of str to mapping of str to Shard
    """
    return {name: _find(folder / name) for name in TABLES}


def _find(folder: Path) -> dict[str, Shard]:
    return {
        name.removesuffix(_ENDING): Shard(folder / name, stamp) for name, stamp in _stamps(folder)
    }


def _stamps(folder: Path) -> list[tuple[str, str]]:
    """Name and stamp of each shard."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(_ENDING):
                    # A run may be removed while the folder is read.
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        found.append((entry.name, f"{facts.st_mtime_ns}.{facts.st_size}"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def whole_runs(shards: Shards) -> dict[str, str]:
    """Stamp the runs of which every table is there.

    Parameters
    ----------
    shards : mapping
        As of :func:`find_shards`.

    Returns
    -------
    dict of str to str
        Run id to a stamp that differs when any of its files was written again.
    """
    whole = set.intersection(*(set(shards[name]) for name in RUN_TABLES))
    return {
        run_id: " ".join(shards[name][run_id].stamp for name in RUN_TABLES)
        for run_id in sorted(whole)
    }


def store_version(folder: Path) -> str:
    """Hash what a store holds: differs when anything came, went or changed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
    """
    # A run counts once its row is in the table that is written last.
    last = ("runs", "model_quality", "probe_runs", "removal_runs")
    held = [_listed(folder / name) for name in last]
    return hashlib.sha256("".join(held).encode()).hexdigest()


def _listed(folder: Path) -> str:
    """Hash the stamps of a folder's shards, which are looked at again when it has changed.

    Shards are written beside their place and renamed, so that each changes the folder's own time.
    """
    try:
        changed = folder.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return ""
    known = _LISTED.get(folder)
    if known is not None and known[0] == changed:
        return known[1]
    digest = hashlib.sha256(repr(_stamps(folder)).encode()).hexdigest()
    # What happens next may still bear the same time.
    if time.time_ns() - changed > _GRAIN:
        _LISTED[folder] = changed, digest
    return digest


def shard_fault(name: str, path: Path | str, files: Any = None) -> str | None:
    """Say what keeps a file from being read as a shard, as far as its footer tells.

    Parameters
    ----------
    name : str
        The table's.
    path : Path or str
    files : fsspec.AbstractFileSystem, optional
        Where an address lies; otherwise it is a file on this machine.

    Returns
    -------
    str or None

    Raises
    ------
    ConnectionError, TimeoutError
        If what holds it does not answer, which is no fault of the file.
    """
    try:
        if files is None:
            return schema_fault(name, pq.read_schema(path))
        with files.open(path, "rb") as file:
            return schema_fault(name, pq.read_schema(file))
    except (ConnectionError, TimeoutError):
        raise
    except (pa.ArrowInvalid, OSError) as error:
        return first_line(error)


def first_line(error: Exception) -> str:
    """Shorten an error to what it says first.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str
    """
    return (str(error) or type(error).__name__).splitlines()[0]
