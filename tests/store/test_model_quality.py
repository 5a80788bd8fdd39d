import os
from datetime import UTC, datetime

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backend.errors import StoreError
from backend.store.precomputed import write_precomputed
from backend.store.queries import model_quality, runs
from backend.store.reader import Problem, ResultStore
from backend.store.schema import MODEL_QUALITY, PUBLISHED
from backend.store.shard_files import store_version
from backend.store.shards import write_quality, write_run
from tests.helpers import damage_pages, leftovers, make_config, make_tables
from tests.store.qualities import make_quality

NO_FIGURES = pd.DataFrame(columns=PUBLISHED.names)
SECOND = {"quality_id": "second", "compression": "bnb-nf4", "perplexity": 50.0}


@pytest.fixture
def filled(store):
    write_quality(store, "first", make_quality(quality_id="first"))
    write_quality(store, "second", make_quality(**SECOND))
    return store


@pytest.fixture
def shipped(filled, tmp_path):
    path = tmp_path / "results.duckdb"
    write_precomputed(ResultStore(filled), NO_FIGURES, path)
    return path


def test_the_row_that_was_written_is_read_back(store):
    row = make_quality()
    write_quality(store, row["quality_id"], row)
    (read,) = ResultStore(store).query("SELECT * FROM model_quality").to_dict("records")
    assert read.pop("origin") == "user"
    assert set(read) == set(MODEL_QUALITY.names)
    for name, value in row.items():
        if value is None:
            assert read[name] is None or np.isnan(read[name])
        else:
            assert read[name] == value


def test_a_shard_has_the_columns_of_the_schema(filled):
    path = filled / "model_quality" / "first.parquet"
    assert pq.read_schema(path).equals(MODEL_QUALITY)
    assert leftovers(filled) == []


def test_an_encoder_has_sizes_and_no_perplexity(store):
    empty = {"perplexity": None, "bits_per_byte": None, "n_tokens": None, "n_bytes": None}
    write_quality(store, "encoder", make_quality(quality_id="encoder", **empty))
    table = model_quality(ResultStore(store))
    assert table[list(empty)].isna().all(axis=None)
    assert table["bits_per_weight"].tolist() == [32.0]


def test_a_measurement_made_again_replaces_itself(filled):
    before = store_version(filled)
    write_quality(filled, "second", make_quality(**{**SECOND, "perplexity": 60.0}))
    table = ResultStore(filled).query("SELECT * FROM model_quality ORDER BY quality_id")
    assert table["perplexity"].tolist() == [41.5, 60.0]
    assert store_version(filled) != before


def test_a_store_of_qualities_alone_has_no_runs(filled):
    reader = ResultStore(filled)
    assert runs(reader).empty
    assert len(model_quality(reader)) == 2


def test_runs_and_qualities_stand_beside_each_other(filled):
    config = make_config()
    write_run(filled, config.run_id, make_tables(config))
    reader = ResultStore(filled)
    assert (len(runs(reader)), len(model_quality(reader))) == (1, 2)


def test_of_one_model_compression_calibration_and_text_the_latest_counts(filled):
    later = datetime(2026, 2, 1, tzinfo=UTC)
    again = make_quality(quality_id="third", perplexity=40.0, created_at=later)
    write_quality(filled, "third", again)
    other = make_quality(quality_id="fourth", corpus="mine", corpus_sha256="1" * 64)
    write_quality(filled, "fourth", other)
    table = model_quality(ResultStore(filled))
    assert table["quality_id"].tolist() == ["second", "third", "fourth"]


def test_the_precomputed_file_holds_them(shipped, tmp_path):
    table = model_quality(ResultStore(tmp_path / "nowhere", shipped))
    assert table["quality_id"].tolist() == ["second", "first"]
    assert set(table["origin"]) == {"precomputed"}


