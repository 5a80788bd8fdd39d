"""A store's shards gathered into one file, which answers where thousands of files would not.

The file is a copy and never the source of truth: it can be deleted at any time, lies in the cache,
and each run in it carries the stamps of the shards that it was read from. A reader takes a run
from it only while these fit; any other run is read from its shards.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from backend.errors import StoreError
from backend.paths import PROJECT
from backend.store.compacted import FORMAT, GATHERED, NOTHING, index_of
from backend.store.schema import RUN_TABLES, TABLES
from backend.store.shard_files import Shards, find_shards, first_line, whole_runs
from backend.store.sql import sql_list
from backend.store.summaries import SUMMARIES, roi_best, roi_means

_BATCH = 400
_ORDER = {
    "roi_scores": "roi, hemisphere, run_id, layer, fold",
    "baseline_scores": "roi, hemisphere, run_id, baseline, fold",
}
_SETTINGS = "SET memory_limit = '1GB'; SET threads = 2"


def compact_apart(folder: Path, path: Path) -> None:
    """Gather a store in a process of its own, whose memory is given back when it is done.

    Nothing is raised where that fails: the shards answer as well, only slower.

    Parameters
    ----------
    folder, path : Path
        As in :func:`compact`.
    """
    words = [sys.executable, "-m", "backend", "compact", "--store", str(folder), "--to", str(path)]
    subprocess.run(words, cwd=PROJECT, capture_output=True, check=False)


def compact(
    folder: Path, path: Path, advance: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Gather a store's runs into one file: those that came or changed are read, others kept.

    The file is replaced in one step when it is whole, so that it can be read meanwhile; of several
    processes one does the work, and the others wait for it.

    Parameters
    ----------
    folder : Path
        The store's.
    path : Path
        The file.
    advance : callable
        Told how many runs of how many are done.

    Returns
    -------
    int
        Runs that it holds.

    Raises
    ------
    StoreError
        If it cannot be written; what was there before stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            return _compact(folder.resolve(), path, advance)
    except (OSError, duckdb.Error) as error:
        raise StoreError(
            f"the store {folder} could not be gathered into {path}: {first_line(error)}. It is "
            "read from its shards, which is slower. See that the folder of the cache can be "
            "written and has room, or name another one with CORTEXSCALE_CACHE."
        ) from error


def _compact(folder: Path, path: Path, advance: Callable[[int, int], None]) -> int:
    shards, index = find_shards(folder), index_of(path)
    wanted = whole_runs(shards)
    known = {**index.unfit, **index.stamps}
    new = [run_id for run_id, stamp in wanted.items() if known.get(run_id) != stamp]
    gone = [run_id for run_id, stamp in known.items() if wanted.get(run_id) != stamp]
    if not new and not gone and path.exists() and index is not NOTHING:
        return len(index.stamps)
    for left in path.parent.glob(f"{path.stem}.*.part*"):
        left.unlink()
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        fresh = index is NOTHING
        if not fresh:
            shutil.copyfile(path, temporary)
        with duckdb.connect(str(temporary)) as connection:
            connection.execute(_SETTINGS)
            if fresh:
                _make_tables(connection)
            else:
                _forget(connection, gone)
            _add(connection, shards, {run_id: wanted[run_id] for run_id in new}, advance)
            rows = connection.sql("SELECT count(*) FROM gathered WHERE fits").fetchall()
            connection.execute("CHECKPOINT")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return int(rows[0][0])


def _make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE TABLE about AS SELECT {FORMAT} AS version")
    connection.execute(
        "CREATE TABLE gathered (run_id VARCHAR, stamp VARCHAR, fits BOOLEAN, columns VARCHAR)"
    )
    for name in GATHERED:
        connection.register("empty", TABLES[name].empty_table())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM empty")
        connection.unregister("empty")
    connection.execute(f"CREATE TABLE roi_means AS {roi_means('roi_scores')}")
    connection.execute(f"CREATE TABLE roi_best AS {roi_best('roi_means')}")


def _forget(connection: duckdb.DuckDBPyConnection, gone: Sequence[str]) -> None:
    for name in ("gathered", *GATHERED, *SUMMARIES):
        connection.execute(f"DELETE FROM {name} WHERE run_id IN (SELECT unnest(?))", [list(gone)])


def _add(
    connection: duckdb.DuckDBPyConnection,
    shards: Shards,
    new: Mapping[str, str],
    advance: Callable[[int, int], None],
) -> None:
    done = 0
    for batch in _batches(list(new)):
        with ThreadPoolExecutor(4) as pool:
            columns = dict(
                zip(batch, pool.map(lambda run_id: _columns(shards, run_id), batch), strict=True)
            )
        fit = [run_id for run_id in batch if columns[run_id] is not None]
        try:
            _insert(connection, shards, fit)
        except duckdb.Error:
            fit = [run_id for run_id in fit if _readable(connection, shards, run_id)]
            _insert(connection, shards, fit)
        for run_id in batch:
            connection.execute(
                "INSERT INTO gathered VALUES (?, ?, ?, ?)",
                [run_id, new[run_id], run_id in fit, columns[run_id] or ""],
            )
        done += len(batch)
        advance(done, len(new))


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]


def _columns(shards: Shards, run_id: str) -> str | None:
    """Columns of a run's maps; None where a shard is not as this version writes it.

    Such a run is left to the shards, where faults are named and further columns shown.
    """
    for name, schema in RUN_TABLES.items():
        try:
            footer = pq.read_metadata(shards[name][run_id].path)
        except (pa.ArrowInvalid, OSError):
            return None
        found = footer.schema.to_arrow_schema()
        known = all(field.name in schema.names for field in found)
        if not known or any(found.field(f).type != schema.field(f).type for f in found.names):
            return None
        if "run_id" not in found.names or not _of_one_run(footer, run_id):
            return None
        if name == "target_scores":
            columns = ",".join(found.names)
    return columns


def _of_one_run(footer: pq.FileMetaData, run_id: str) -> bool:
    """Whether every row carries the run's id, as its name promises."""
    place = footer.schema.to_arrow_schema().names.index("run_id")
    parts = [footer.row_group(number) for number in range(footer.num_row_groups)]
    facts = [part.column(place).statistics for part in parts if part.num_rows]
    return all(
        fact is not None and fact.has_min_max and fact.min == fact.max == run_id for fact in facts
    )


