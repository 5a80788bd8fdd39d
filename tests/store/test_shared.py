"""Results that others share: read where they lie, and copied there whole."""

import sys
import uuid

import fsspec
import pytest

from backend.errors import StoreError
from backend.store import shared
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.store.schema import RUN_TABLES
from backend.store.shards import write_run
from backend.store.shared import SharedStore
from tests.helpers import damage_pages, make_config, make_tables

FIRST, SECOND = make_config(model="first"), make_config(model="second")


@pytest.fixture(autouse=True)
def listed_anew(monkeypatch):
    monkeypatch.setattr(shared, "_LOOK_AGAIN", 0.0)


@pytest.fixture
def address():
    """Files that lie on no disk, as those of a bucket do."""
    url = f"memory://{uuid.uuid4().hex}/lab"
    yield url
    files = fsspec.filesystem("memory")
    for path in files.find(url.removeprefix("memory:/")):
        files.rm(path)


@pytest.fixture
def store(tmp_path):
    for config in (FIRST, SECOND):
        write_run(tmp_path / "runs", config.run_id, make_tables(config, device="mine"))
    return tmp_path / "runs"


def test_runs_are_copied_and_read_where_they_lie(store, address, tmp_path):
    there = SharedStore(address)
    assert sorted(there.push(store)) == sorted([FIRST.run_id, SECOND.run_id])
    theirs = ResultStore(tmp_path / "none", shared=address)
    assert set(runs(theirs)["run_id"]) == {FIRST.run_id, SECOND.run_id}
    mine = ResultStore(store)
    for name in RUN_TABLES:
        asked = f"SELECT * FROM {name} ORDER BY ALL"
        assert theirs.query(asked).equals(mine.query(asked))
    # What is there is not copied again.
    assert list(there.push(store)) == []


def test_a_run_that_was_not_copied_to_its_end_is_not_seen(store, address, tmp_path):
    there = SharedStore(address)
    list(there.push(store))
    before = there.version()
    there.files.rm(f"{there._root}/runs/{FIRST.run_id}.parquet")
    assert there.version() != before
    assert list(runs(ResultStore(tmp_path / "none", shared=address))["run_id"]) == [SECOND.run_id]
    assert list(there.push(store)) == [FIRST.run_id]


def test_own_runs_stand_before_those_of_others(store, address, tmp_path):
    other = tmp_path / "other"
    write_run(other, FIRST.run_id, make_tables(FIRST, device="theirs"))
    list(SharedStore(address).push(other))
    (store / "runs" / f"{SECOND.run_id}.parquet").unlink()
    found = runs(ResultStore(store, shared=address))
    assert list(found["device"]) == ["mine"]


def test_a_damaged_file_of_others_is_left_out_and_named(store, address, tmp_path):
    damage_pages(store / "roi_scores" / f"{FIRST.run_id}.parquet")
    list(SharedStore(address).push(store))
    theirs = ResultStore(tmp_path / "none", shared=address)
    assert len(theirs.query("SELECT * FROM roi_scores WHERE r IS NOT NULL")) > 0
    assert theirs.problems[0].place == f"{FIRST.run_id}.parquet in roi_scores/"


def test_a_mounted_folder_is_a_store_as_it_is(store, tmp_path):
    mounted = tmp_path / "mounted"
    assert len(list(SharedStore(str(mounted)).push(store))) == 2
    assert len(runs(ResultStore(mounted))) == 2
    assert len(runs(ResultStore(tmp_path / "none", shared=str(mounted)))) == 2


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://bucket/prefix", "pip install -r requirements-s3.txt"),
        ("moon://crater", "is no address of shared results"),
    ],
)
def test_an_address_that_cannot_be_read_says_what_to_do(address, said, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    # Where another test has used it, fsspec has it at hand.
    known = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(known, "s3", raising=False)
    with pytest.raises(StoreError, match=said):
        ResultStore(tmp_path, shared=address)


def test_storage_that_does_not_answer_is_told(address, store, tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise OSError("no route to host")

    there = SharedStore(address)
    with monkeypatch.context() as patched:
        patched.setattr(there.files, "put_file", broken)
        with pytest.raises(StoreError, match="cannot be written: no route to host"):
            list(there.push(store))
        patched.setattr(there.files, "find", broken)
        with pytest.raises(StoreError, match="does not answer: no route to host"):
            ResultStore(tmp_path, shared=address)


def test_commands_read_an_address_and_write_to_none(cli, store, address, monkeypatch):
    outcome = cli("push", address, "--store", store)
    assert "2 run(s) copied" in outcome.out
    assert FIRST.run_id in cli("results", "--store", address).out
    monkeypatch.setenv("CORTEXSCALE_SHARED", address)
    assert SECOND.run_id in cli("results", "--store", store / "nothing").out
    refused = cli("encode", "--dataset", "demo-sentences", "--out", "s3://bucket/prefix")
    assert refused.code == 2
    assert "push s3://bucket/prefix" in refused.err