def test_the_users_measurement_wins_over_the_same_precomputed_one(shipped, tmp_path):
    mine = tmp_path / "mine"
    write_quality(mine, "second", make_quality(**{**SECOND, "device": "mine"}))
    table = model_quality(ResultStore(mine, shipped)).set_index("quality_id")
    assert table.loc["second", ["origin", "device"]].tolist() == ["user", "mine"]
    assert table.loc["first", "origin"] == "precomputed"
    assert len(table) == 2


def test_a_precomputed_file_from_before_the_table_is_read(shipped, tmp_path):
    with duckdb.connect(str(shipped)) as connection:
        connection.execute("DROP TABLE model_quality")
    reader = ResultStore(tmp_path / "nowhere", shipped)
    assert model_quality(reader).empty
    assert list(reader.query("SELECT * FROM model_quality").columns) == [
        *MODEL_QUALITY.names, "origin",
    ]  # fmt: skip
    mine = tmp_path / "mine"
    write_quality(mine, "first", make_quality(quality_id="first"))
    assert model_quality(ResultStore(mine, shipped))["quality_id"].tolist() == ["first"]


def test_a_shard_that_is_no_parquet_file_is_left_out_and_named(filled):
    path = filled / "model_quality" / "first.parquet"
    path.write_bytes(path.read_bytes()[:100])
    reader = ResultStore(filled)
    assert [problem.path for problem in reader.problems] == [path]
    assert model_quality(reader)["quality_id"].tolist() == ["second"]


def test_a_shard_that_is_damaged_behind_a_good_footer_is_found_and_left_out(filled):
    path = filled / "model_quality" / "first.parquet"
    damage_pages(path)
    reader = ResultStore(filled)
    assert reader.problems == ()
    assert model_quality(reader)["quality_id"].tolist() == ["second"]
    assert [problem.path for problem in reader.problems] == [path]


def test_a_damaged_measurement_gives_way_to_the_precomputed_one(filled, shipped):
    damage_pages(filled / "model_quality" / "first.parquet")
    table = model_quality(ResultStore(filled, shipped)).set_index("quality_id")
    assert table["origin"].to_dict() == {"first": "precomputed", "second": "user"}


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("corpus", None, "the column corpus is missing"),
        ("perplexity", pa.array(["low"]), "the column perplexity holds text, not numbers"),
    ],
)
def test_a_shard_of_other_columns_is_left_out_with_the_reason(filled, column, values, reason):
    path = filled / "model_quality" / "first.parquet"
    table = pq.read_table(path).drop_columns([column])
    pq.write_table(table if values is None else table.append_column(column, values), path)
    reader = ResultStore(filled)
    assert reader.problems == (Problem(path, reason),)
    assert model_quality(reader)["quality_id"].tolist() == ["second"]


def test_a_shard_of_an_older_version_without_a_column_is_read(filled):
    path = filled / "model_quality" / "first.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["bits_per_byte"]), path)
    table = model_quality(ResultStore(filled)).set_index("quality_id")
    assert np.isnan(table.loc["first", "bits_per_byte"])
    assert table.loc["second", "bits_per_byte"] == 1.25


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_written_leaves_nothing(store, monkeypatch, error):
    def failing(*arguments, **options):
        raise error

    monkeypatch.setattr(pq, "write_table", failing)
    with pytest.raises((StoreError, KeyboardInterrupt)):
        write_quality(store, "first", make_quality())
    monkeypatch.undo()
    assert model_quality(ResultStore(store)).empty
    assert leftovers(store) == []


def test_a_failed_rename_keeps_the_measurement_before(filled, monkeypatch):
    def failing(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(StoreError, match="Permission denied"):
        write_quality(filled, "first", make_quality(quality_id="first", perplexity=1.0))
    monkeypatch.undo()
    table = model_quality(ResultStore(filled)).set_index("quality_id")
    assert table.loc["first", "perplexity"] == 41.5
    assert leftovers(filled) == []
