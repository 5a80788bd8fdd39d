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
    for name in TABLES:
        parts = [*_gathered(name, sources), *_others(name, sources)]
        _make(connection, name, " UNION ALL BY NAME ".join(parts))
    elsewhere = " UNION ALL BY NAME ".join(_others("roi_scores", sources))
    means = [*_gathered_summary("roi_means", sources), roi_means(f"({elsewhere})")]
    _make(connection, "roi_means", " UNION ALL BY NAME ".join(means))
    best = [*_gathered_summary("roi_best", sources), roi_best(f"({roi_means(f'({elsewhere})')})")]
    _make(connection, "roi_best", " UNION ALL BY NAME ".join(best))


def _make(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")


def _gathered(name: str, sources: Sources) -> list[str]:
    if not sources.gathered:
        return []
    if name in GATHERED:
        return [f"SELECT *, {_USER} FROM compacted.{name} {_served(sources)}"]
    return _maps(sources) if name == "target_scores" else []


def _gathered_summary(name: str, sources: Sources) -> list[str]:
    return [f"FROM compacted.{name} {_served(sources)}"] if sources.gathered else []


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


def _others(name: str, sources: Sources) -> list[str]:
    """Rows of shards that are read as they are, and of the precomputed results."""
    parts = [f"SELECT *, {_USER} FROM empty_{name}"]
    if files := sources.files[name]:
        paths = sql_list([str(path) for path in files.values()])
        parts.append(f"SELECT *, {_USER} FROM read_parquet({paths}, union_by_name=true)")
    # A file of an older version lacks some tables.
    if name in sources.precomputed:
        key = key_of(name)
        kept = " AND ".join(f"{key} <> {quoted(each)}" for each in sources.replaced.get(name, ()))
        parts.append(f"SELECT *, {_PRECOMPUTED} FROM pre.{name} WHERE {kept or 'true'}")
    return parts
