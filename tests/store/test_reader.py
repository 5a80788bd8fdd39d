import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.errors import StoreError
from backend.paths import PROJECT, default_store
from backend.store.precomputed import write_precomputed
from backend.store.queries import published, runs
from backend.store.reader import Problem, ResultStore
from backend.store.schema import PUBLISHED, REQUIRED, RUN_TABLES
from backend.store.shard_files import store_version
from backend.store.shards import write_run
from tests.helpers import damage_pages, make_config, make_tables

FIRST, SECOND = make_config(model="first"), make_config(model="second")
FIGURES = pd.DataFrame(
    [{"citation": "hadidi2025", "reviewed": True, "metric": "pearson_r", "value": 0.4, "n": 10},
     {"citation": "oota2026", "reviewed": False, "metric": "perplexity", "value": 7.5}]
).reindex(columns=PUBLISHED.names)  # fmt: skip


@pytest.fixture
def shipped(tmp_path):
    """A file of precomputed results with both runs."""
    folder = tmp_path / "made"
    for config in (FIRST, SECOND):
        write_run(folder, config.run_id, make_tables(config, device="shipped"))
    path = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(folder), FIGURES, path)
    return path


def test_an_absent_folder_is_an_empty_store(tmp_path):
    store = ResultStore(tmp_path / "nowhere")
    for name in RUN_TABLES:
        assert store.query(f"SELECT * FROM {name}").empty
    assert runs(store).empty
    assert published(store).empty
    assert store.problems == ()
    assert not (tmp_path / "nowhere").exists()


def test_empty_tables_have_their_columns(tmp_path):
    store = ResultStore(tmp_path / "nowhere")
    for name, schema in RUN_TABLES.items():
        columns = store.query(f"SELECT * FROM {name}").columns
        assert list(columns) == [*schema.names, "origin"]


def test_an_absent_precomputed_file_is_no_error(store, tmp_path):
    assert runs(ResultStore(store, tmp_path / "nowhere.duckdb")).empty


def test_precomputed_runs_are_marked_as_such(store, shipped):
    table = ResultStore(store, shipped).query("SELECT run_id, origin FROM runs")
    assert set(table["run_id"]) == {FIRST.run_id, SECOND.run_id}
    assert set(table["origin"]) == {"precomputed"}


def test_precomputed_rows_are_those_that_were_gathered(shipped, store, tmp_path):
    made, attached = ResultStore(tmp_path / "made"), ResultStore(store, shipped)
    for name, schema in RUN_TABLES.items():
        sql = f"SELECT {', '.join(schema.names)} FROM {name} ORDER BY ALL"
        pd.testing.assert_frame_equal(made.query(sql), attached.query(sql))


def test_the_users_run_wins_over_the_same_precomputed_one(store, shipped):
    write_run(store, FIRST.run_id, make_tables(FIRST, device="mine"))
    reader = ResultStore(store, shipped)
    rows = reader.query("SELECT run_id, origin, device FROM runs").set_index("run_id")
    assert rows.loc[FIRST.run_id].tolist() == ["user", "mine"]
    assert rows.loc[SECOND.run_id].tolist() == ["precomputed", "shipped"]
    for name in RUN_TABLES:
        origins = reader.query(f"SELECT DISTINCT run_id, origin FROM {name}")
        assert len(origins) == 2


def test_published_figures_come_with_the_precomputed_file(store, shipped):
    reader = ResultStore(store, shipped)
    assert len(published(reader)) == 2
    assert published(reader, "perplexity")["citation"].tolist() == ["oota2026"]


def test_precomputed_file_is_replaced_whole(store, shipped, tmp_path):
    write_precomputed(ResultStore(store), FIGURES, shipped)
    assert runs(ResultStore(store, shipped)).empty
    assert not list(tmp_path.glob("*.part"))


def test_a_precomputed_file_that_is_no_database_is_refused(store, tmp_path):
    path = tmp_path / "results.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="results.duckdb cannot be opened .* backend precompute"):
        ResultStore(store, path)


@pytest.mark.parametrize("table", list(RUN_TABLES))
def test_a_run_with_a_corrupt_shard_is_left_out_and_reported(store, table):
    for config in (FIRST, SECOND):
        write_run(store, config.run_id, make_tables(config))
    broken = store / table / f"{FIRST.run_id}.parquet"
    broken.write_bytes(broken.read_bytes()[:100])
    reader = ResultStore(store)
    assert [problem.path for problem in reader.problems] == [broken]
    assert reader.problems[0].reason
    for name in RUN_TABLES:
        assert set(reader.query(f"SELECT run_id FROM {name}")["run_id"]) == {SECOND.run_id}


@pytest.mark.parametrize("table", list(RUN_TABLES))
def test_a_run_that_lacks_a_shard_is_left_out(store, table):
    write_run(store, FIRST.run_id, make_tables(FIRST))
    (store / table / f"{FIRST.run_id}.parquet").unlink()
    reader = ResultStore(store)
    for name in RUN_TABLES:
        assert reader.query(f"SELECT * FROM {name}").empty


def test_a_broken_users_run_gives_way_to_the_precomputed_one(store, shipped):
    write_run(store, FIRST.run_id, make_tables(FIRST))
    (store / "runs" / f"{FIRST.run_id}.parquet").write_bytes(b"")
    rows = ResultStore(store, shipped).query("SELECT run_id, origin FROM runs")
    assert dict(rows.to_numpy())[FIRST.run_id] == "precomputed"


