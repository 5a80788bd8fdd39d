"""Write a finished run: one Parquet file per table, each renamed into place when it is whole."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backend.errors import StoreError
from backend.store.schema import MODEL_QUALITY, PROBE_TABLES, REMOVAL_TABLES, RUN_TABLES

Row = Mapping[str, object]


@dataclass(frozen=True)
class RunTables:
    """The rows of one run, table by table; see :mod:`backend.store.schema` for their columns."""

    runs: Sequence[Row]
    roi_scores: Sequence[Row]
    baseline_scores: Sequence[Row]
    target_scores: Sequence[Row]
    spaces: Sequence[Row]


def write_run(store: Path, run_id: str, tables: RunTables) -> None:
    """Write a run's shard: ``STORE/TABLE/RUN_ID.parquet``, the row in ``runs`` last.

    A reader sees the whole run or nothing of it. A run that is computed again replaces itself.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    run_id : str
    tables : RunTables

    Raises
    ------
    StoreError
        If the folder cannot be written, or the disk is full; nothing is left half written.
    """
    rows = {field.name: getattr(tables, field.name) for field in fields(tables)}
    write_run_columns(
        store,
        run_id,
        {
            name: pa.Table.from_pylist([dict(row) for row in rows[name]], schema=schema)
            for name, schema in RUN_TABLES.items()
        },
    )


def write_run_columns(store: Path, run_id: str, tables: Mapping[str, pa.Table]) -> None:
    """Write a run's shard from columns, as :func:`write_run` does from rows.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    run_id : str
    tables : mapping of str to pyarrow.Table
        By name, with the schemas of ``RUN_TABLES`` in :mod:`backend.store.schema`.

    Raises
    ------
    StoreError
        As :func:`write_run`.
    """
    for name in RUN_TABLES:
        _write_atomically(store / name / f"{run_id}.parquet", tables[name])


def write_probes(store: Path, run_id: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write a run of probes: ``STORE/TABLE/RUN_ID.parquet``, the row in ``probe_runs`` last.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    run_id : str
        A run that is computed again replaces itself.
    rows : mapping of str to sequence of mapping
        By table, with the columns of ``PROBE_TABLES`` in :mod:`backend.store.schema`.

    Raises
    ------
    StoreError
        As :func:`write_run`.
    """
    _write_rows(store, run_id, PROBE_TABLES, rows)


def write_removal(store: Path, run_id: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write a run of removals, as :func:`write_probes` does one of probes.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    run_id : str
    rows : mapping of str to sequence of mapping
        By table, with the columns of ``REMOVAL_TABLES`` in :mod:`backend.store.schema`.

    Raises
    ------
    StoreError
        As :func:`write_run`.
    """
    _write_rows(store, run_id, REMOVAL_TABLES, rows)


def _write_rows(
    store: Path,
    run_id: str,
    tables: Mapping[str, pa.Schema],
    rows: Mapping[str, Sequence[Row]],
) -> None:
    for name, schema in tables.items():
        table = pa.Table.from_pylist([dict(row) for row in rows[name]], schema=schema)
        _write_atomically(store / name / f"{run_id}.parquet", table)


def write_quality(store: Path, quality_id: str, row: Row) -> None:
    """Write what was measured of a model: ``STORE/model_quality/QUALITY_ID.parquet``.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    quality_id : str
        A measurement that is made again replaces itself.
    row : mapping
        Columns of ``model_quality``.

    Raises
    ------
    StoreError
        As :func:`write_run`.
    """
    table = pa.Table.from_pylist([dict(row)], schema=MODEL_QUALITY)
    _write_atomically(store / "model_quality" / f"{quality_id}.parquet", table)


def _write_atomically(path: Path, table: pa.Table) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise StoreError(
            f"results cannot be written to {path.parent}: {error.strerror or error}. Name another "
            "folder with --out, or with the environment variable CORTEXSCALE_STORE."
        ) from error
    try:
        # With checksums a damaged page is told from a whole one, whatever it decodes to.
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError(
            f"the shard {path.name} could not be written: {error.strerror or error}. Free some "
            "disk space and run the same command again."
        ) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
