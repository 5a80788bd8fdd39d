"""Runs that a store has whole, and damaged ones: set aside, so that they are computed again."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backend.errors import StoreError
from backend.store.schema import RUN_TABLES
from backend.store.shard_files import first_line, shard_fault

QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Damaged:
    """A run that was set aside.

    Attributes
    ----------
    run_id : str
    table : str
        Of the first shard that cannot be read.
    reason : str
    folder : Path
        Where its shards lie now.
    """

    run_id: str
    table: str
    reason: str
    folder: Path


def is_whole(store: Path, run_id: str) -> bool:
    """Whether every table of a run is there and can be read to its end.

    Parameters
    ----------
    store : Path
    run_id : str

    Returns
    -------
    bool
    """
    return all(
        (store / name / f"{run_id}.parquet").exists() and _fault(store, name, run_id) is None
        for name in RUN_TABLES
    )


def set_aside_damaged(store: Path, run_ids: Iterable[str]) -> list[Damaged]:
    """Move the shards of runs of which one is damaged out of the store.

    Parameters
    ----------
    store : Path
    run_ids : iterable of str
        Runs that are not there are passed over.

    Returns
    -------
    list of Damaged

    Raises
    ------
    StoreError
        If a shard cannot be moved.
    """
    damaged = []
    for run_id in run_ids:
        for name in RUN_TABLES:
            present = (store / name / f"{run_id}.parquet").exists()
            reason = _fault(store, name, run_id) if present else None
            if reason is not None:
                damaged.append(Damaged(run_id, name, reason, _move(store, run_id)))
                break
    return damaged


def _fault(store: Path, name: str, run_id: str) -> str | None:
    path = store / name / f"{run_id}.parquet"
    fault = shard_fault(name, path)
    if fault is not None:
        return fault
    try:
        # The footer may be whole and a page within not: every page is read against its checksum.
        pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        return first_line(error)
    return None


def _move(store: Path, run_id: str) -> Path:
    folder = store / QUARANTINE / run_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # `runs` first: without it no reader counts the run.
        for name in ("runs", *(each for each in RUN_TABLES if each != "runs")):
            shard = store / name / f"{run_id}.parquet"
            if shard.exists():
                os.replace(shard, folder / f"{name}.parquet")
    except OSError as error:
        raise StoreError(
            f"the damaged run {run_id} cannot be moved to {folder}: {error.strerror or error}."
        ) from error
    return folder