def test_quotes_in_folders_and_names(tmp_path):
    config = make_config(dataset="O'Brien; DROP TABLE runs", model='it\'s "quoted"')
    folder = tmp_path / "it's my store"
    write_run(folder, config.run_id, make_tables(config))
    precomputed = tmp_path / "who's.duckdb"
    write_precomputed(ResultStore(folder), FIGURES, precomputed)
    for reader in (ResultStore(folder), ResultStore(tmp_path / "none", precomputed)):
        assert runs(reader)["dataset"].tolist() == ["O'Brien; DROP TABLE runs"]


def test_a_shard_of_an_older_version_lacks_the_newer_columns(store):
    write_run(store, FIRST.run_id, make_tables(FIRST))
    path = store / "runs" / f"{FIRST.run_id}.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["warnings"]), path)
    assert ResultStore(store).query("SELECT run_id, warnings FROM runs")["warnings"].isna().all()


def test_store_version_changes_when_a_run_comes_changes_or_goes(store):
    versions = [store_version(store)]
    write_run(store, FIRST.run_id, make_tables(FIRST))
    versions.append(store_version(store))
    path = store / "runs" / f"{FIRST.run_id}.parquet"
    os.utime(path, ns=(1, 1))
    versions.append(store_version(store))
    write_run(store, SECOND.run_id, make_tables(SECOND))
    versions.append(store_version(store))
    path.unlink()
    versions.append(store_version(store))
    assert len(set(versions)) == len(versions)
    assert store_version(store) == versions[-1]


def test_the_store_is_the_folder_that_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("CORTEXSCALE_STORE", str(tmp_path))
    assert default_store() == tmp_path
    monkeypatch.delenv("CORTEXSCALE_STORE")
    assert default_store() == PROJECT / "runs"


def spoil(path, column, values=None):
    """Rewrite a shard without a column, or with other values in it."""
    table = pq.read_table(path)
    place = table.schema.get_field_index(column)
    table = table.drop_columns([column])
    if values is not None:
        table = table.add_column(place, column, values)
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in RUN_TABLES for column in REQUIRED[table]]
)
def test_a_shard_without_a_needed_column_is_left_out_and_the_column_named(store, table, column):
    write_two(store)
    path = store / table / f"{FIRST.run_id}.parquet"
    spoil(path, column)
    reader = ResultStore(store)
    assert reader.problems == (Problem(path, f"the column {column} is missing"),)
    assert runs(reader)["run_id"].tolist() == [SECOND.run_id]


@pytest.mark.parametrize(
    ("table", "column", "values", "reason"),
    [
        ("roi_scores", "r", ["high"], "the column r holds text, not numbers"),
        ("roi_scores", "layer", [0.5], "the column layer holds numbers, not whole numbers"),
        ("runs", "model", [7], "the column model holds whole numbers, not text"),
        ("runs", "n_parameters", ["x"], "the column n_parameters holds text, not whole numbers"),
        ("target_scores", "r", [1.0], "the column r holds numbers, not lists of numbers"),
    ],
)
def test_a_shard_with_a_column_of_another_kind_is_left_out(store, table, column, values, reason):
    write_two(store)
    path = store / table / f"{FIRST.run_id}.parquet"
    spoil(path, column, pa.array(values * pq.read_metadata(path).num_rows))
    reader = ResultStore(store)
    assert reader.problems == (Problem(path, reason),)
    assert runs(reader)["run_id"].tolist() == [SECOND.run_id]


def test_columns_of_another_width_and_further_columns_are_read(store):
    write_two(store)
    path = store / "roi_scores" / f"{FIRST.run_id}.parquet"
    table = pq.read_table(path)
    wide = table.set_column(1, "layer", table["layer"].cast(pa.int64()))
    pq.write_table(wide.append_column("further", [["x"] * len(table)]), path)
    reader = ResultStore(store)
    assert reader.problems == ()
    assert set(runs(reader)["run_id"]) == {FIRST.run_id, SECOND.run_id}


@pytest.mark.parametrize("table", ["roi_scores", "baseline_scores", "runs"])
def test_a_shard_that_is_damaged_behind_a_good_footer_is_found_and_left_out(store, table):
    write_two(store)
    path = store / table / f"{FIRST.run_id}.parquet"
    damage_pages(path)
    reader = ResultStore(store)
    assert reader.problems == ()
    assert reader.query(f"SELECT * FROM {table}")["run_id"].unique().tolist() == [SECOND.run_id]
    (problem,) = reader.problems
    assert problem.path == path
    assert problem.reason
    for name in RUN_TABLES:
        assert set(reader.query(f"SELECT run_id FROM {name}")["run_id"]) == {SECOND.run_id}


def test_a_damaged_users_run_gives_way_to_the_precomputed_one(store, shipped):
    write_run(store, FIRST.run_id, make_tables(FIRST))
    damage_pages(store / "roi_scores" / f"{FIRST.run_id}.parquet")
    table = runs(ResultStore(store, shipped)).set_index("run_id")
    assert table.loc[FIRST.run_id, "origin"] == "precomputed"


def test_a_question_that_no_shard_is_to_blame_for_is_an_error_in_words(store):
    write_two(store)
    reader = ResultStore(store)
    with pytest.raises(StoreError, match="could not be read: .*nothing"):
        reader.query("SELECT nothing FROM runs")
    assert reader.problems == ()


def test_an_answer_belongs_to_who_asked(store):
    write_two(store)
    reader = ResultStore(store)
    first = reader.query("SELECT run_id, layer FROM roi_scores ORDER BY ALL")
    first["layer"] = -1
    again = reader.query("SELECT run_id, layer FROM roi_scores ORDER BY ALL")
    assert again["layer"].min() == 0


def write_two(store):
    for config in (FIRST, SECOND):
        write_run(store, config.run_id, make_tables(config))
