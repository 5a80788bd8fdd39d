"""Read results: the user's shards beside the precomputed ones, as one set of views."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from backend.errors import StoreError
from backend.store.schema import PUBLISHED, RUN_TABLES


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
        Shards that were left out because they cannot be read.

    Raises
    ------
    StoreError
        If the precomputed file is there but cannot be opened.
    """

    def __init__(self, folder: Path, precomputed: Path | None = None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._connection = duckdb.connect(":memory:")
        attached = self._attach(precomputed)
        problems: list[Problem] = []
        readable = {name: _readable(folder / name, problems) for name in RUN_TABLES}
        # A run is whole when each of its tables can be read.
        whole = set.intersection(*(set(files) for files in readable.values()))
        for name, schema in RUN_TABLES.items():
            files = [str(path) for key, path in sorted(readable[name].items()) if key in whole]
            self._make_view(name, schema, files, sorted(whole), attached)
        self._make_published(attached)
        self.problems = tuple(problems)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Run a query over the views.

        Parameters
        ----------
        sql : str
            With ``?`` for each parameter.
        parameters : sequence

        Returns
        -------
        pandas.DataFrame
        """
        with self._lock:
            relation = self._connection.sql(sql, params=list(parameters))
            frame: pd.DataFrame = relation.to_arrow_table().to_pandas()
        return frame

    def _attach(self, precomputed: Path | None) -> bool:
        if precomputed is None or not precomputed.exists():
            return False
        try:
            quoted = str(precomputed).replace("'", "''")
            self._connection.execute(f"ATTACH '{quoted}' AS pre (READ_ONLY)")
        except duckdb.Error as error:
            raise StoreError(
                f"the precomputed results {precomputed.name} cannot be opened ({error}). Check the "
                "file out again with git, or make it again with: python -m backend precompute"
            ) from error
        return True

    def _make_view(
        self, name: str, schema: pa.Schema, files: list[str], whole: list[str], attached: bool
    ) -> None:
        self._connection.register(f"empty_{name}", schema.empty_table())
        parts = [f"SELECT *, 'user' AS origin FROM empty_{name}"]
        if files:
            parts.append(
                f"SELECT *, 'user' AS origin FROM read_parquet({_list(files)}, union_by_name=true)"
            )
        if attached:
            parts.append(
                f"SELECT *, 'precomputed' AS origin FROM pre.{name} "
                f"WHERE NOT list_contains({_list(whole)}::VARCHAR[], run_id)"
            )
        self._connection.execute(f"CREATE VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")

    def _make_published(self, attached: bool) -> None:
        self._connection.register("empty_published", PUBLISHED.empty_table())
        origin = "pre.published" if attached else "empty_published"
        self._connection.execute(f"CREATE VIEW published AS SELECT * FROM {origin}")


def store_version(folder: Path) -> tuple[tuple[str, int], ...]:
    """Name and change time of each run in a store: differs when a run came, went or changed.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    tuple of (str, int)
    """
    paths = (folder / "runs").glob("*.parquet")
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in paths))


def _readable(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """Shards whose footer can be read, by run id; the others become problems."""
    files = {}
    for path in sorted(folder.glob("*.parquet")):
        try:
            pq.read_metadata(path)
            files[path.stem] = path
        except (pa.ArrowInvalid, OSError) as error:
            problems.append(Problem(path, str(error).splitlines()[0]))
    return files


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