def _insert(connection: duckdb.DuckDBPyConnection, shards: Shards, fit: Sequence[str]) -> None:
    """Copy runs, all or none."""
    connection.begin()
    try:
        for name in GATHERED if fit else ():
            paths = sql_list([str(shards[name][run_id].path) for run_id in fit])
            columns = ", ".join(TABLES[name].names)
            order = f"ORDER BY {_ORDER[name]}" if name in _ORDER else ""
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE stage AS SELECT {columns} FROM ("
                f"(SELECT * FROM {name} LIMIT 0) UNION ALL BY NAME "
                f"SELECT * FROM read_parquet({paths}, union_by_name=true)) {order}"
            )
            connection.execute(f"INSERT INTO {name} BY NAME FROM stage")
            if name == "roi_scores":
                connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE means AS {roi_means('stage')} "
                    "ORDER BY roi, hemisphere, run_id, layer"
                )
                connection.execute("INSERT INTO roi_means BY NAME FROM means")
                connection.execute(f"INSERT INTO roi_best BY NAME {roi_best('means')}")
    except duckdb.Error:
        connection.rollback()
        raise
    connection.commit()


def _readable(connection: duckdb.DuckDBPyConnection, shards: Shards, run_id: str) -> bool:
    """Whether every copied shard of a run can be read to its end."""
    try:
        for name in GATHERED:
            connection.sql(
                "SELECT * FROM read_parquet(?)", params=[str(shards[name][run_id].path)]
            ).to_arrow_table()
    except duckdb.Error:
        return False
    return True
