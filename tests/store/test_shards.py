import os

import pandas as pd
import pyarrow.parquet as pq
import pytest

from backend.errors import StoreError
from backend.store.reader import ResultStore
from backend.store.schema import RUN_TABLES
from backend.store.shards import write_run
from tests.helpers import leftovers, make_config, make_tables

TABLES = list(RUN_TABLES)
CONFIG = make_config()


def visible_rows(store) -> int:
    reader = ResultStore(store)
    return sum(len(reader.query(f"SELECT * FROM {name}")) for name in TABLES)


def fail_at(monkeypatch, module, name, place, error):
    """Let the call number ``place`` of a function fail half-way."""
    real = getattr(module, name)
    calls = []

    def failing(*arguments, **options):
        calls.append(arguments)
        if len(calls) == place + 1:
            if name == "write_table":
                with open(arguments[1], "wb") as file:
                    file.write(b"PAR1 half")
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(module, name, failing)


def test_a_written_run_is_read_back_whole(store):
    tables = make_tables(CONFIG)
    write_run(store, CONFIG.run_id, tables)
    reader = ResultStore(store)
    for name in TABLES:
        rows = reader.query(f"SELECT * FROM {name}")
        assert len(rows) == len(getattr(tables, name))
        assert set(rows["run_id"]) == {CONFIG.run_id}
    written = reader.query("SELECT r FROM roi_scores ORDER BY layer, roi, fold")["r"]
    given = pd.DataFrame(tables.roi_scores).sort_values(["layer", "roi", "fold"])["r"]
    assert written.to_numpy() == pytest.approx(given.to_numpy())


def test_each_shard_has_the_columns_of_its_schema(store):
    write_run(store, CONFIG.run_id, make_tables(CONFIG))
    for name, schema in RUN_TABLES.items():
        assert pq.read_schema(store / name / f"{CONFIG.run_id}.parquet").equals(schema)


def test_the_row_in_runs_is_written_last():
    assert TABLES[-1] == "runs"


@pytest.mark.parametrize("place", range(len(TABLES)), ids=TABLES)
def test_a_full_disk_leaves_nothing_visible(store, monkeypatch, place):
    fail_at(monkeypatch, pq, "write_table", place, OSError(28, "No space left on device"))
    with pytest.raises(StoreError, match="No space left on device. Free some disk space"):
        write_run(store, CONFIG.run_id, make_tables(CONFIG))
    monkeypatch.undo()
    assert visible_rows(store) == 0
    assert leftovers(store) == []


@pytest.mark.parametrize("place", range(len(TABLES)), ids=TABLES)
def test_a_rename_that_fails_leaves_nothing_visible(store, monkeypatch, place):
    fail_at(monkeypatch, os, "replace", place, PermissionError(13, "Permission denied"))
    with pytest.raises(StoreError, match="Permission denied"):
        write_run(store, CONFIG.run_id, make_tables(CONFIG))
    monkeypatch.undo()
    assert visible_rows(store) == 0
    assert leftovers(store) == []


@pytest.mark.parametrize("place", range(len(TABLES)), ids=TABLES)
def test_an_interrupt_while_writing_leaves_nothing_visible(store, monkeypatch, place):
    fail_at(monkeypatch, pq, "write_table", place, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_run(store, CONFIG.run_id, make_tables(CONFIG))
    monkeypatch.undo()
    assert visible_rows(store) == 0
    assert leftovers(store) == []


def test_a_run_computed_again_replaces_itself(store):
    write_run(store, CONFIG.run_id, make_tables(CONFIG, seed=0))
    before = visible_rows(store)
    write_run(store, CONFIG.run_id, make_tables(CONFIG, seed=1, seconds=99.0))
    assert visible_rows(store) == before
    assert ResultStore(store).query("SELECT seconds FROM runs")["seconds"].tolist() == [99.0]
    written = ResultStore(store).query("SELECT avg(r) AS r FROM roi_scores")["r"][0]
    given = pd.DataFrame(make_tables(CONFIG, seed=1).roi_scores)["r"].mean()
    assert written == pytest.approx(given, abs=1e-6)


def test_a_failed_second_write_keeps_the_first_run_readable(store, monkeypatch):
    write_run(store, CONFIG.run_id, make_tables(CONFIG))
    before = visible_rows(store)
    fail_at(monkeypatch, pq, "write_table", 1, OSError(28, "No space left on device"))
    with pytest.raises(StoreError):
        write_run(store, CONFIG.run_id, make_tables(CONFIG))
    monkeypatch.undo()
    assert visible_rows(store) == before


def test_a_store_that_is_a_file_is_refused_with_what_to_do(tmp_path):
    occupied = tmp_path / "store"
    occupied.write_text("not a folder")
    with pytest.raises(StoreError, match="Name another folder with --out"):
        write_run(occupied, CONFIG.run_id, make_tables(CONFIG))
