"""Read results: the user's shards beside the precomputed ones, as one set of views."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from backend.errors import StoreError
from backend.store.schema import PUBLISHED, RUN_TABLES, TABLES, schema_fault

# Of a query's answer that is kept for the next time, and how many are.
_KEPT_BYTES = 2_000_000
_KEPT_ANSWERS = 64


@dataclass(frozen=True)
class Problem:
    """A shard that cannot be read, and why."""

    path: Path
    reason: str


class ResultStore:
    """Views over the precomputed results and the user's shards.

    A run that is in both is read from the user's. Rows carry ``origin``: ``precomputed`` or
    ``user``.

    Parameters
    ----------
    folder : Path
        The user's store; it may not exist yet.
    precomputed : Path or None
        A DuckDB file, attached read-only.

    Attributes
    ----------
    problems : tuple of Problem
        Shards that were left out because they cannot be read: on opening, where that shows in
        what a shard says of itself, and after a query that met damage further in.

    Raises
    ------
    StoreError
        If the precomputed file is there but cannot be opened.
    """

    def __init__(self, folder: Path, precomputed: Path | None = None) -> None:
        self.folder = folder
        self.problems: tuple[Problem, ...] = ()
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], pd.DataFrame] = OrderedDict()
        self._connection = duckdb.connect(":memory:")
        self._attached = self._attach(precomputed)
        self._files = {name: self._find(name) for name in TABLES}
        for name, schema in TABLES.items():
            self._connection.register(f"empty_{name}", schema.empty_table())
        self._make_views()
        self._make_published()

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Run a query over the views.

        A shard that proves damaged is left out together with its run, and the rest is asked again.
        What a store answers does not change while it is open, so small answers are kept.

        Parameters
        ----------
        sql : str
            With ``?`` for each parameter.
        parameters : sequence

        Returns
        -------
        pandas.DataFrame
            The caller's own.

        Raises
        ------
        StoreError
            If it cannot be answered, and no shard of the user's is the reason.
        """
        key = (sql, repr(list(parameters)))
        with self._lock:
            if key not in self._answers:
                answer = self._ask(sql, parameters)
                if answer.memory_usage(deep=True).sum() > _KEPT_BYTES:
                    return answer
                self._answers[key] = answer
                if len(self._answers) > _KEPT_ANSWERS:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            return self._answers[key].copy()

    def _ask(self, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
        try:
            return self._fetch(sql, parameters)
        except duckdb.Error as error:
            if not self._leave_out_damaged():
                raise StoreError(
                    f"the results in {self.folder} could not be read: {_first_line(error)}. If it "
                    "happens again, move the newest files of that folder away, or check "
                    "precomputed/results.duckdb out again with git."
                ) from error
        return self._ask(sql, parameters)

    def _fetch(self, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
        relation = self._connection.sql(sql, params=list(parameters))
        frame: pd.DataFrame = relation.to_arrow_table().to_pandas()
        return frame

    def _leave_out_damaged(self) -> bool:
        """Read every shard to its end, and forget those that cannot be."""
        damaged = []
        for files in self._files.values():
            for run_id, path in list(files.items()):
                try:
                    self._fetch("SELECT * FROM read_parquet(?)", [str(path)])
                except duckdb.Error as error:
                    damaged.append(Problem(path, _first_line(error)))
                    del files[run_id]
        if damaged:
            self.problems += tuple(damaged)
            self._answers.clear()
            self._make_views()
        return bool(damaged)

    def _find(self, name: str) -> dict[str, Path]:
        """Shards of a table that seem readable, by their id; the others become problems."""
        files = {}
        for path in sorted((self.folder / name).glob("*.parquet")):
            try:
                fault = schema_fault(name, pq.read_schema(path))
            except (pa.ArrowInvalid, OSError) as error:
                fault = _first_line(error)
            if fault is None:
                files[path.stem] = path
            else:
                self.problems += (Problem(path, fault),)
        return files

    def _attach(self, precomputed: Path | None) -> frozenset[str]:
        """Attach the precomputed results, and name their tables."""
        if precomputed is None or not precomputed.exists():
            return frozenset()
        try:
            quoted = str(precomputed).replace("'", "''")
            self._connection.execute(f"ATTACH '{quoted}' AS pre (READ_ONLY)")
        except duckdb.Error as error:
            raise StoreError(
                f"the precomputed results {precomputed.name} cannot be opened ({error}). Check the "
                "file out again with git, or make it again with: python -m backend precompute"
            ) from error
        tables = self._connection.sql(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'pre'"
        )
        return frozenset(name for (name,) in tables.fetchall())

    def _make_views(self) -> None:
        # A run is whole when each of its tables can be read.
        whole = set.intersection(*(set(self._files[name]) for name in RUN_TABLES))
        for name in TABLES:
            files = self._files[name]
            key, kept = ("run_id", whole) if name in RUN_TABLES else ("quality_id", set(files))
            self._make_view(name, key, {each: files[each] for each in sorted(kept)})

    def _make_view(self, name: str, key: str, files: Mapping[str, Path]) -> None:
        parts = [f"SELECT *, 'user' AS origin FROM empty_{name}"]
        if files:
            paths = _list([str(path) for path in files.values()])
            parts.append(
                f"SELECT *, 'user' AS origin FROM read_parquet({paths}, union_by_name=true)"
            )
        # A file of an older version lacks some tables.
        if name in self._attached:
            parts.append(
                f"SELECT *, 'precomputed' AS origin FROM pre.{name} "
                f"WHERE NOT list_contains({_list(list(files))}::VARCHAR[], {key})"
            )
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}"
        )

    def _make_published(self) -> None:
        self._connection.register("empty_published", PUBLISHED.empty_table())
        origin = "pre.published" if "published" in self._attached else "empty_published"
        self._connection.execute(f"CREATE VIEW published AS SELECT * FROM {origin}")


def store_version(folder: Path) -> tuple[tuple[str, int], ...]:
    """Name and change time of what a store holds: differs when anything came, went or changed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    tuple of (str, int)
    """
    paths = [*(folder / "runs").glob("*.parquet"), *(folder / "model_quality").glob("*.parquet")]
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in paths))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
