"""The gathered file answers as the shards do, and is never needed."""

import os
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.comparisons.scores import comparable_scores
from backend.errors import StoreError
from backend.paths import PROJECT
from backend.store.compact import compact, compact_apart
from backend.store.compacted import GATHERED, compacted_file, index_of, n_waiting
from backend.store.map_queries import stored_maps
from backend.store.precomputed import write_precomputed
from backend.store.queries import (
    baseline_scores,
    choices,
    compression_changes,
    gains_over_baselines,
    layer_curves,
    runs,
)
from backend.store.reader import ResultStore
from backend.store.schema import PUBLISHED, RUN_TABLES
from backend.store.selection import Selection
from backend.store.shards import write_run
from backend.store.story_queries import region_summary
from backend.store.summaries import SUMMARIES
from tests.helpers import damage_pages, make_config, make_tables

CONFIGS = [
    make_config(model=model, compression=compression, subject=subject)
    for subject in ("one", "two")
    for model in ("first", "second")
    for compression in ("none", "bnb-int8")
]


@pytest.fixture
def shipped(tmp_path):
    """Precomputed results with two of the runs, as others computed them."""
    folder = tmp_path / "made"
    for config in CONFIGS[:2]:
        write_run(folder, config.run_id, make_tables(config, seed=99, device="shipped"))
    path = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(folder), pd.DataFrame(columns=PUBLISHED.names), path)
    return path


@pytest.fixture
def filled(store):
    for number, config in enumerate(CONFIGS[1:]):
        write_run(store, config.run_id, make_tables(config, seed=number))
    return store


@pytest.fixture
def file(store, tmp_path):
    return compacted_file(store, tmp_path / "cache")


def assert_same(store, shipped, file):
    """Hold every table, summary and question to the plain views, and the file to be used."""
    plain, fast = ResultStore(store, shipped), ResultStore(store, shipped, file)
    for name in (*RUN_TABLES, *SUMMARIES):
        sql = f"SELECT * FROM {name} ORDER BY ALL"
        pd.testing.assert_frame_equal(fast.query(sql), plain.query(sql), check_like=True)
    for ask in QUESTIONS:
        pd.testing.assert_frame_equal(ask(fast), ask(plain))
    for run_id in plain.query("SELECT run_id FROM runs ORDER BY run_id")["run_id"][::4]:
        pd.testing.assert_frame_equal(region_summary(fast, run_id), region_summary(plain, run_id))
        np.testing.assert_array_equal(
            stored_maps(fast, run_id, "r").values, stored_maps(plain, run_id, "r").values
        )
    assert [problem.path for problem in fast.problems] == [p.path for p in plain.problems]
    return fast


ONE = Selection(dataset="toy", subjects=("two",), rois=("left_ifg",), hemisphere="both")
QUESTIONS = [
    runs,
    choices,
    lambda store: runs(store, ONE.model_copy(update={"layers": (1, 2)})),
    lambda store: layer_curves(store, ONE),
    lambda store: layer_curves(store, Selection(), "r_normalized"),
    lambda store: baseline_scores(store, ONE),
    lambda store: gains_over_baselines(store, Selection()),
    lambda store: compression_changes(store, ONE, "contiguous"),
    lambda store: comparable_scores(store, ONE, "contiguous").frame,
]


def test_the_file_answers_as_the_shards_do(filled, shipped, file):
    assert compact(filled, file) == len(CONFIGS) - 1
    fast = assert_same(filled, shipped, file)
    origins = fast.query("SELECT run_id, origin FROM runs").set_index("run_id")["origin"]
    assert origins[CONFIGS[0].run_id] == "precomputed"
    assert origins[CONFIGS[1].run_id] == "user"


def add(store):
    write_run(store, CONFIGS[0].run_id, make_tables(CONFIGS[0], seed=50))


def replace(store):
    write_run(store, CONFIGS[3].run_id, make_tables(CONFIGS[3], seed=51))


def remove(store):
    for name in RUN_TABLES:
        (store / name / f"{CONFIGS[4].run_id}.parquet").unlink()


def take_one_shard(store):
    (store / "spaces" / f"{CONFIGS[5].run_id}.parquet").unlink()


def cut_a_footer(store):
    path = store / "roi_scores" / f"{CONFIGS[6].run_id}.parquet"
    path.write_bytes(path.read_bytes()[:80])


def add_a_further_column(store):
    path = store / "roi_scores" / f"{CONFIGS[2].run_id}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("further", [["x"] * len(table)]), path)


def lack_a_newer_column(store):
    path = store / "target_scores" / f"{CONFIGS[7].run_id}.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["q"]), path)


def widen_a_column(store):
    path = store / "baseline_scores" / f"{CONFIGS[7].run_id}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(4, "fold", table["fold"].cast(pa.int64())), path)


