"""The results that ship with the project, as one DuckDB file."""

import os
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from backend.store.reader import ResultStore
from backend.store.schema import PUBLISHED, TABLES


def write_precomputed(store: ResultStore, published: pd.DataFrame, out: Path) -> None:
    """Gather a store's runs and the published figures into one file.

    Parameters
    ----------
    store : ResultStore
        Every run that it holds goes in.
    published : pandas.DataFrame
        See :func:`backend.store.published.read_published`.
    out : Path
        Replaced in one step when it is whole.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_suffix(".part")
    temporary.unlink(missing_ok=True)
    with duckdb.connect(str(temporary)) as connection:
        for name, schema in TABLES.items():
            columns = ", ".join(schema.names)
            frame = store.query(f"SELECT {columns} FROM {name} ORDER BY ALL")
            _write_table(
                connection, name, pa.Table.from_pandas(frame, schema, preserve_index=False)
            )
        table = pa.Table.from_pandas(published, PUBLISHED, preserve_index=False)
        _write_table(connection, "published", table)
    os.replace(temporary, out)


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("rows", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
    connection.unregister("rows")
