"""The views that questions are asked of, over the three places that results come from.

A run is read from the gathered file, else from its shards, else from the precomputed results.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from backend.store.compacted import GATHERED
from backend.store.schema import TABLES, key_of
from backend.store.sql import quoted, sql_list
from backend.store.summaries import roi_best, roi_means

_USER, _PRECOMPUTED = "'user' AS origin", "'precomputed' AS origin"


@dataclass(frozen=True)
class Sources:
    """Where the rows of a store are.

    Attributes
    ----------
    files : mapping of str to mapping of str to (Path or str)
        Shards that are read as they are, by table and id.
    gathered : mapping of str to str
        Runs that are read from the attached file ``compacted``, each with the columns of its maps.
    gathered_not : collection of str
        Runs in that file that are not to be read from it.
    maps : mapping of str to (Path or str)
        Shards of maps of the gathered runs.
    precomputed : frozenset of str
        Tables of the attached file ``pre``.
    replaced : mapping of str to sequence of str
        Ids in ``pre`` that the user has as well, by table.
    """

    files: Mapping[str, Mapping[str, Path | str]]
    gathered: Mapping[str, str] = field(default_factory=dict)
    gathered_not: Collection[str] = ()
    maps: Mapping[str, Path | str] = field(default_factory=dict)
    precomputed: frozenset[str] = frozenset()
    replaced: Mapping[str, Sequence[str]] = field(default_factory=dict)


def make_views(connection: duckdb.DuckDBPyConnection, sources: Sources) -> None:
    """Make a view per table, and one per summary in :mod:`backend.store.summaries`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With ``empty_TABLE`` registered for each table.
    sources : Sources
    """
    whole = _whole_tables(connection, sources)
    for name in TABLES:
        parts = [*_gathered(name, sources), *_of_files(name, sources), *_shipped(name, sources)]
        # Each part costs a question a millisecond, this one too.
        empty = [] if name in whole else [_empty(name)]
        _make(connection, name, [*empty, *parts])
    _make_summaries(connection, sources)


def _make_summaries(connection: duckdb.DuckDBPyConnection, sources: Sources) -> None:
    """Summarize what ships once, and shards that are read as they are whenever they are asked."""
    scores = _joined([_empty("roi_scores"), *_shipped("roi_scores", sources)])
    connection.execute(f"CREATE OR REPLACE TABLE shipped_means AS {roi_means(f'({scores})')}")
    connection.execute(f"CREATE OR REPLACE TABLE shipped_best AS {roi_best('shipped_means')}")
    means, best = ["FROM shipped_means"], ["FROM shipped_best"]
    if sources.gathered:
        means.append(f"FROM compacted.roi_means {_served(sources)}")
        best.append(f"FROM compacted.roi_best {_served(sources)}")
    if files := _of_files("roi_scores", sources):
        query = roi_means(f"({_joined([_empty('roi_scores'), *files])})")
        means.append(query)
        best.append(roi_best(f"({query})"))
    _make(connection, "roi_means", means)
    _make(connection, "roi_best", best)


def _make(connection: duckdb.DuckDBPyConnection, name: str, parts: Sequence[str]) -> None:
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS {_joined(parts)}")


def _joined(parts: Sequence[str]) -> str:
    return " UNION ALL BY NAME ".join(parts)


def _whole_tables(connection: duckdb.DuckDBPyConnection, sources: Sources) -> frozenset[str]:
    """Tables of which an attached file has every column: one of an older version may not."""
    read = {
        "compacted": frozenset(GATHERED if sources.gathered else ()),
        "pre": sources.precomputed,
    }
    rows = connection.sql(
        "SELECT database_name, table_name, list(column_name) FROM duckdb_columns() GROUP BY ALL"
    )
    return frozenset(
        table
        for database, table, columns in rows.fetchall()
        if table in TABLES
        and table in read.get(database, ())
        and set(columns).issuperset(TABLES[table].names)
    )


def _gathered(name: str, sources: Sources) -> list[str]:
    if not sources.gathered:
        return []
    if name in GATHERED:
        return [f"SELECT *, {_USER} FROM compacted.{name} {_served(sources)}"]
    return _maps(sources) if name == "target_scores" else []


def _served(sources: Sources) -> str:
    if not sources.gathered_not:
        return ""
    return f"WHERE run_id NOT IN (SELECT unnest({sql_list(sorted(sources.gathered_not))}))"


def _maps(sources: Sources) -> list[str]:
    """Read maps from their shards, so that asking for a run's opens its file alone.

    DuckDB leaves out files by a condition on their names before it opens them. Files of one list
    must have the same columns, which those of an older version have not.
    """
    alike: dict[str, list[str]] = {}
    for run_id, columns in sources.gathered.items():
        alike.setdefault(columns, []).append(str(sources.maps[run_id]))
    return [
        f"SELECT * EXCLUDE (filename) REPLACE (parse_filename(filename, true) AS run_id), {_USER} "
        f"FROM read_parquet({sql_list(paths)}, filename=true)"
        for paths in alike.values()
    ]


def _empty(name: str) -> str:
    """No rows, but every column."""
    return f"SELECT *, {_USER} FROM empty_{name}"


def _of_files(name: str, sources: Sources) -> list[str]:
    """Rows of shards that are read as they are."""
    if not (files := sources.files[name]):
        return []
    paths = sql_list([str(path) for path in files.values()])
    return [f"SELECT *, {_USER} FROM read_parquet({paths}, union_by_name=true)"]


def _shipped(name: str, sources: Sources) -> list[str]:
    """Rows of the precomputed results."""
    # A file of an older version lacks some tables.
    if name not in sources.precomputed:
        return []
    key = key_of(name)
    kept = " AND ".join(f"{key} <> {quoted(each)}" for each in sources.replaced.get(name, ()))
    return [f"SELECT *, {_PRECOMPUTED} FROM pre.{name} WHERE {kept or 'true'}"]
