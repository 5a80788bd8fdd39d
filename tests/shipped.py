"""A small part of the results that ship, which tests can count on while the study grows."""

import shutil
import tempfile
from pathlib import Path

import duckdb

from backend.store.schema import PROBE_TABLES, REMOVAL_TABLES

PROJECT = Path(__file__).resolve().parent.parent
KEPT = """
    model = 'minilm-l6' AND compression IN ('none', 'bnb-int8', 'bnb-nf4')
    AND coalesce(json_extract_string(config, 'targets'), 'all') = 'all'
"""


def write_part(folder: Path) -> Path:
    """MiniLM at full precision, int8 and NF4, and the published figures."""
    path = folder / "part.duckdb"
    shutil.copy(PROJECT / "precomputed" / "results.duckdb", path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DELETE FROM runs WHERE NOT ({KEPT})")
        for table in ("roi_scores", "baseline_scores", "target_scores", "spaces"):
            connection.execute(f"DELETE FROM {table} WHERE run_id NOT IN (SELECT run_id FROM runs)")
        connection.execute("DELETE FROM model_quality")
        held = {
            name
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        for table in {*PROBE_TABLES, *REMOVAL_TABLES} & held:
            connection.execute(f"DELETE FROM {table}")
    return path


def make_part() -> Path:
    """Write the part where it lasts as long as the tests."""
    return write_part(Path(tempfile.mkdtemp(prefix="cortexscale-tests-")))
