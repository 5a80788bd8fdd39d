"""Read results: the user's shards beside the precomputed ones, as one set of views."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from backend.errors import StoreError
from backend.paths import address_of
from backend.store.compacted import NOTHING, Index, read_index
from backend.store.schema import PUBLISHED, RUN_TABLES, TABLES, WHOLES, key_of
from backend.store.shard_files import (
    Shards,
    find_shards,
    first_line,
    shard_fault,
    store_version,
    whole_runs,
)
from backend.store.shared import SharedStore, beside
from backend.store.sql import quoted
from backend.store.views import Sources, make_views

# Of all answers together that are kept for the next time.
_KEPT_BYTES = 64_000_000
# What queries may hold in memory before they use the disk. Several stores may be open at once.
_MEMORY = "400MB"


@dataclass(frozen=True)
class Problem:
    """A shard that cannot be read, and why."""

    path: Path | str
    reason: str

    @property
    def place(self) -> str:
        """The file, and its table's folder."""
        _, folder, name = str(self.path).rsplit("/", 2)
        return f"{name} in {folder}/"


class ResultStore:
    """Views over the precomputed results and the user's shards.

    A run that is in both is read from the user's. Rows carry ``origin``: ``precomputed`` or
    ``user``. Beside the tables there are ``roi_means`` and ``roi_best``, see
    :mod:`backend.store.summaries`. Asking ``target_scores`` for runs by ``run_id`` opens their
    files alone.

    Parameters
    ----------
    folder : Path
        The user's store; it may not exist yet.
    precomputed : Path or None
        A DuckDB file, attached read-only.
    compacted : Path or None
        What :func:`backend.store.compact.compact` has made of the folder; it may not exist, lag
        behind or be damaged, which changes nothing but the time that answers take.
    shared : str or None
        Address of results that others share, such as ``s3://bucket/prefix``, read beside the
        user's own; see :mod:`backend.store.shared`.

    Attributes
    ----------
    version : str
        See :func:`~backend.store.shard_files.store_version`; of the moment of opening.
    problems : tuple of Problem
        Shards that were left out because they cannot be read: on opening, where that shows in
        what a shard says of itself, and after a query that met damage further in.

    Raises
    ------
    StoreError
        If the precomputed file is there but cannot be opened, or shared results do not answer.
    """

    def __init__(
        self,
        folder: Path,
        precomputed: Path | None = None,
        compacted: Path | None = None,
        shared: str | None = None,
    ) -> None:
        self.folder = folder
        self.version = store_version(folder)
        self.problems: tuple[Problem, ...] = ()
        self._precomputed = precomputed
        self._lock = threading.Lock()
        self._answers = _Answers()
        self._shards = find_shards(folder)
        self._shared = None if shared is None else SharedStore(shared)
        if self._shared is not None:
            self._shards = beside(self._shards, self._shared.shards())
        self._open(compacted)

    def _open(self, compacted: Path | None) -> None:
        self._connection = self._connect()
        self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        self._attached = self._attach(self._precomputed)
        index = self._attach_compacted(compacted)
        stamps = whole_runs(self._shards)
        self._gathered = {
            run_id: columns
            for run_id, columns in index.map_columns.items()
            if stamps.get(run_id) == index.stamps[run_id]
        }
        self._gathered_not = set(index.stamps) - set(self._gathered)
        self._files = {name: self._readable(name, self._shards) for name in TABLES}
        for name, schema in TABLES.items():
            self._connection.register(f"empty_{name}", schema.empty_table())
        self._make_views()
        self._make_published()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        if self._shared is not None:
            connection.register_filesystem(self._shared.files)
        return connection

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Run a query over the views.

        A shard that proves damaged is left out together with its run, and the rest is asked again.
        What a store answers does not change while it is open, so answers are kept.

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
            known = self._answers.get(key)
            if known is None:
                known = self._ask(sql, parameters)
                self._answers.keep(key, known)
            # pandas copies the values when, and only when, the caller changes them.
            return known.copy(deep=False)

    def _ask(self, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
        try:
            return self._fetch(sql, parameters)
        except duckdb.Error as error:
            # A question that is wrong in itself is no fault of what it is asked of.
            wrong = isinstance(error, duckdb.ProgrammingError)
            if wrong or not (self._leave_out_damaged() or self._leave_compacted()):
                where = address_of(self.folder) or self.folder
                raise StoreError(
                    f"the results in {where} could not be read: {first_line(error)}. If it "
                    "happens again, move the newest files of that folder away, or check "
                    "precomputed/results.duckdb out again with git."
                ) from error
        return self._ask(sql, parameters)

    def _fetch(self, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
        relation = self._connection.sql(sql, params=list(parameters))
        frame: pd.DataFrame = relation.to_arrow_table().to_pandas()
        return frame

    def _leave_out_damaged(self) -> bool:
        """Read every shard that a view reads to its end, and forget those that cannot be."""
        if self._shared is not None:
            # Storage that has gone silent is no damage to what it holds.
            self._shared.shards(anew=True)
        damaged = []
        maps = {run_id: self._shards["target_scores"][run_id].path for run_id in self._gathered}
        for files in (*self._files.values(), maps):
            for run_id, path in list(files.items()):
                try:
                    with self._connect() as connection:
                        connection.sql(
                            "SELECT * FROM read_parquet(?)", params=[str(path)]
                        ).to_arrow_table()
                except duckdb.Error as error:
                    damaged.append(Problem(path, first_line(error)))
                    del files[run_id]
        if damaged:
            self.problems += tuple(damaged)
            self._forget([run_id for run_id in self._gathered if run_id not in maps])
        return bool(damaged)

    def _forget(self, runs: Sequence[str]) -> None:
        for run_id in runs:
            del self._gathered[run_id]
            self._gathered_not.add(run_id)
        self._answers.clear()
        self._make_views()

    def _leave_compacted(self) -> bool:
        """Go on without the gathered file, when the shards are not what is damaged."""
        if not self._gathered:
            return False
        self._connection.close()
        self._answers.clear()
        self.problems = ()
        self._open(None)
        return True

    def _readable(self, name: str, shards: Shards) -> dict[str, Path | str]:
        """Shards that are read as they are, by their id; what cannot be becomes a problem."""
        asked = {
            key: shard.path
            for key, shard in shards[name].items()
            if not (name in RUN_TABLES and key in self._gathered)
        }
        files: dict[str, Path | str] = {}
        for (key, path), fault in zip(asked.items(), self._faults(name, asked), strict=True):
            if fault is None:
                files[key] = path
            else:
                self.problems += (Problem(path, fault),)
        return files

    def _faults(self, name: str, asked: dict[str, Path | str]) -> list[str | None]:
        theirs = [path for path in asked.values() if isinstance(path, str)]
        known: dict[Path | str, str | None] = {}
        if self._shared is not None and theirs:
            known = dict(zip(theirs, self._shared.faults(name, theirs), strict=True))
        return [
            known[path] if isinstance(path, str) else shard_fault(name, path)
            for path in asked.values()
        ]

    def _attach(self, precomputed: Path | None) -> frozenset[str]:
        """Attach the precomputed results, and name their tables."""
        if precomputed is None or not precomputed.exists():
            return frozenset()
        try:
            self._connection.execute(f"ATTACH {quoted(str(precomputed))} AS pre (READ_ONLY)")
        except duckdb.Error as error:
            raise StoreError(
                f"the precomputed results {precomputed.name} cannot be opened ({error}). Check the "
                "file out again with git, or make it again with: python -m backend precompute"
            ) from error
        tables = self._connection.sql(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'pre'"
        )
        return frozenset(name for (name,) in tables.fetchall())

    def _attach_compacted(self, compacted: Path | None) -> Index:
        if compacted is None or not compacted.exists():
            return NOTHING
        try:
            self._connection.execute(f"ATTACH {quoted(str(compacted))} AS compacted (READ_ONLY)")
            return read_index(self._connection, "compacted")
        except duckdb.Error:
            return NOTHING

    def _make_views(self) -> None:
        # A run is whole when each of its tables can be read.
        files = {name: dict(sorted(self._files[name].items())) for name in TABLES}
        for tables in WHOLES:
            whole = set.intersection(*(set(self._files[name]) for name in tables))
            files |= {
                name: {each: path for each, path in files[name].items() if each in whole}
                for name in tables
            }
        sources = Sources(
            files=files,
            gathered=self._gathered,
            gathered_not=self._gathered_not,
            maps={run_id: self._shards["target_scores"][run_id].path for run_id in self._gathered},
            precomputed=self._attached,
            replaced={
                name: self._replaced(name, files[name]) for name in self._attached & {*TABLES}
            },
        )
        make_views(self._connection, sources)

    def _replaced(self, name: str, files: dict[str, Path | str]) -> list[str]:
        """Ids in the precomputed results that the user has as well."""
        key, own = key_of(name), set(files)
        if name in RUN_TABLES:
            own |= set(self._gathered)
        rows = self._connection.sql(f"SELECT DISTINCT {key} FROM pre.{name}").fetchall()
        return sorted(each for (each,) in rows if each in own)

    def _make_published(self) -> None:
        self._connection.register("empty_published", PUBLISHED.empty_table())
        origin = "pre.published" if "published" in self._attached else "empty_published"
        self._connection.execute(f"CREATE VIEW published AS SELECT * FROM {origin}")


class _Answers:
    """Answers to questions, the latest asked, as many as fit."""

    def __init__(self) -> None:
        self._frames: OrderedDict[tuple[str, str], tuple[pd.DataFrame, int]] = OrderedDict()
        self._n_bytes = 0

    def get(self, key: tuple[str, str]) -> pd.DataFrame | None:
        if key not in self._frames:
            return None
        self._frames.move_to_end(key)
        return self._frames[key][0]

    def keep(self, key: tuple[str, str], frame: pd.DataFrame) -> None:
        n_bytes = int(frame.memory_usage().sum())
        if n_bytes > _KEPT_BYTES / 4:
            return
        self._frames[key] = frame, n_bytes
        self._n_bytes += n_bytes
        while self._n_bytes > _KEPT_BYTES:
            _, (_, freed) = self._frames.popitem(last=False)
            self._n_bytes -= freed

    def clear(self) -> None:
        self._frames.clear()
        self._n_bytes = 0