CHANGES = [
    add, replace, remove, take_one_shard, cut_a_footer, add_a_further_column, lack_a_newer_column,
    widen_a_column,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_read_from_its_shards_until_it_is_gathered(filled, shipped, file, change):
    compact(filled, file)
    change(filled)
    assert_same(filled, shipped, file)
    compact(filled, file)
    assert n_waiting(filled, file) == 0
    assert_same(filled, shipped, file)


def test_many_changes_at_once(filled, shipped, file):
    compact(filled, file)
    for change in CHANGES:
        change(filled)
    assert_same(filled, shipped, file)
    compact(filled, file)
    assert_same(filled, shipped, file)


@pytest.mark.parametrize("table", GATHERED)
def test_a_shard_that_is_damaged_behind_its_footer_is_not_gathered(filled, shipped, file, table):
    broken = filled / table / f"{CONFIGS[2].run_id}.parquet"
    damage_pages(broken)
    assert compact(filled, file) == len(CONFIGS) - 2
    assert n_waiting(filled, file) == 0
    fast = ResultStore(filled, shipped, file)
    known = set(fast.query(f"SELECT run_id FROM {table}")["run_id"])
    assert known == {config.run_id for config in CONFIGS} - {CONFIGS[2].run_id}
    assert [problem.path for problem in fast.problems] == [broken]


def test_damaged_maps_of_a_gathered_run_are_found_and_the_run_left_out(filled, shipped, file):
    compact(filled, file)
    store = ResultStore(filled, shipped, file)
    broken = filled / "target_scores" / f"{CONFIGS[2].run_id}.parquet"
    damage_pages(broken)
    maps = store.query("SELECT run_id, r FROM target_scores")
    assert [problem.path for problem in store.problems] == [broken]
    assert CONFIGS[2].run_id not in set(maps["run_id"])
    assert CONFIGS[2].run_id not in set(runs(store)["run_id"])
    assert CONFIGS[2].run_id not in set(choices(store).merge(runs(store))["run_id"])


def truncate(file):
    file.write_bytes(file.read_bytes()[:5000])


def empty(file):
    file.write_bytes(b"")


def overwrite(file):
    file.write_bytes(b"not a database" * 1000)


def be_of_another_version(file):
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE about SET version = 999")


def lack_a_table(file):
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP TABLE gathered")


@pytest.mark.parametrize("spoil", [truncate, empty, overwrite, be_of_another_version, lack_a_table])
def test_a_file_that_cannot_be_used_is_left_aside_and_made_again(filled, shipped, file, spoil):
    compact(filled, file)
    spoil(file)
    assert n_waiting(filled, file) == len(CONFIGS) - 1
    assert_same(filled, shipped, file)
    assert compact(filled, file) == len(CONFIGS) - 1
    assert_same(filled, shipped, file)


def test_damage_that_shows_in_a_query_is_survived(filled, shipped, file):
    compact(filled, file)
    content = bytearray(file.read_bytes())
    # The headers of the file and of its catalogue stay, so that it opens.
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{file}' AS x (READ_ONLY)")
        blocks = connection.sql(
            "SELECT DISTINCT block_id FROM pragma_storage_info('x.roi_scores') WHERE block_id >= 0"
        ).fetchall()
    for (block,) in blocks:
        start = 3 * 4096 + block * 262_144 + 8
        content[start : start + 200_000] = os.urandom(200_000)
    file.write_bytes(content)
    fast, plain = ResultStore(filled, shipped, file), ResultStore(filled, shipped)
    sql = "SELECT * FROM roi_scores ORDER BY ALL"
    pd.testing.assert_frame_equal(fast.query(sql), plain.query(sql), check_like=True)


def test_the_file_can_be_deleted_without_loss(filled, shipped, file):
    compact(filled, file)
    file.unlink()
    assert_same(filled, shipped, file)


def test_nothing_is_written_where_nothing_changed(filled, file):
    compact(filled, file)
    before = file.stat().st_mtime_ns
    assert compact(filled, file) == len(CONFIGS) - 1
    assert file.stat().st_mtime_ns == before


def test_several_processes_gather_at_once_while_others_read(filled, shipped, file):
    words = [sys.executable, "-m", "backend", "compact", "--store", filled, "--to", file]
    workers = [subprocess.Popen(list(map(str, words)), cwd=PROJECT) for _ in range(2)]
    while any(worker.poll() is None for worker in workers):
        assert len(runs(ResultStore(filled, shipped, file))) == len(CONFIGS)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert index_of(file).stamps.keys() == {config.run_id for config in CONFIGS[1:]}
    assert_same(filled, shipped, file)
    assert [path.name for path in file.parent.iterdir() if "part" in path.name] == []


def test_a_reader_keeps_what_it_opened_while_the_file_is_replaced(filled, shipped, file):
    compact(filled, file)
    store = ResultStore(filled, shipped, file)
    add(filled)
    compact(filled, file)
    assert len(runs(store)) == len(CONFIGS)


def test_what_a_killed_process_left_is_swept_up(filled, file):
    file.parent.mkdir(parents=True)
    left = file.with_name(f"{file.stem}.12345.part")
    left.write_bytes(b"half")
    compact(filled, file)
    assert not left.exists()


def test_a_cache_that_cannot_be_written_is_an_error_in_words_and_no_loss(filled, shipped, tmp_path):
    (tmp_path / "taken").write_text("a file")
    path = tmp_path / "taken" / "stores" / "x.duckdb"
    with pytest.raises(StoreError, match="could not be gathered .* CORTEXSCALE_CACHE"):
        compact(filled, path)
    compact_apart(filled, path)
    assert_same(filled, shipped, path)


def test_an_empty_store(store, file):
    assert compact(store, file) == 0
    assert runs(ResultStore(store, None, file)).empty


def test_the_command_says_what_it_gathered(filled, file, cli):
    outcome = cli("compact", "--store", filled, "--to", file)
    assert outcome.code == 0
    assert f"{len(CONFIGS) - 1} runs" in outcome.out
