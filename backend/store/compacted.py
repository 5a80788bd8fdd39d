"""What a gathered file holds; see :mod:`backend.store.compact` for how it is made."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from backend.store.shard_files import find_shards, whole_runs
from backend.store.sql import quoted

FORMAT = 1
WORTH_IT = 32
"""Runs that may be read from their shards before gathering them pays."""
GATHERED = ("runs", "roi_scores", "baseline_scores", "spaces")
"""Tables that are copied. Maps stay where they are: they are large, and each is in the file that
its run names."""


@dataclass(frozen=True)
class Index:
    """What a gathered file says of itself.

    Attributes
    ----------
    stamps : mapping of str to str
        Runs that it holds, each with the stamp of its shards.
    map_columns : mapping of str to str
        Columns of each run's shard of maps, joined by commas.
    unfit : mapping of str to str
        Runs that it cannot hold, with the stamps at which that was found.
    """

    stamps: Mapping[str, str]
    map_columns: Mapping[str, str]
    unfit: Mapping[str, str]


NOTHING = Index({}, {}, {})


def compacted_file(folder: Path, cache: Path) -> Path:
    """Name the file that a store is gathered into.

    Parameters
    ----------
    folder : Path
        The store's.
    cache : Path

    Returns
    -------
    Path
    """
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return cache / "stores" / f"{name}.duckdb"


def read_index(connection: duckdb.DuckDBPyConnection, database: str) -> Index:
    """Read what an attached file says of itself.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    database : str
        The name it is attached by.

    Returns
    -------
    Index

    Raises
    ------
    duckdb.Error
        If it is damaged, or of another version.
    """
    ((version,),) = connection.sql(f"SELECT version FROM {database}.about").fetchall()
    if version != FORMAT:
        raise duckdb.InvalidInputException(f"the format is {version}, not {FORMAT}")
    rows = connection.sql(f"SELECT run_id, stamp, fits, columns FROM {database}.gathered")
    stamps, columns, unfit = {}, {}, {}
    for run_id, stamp, fits, names in rows.fetchall():
        if fits:
            stamps[run_id], columns[run_id] = stamp, names
        else:
            unfit[run_id] = stamp
    return Index(stamps, columns, unfit)


def index_of(path: Path) -> Index:
    """Read a file's index; one that is absent or damaged holds nothing.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Index
    """
    if not path.exists():
        return NOTHING
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH {quoted(str(path))} AS compacted (READ_ONLY)")
            return read_index(connection, "compacted")
    except duckdb.Error:
        return NOTHING


def n_waiting(folder: Path, path: Path) -> int:
    """Count the runs that a gathered file could hold and does not.

    Parameters
    ----------
    folder : Path
        The store's.
    path : Path
        The file, which may not exist.

    Returns
    -------
    int
    """
    index = index_of(path)
    known = {**index.unfit, **index.stamps}
    found = whole_runs(find_shards(folder))
    return sum(known.get(run_id) != stamp for run_id, stamp in found.items())
