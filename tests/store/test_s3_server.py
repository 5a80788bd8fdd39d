"""Results in a bucket: an S3 server on this machine, spoken to as one far away would be."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from streamlit.testing.v1 import AppTest

from backend.errors import StoreError
from backend.paths import PROJECT
from backend.store import buckets, shared
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.store.schema import RUN_TABLES
from backend.store.shards import write_run
from backend.store.shared import SharedStore
from tests.conftest import Cli
from tests.helpers import damage_pages, make_config, make_tables

_WHY = "not installed; run: pip install --no-deps -r requirements-s3-test.txt"
moto = pytest.importorskip("moto.server", reason=f"moto is {_WHY}")
s3fs = pytest.importorskip("s3fs", reason=f"s3fs is {_WHY}")

FIRST, SECOND = make_config(model="first"), make_config(model="second")
ADDRESS = "s3://lab/results"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def elsewhere(running: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials and the server of this test, and an empty bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", running)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(shared, "_LOOK_AGAIN", 0.0)
    # A file system that was opened before knows another server.
    s3fs.S3FileSystem.clear_instance_cache()
    urlopen(Request(f"{running}/moto-api/reset", method="POST"), timeout=20).close()
    s3fs.S3FileSystem().mkdir("lab")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for config in (FIRST, SECOND):
        write_run(tmp_path / "runs", config.run_id, make_tables(config))
    return tmp_path / "runs"


@pytest.fixture
def pushed(store: Path) -> str:
    list(SharedStore(ADDRESS).push(store))
    return ADDRESS


def test_runs_are_read_where_they_lie_as_from_a_folder(store, pushed, tmp_path):
    theirs = ResultStore(tmp_path / "none", shared=pushed)
    mine = ResultStore(store)
    for name in RUN_TABLES:
        asked = f"SELECT * FROM {name} ORDER BY ALL"
        assert len(theirs.query(asked)) > 0
        assert theirs.query(asked).equals(mine.query(asked))
    assert list(SharedStore(pushed).push(store)) == []


def test_a_bucket_holds_whole_objects_and_nothing_else(pushed):
    assert sorted(s3fs.S3FileSystem().find("lab")) == sorted(
        f"lab/results/{name}/{config.run_id}.parquet"
        for name in RUN_TABLES
        for config in (FIRST, SECOND)
    )


def test_a_run_that_comes_or_goes_is_noticed(store, pushed, tmp_path):
    s3fs.S3FileSystem().rm(f"lab/results/runs/{FIRST.run_id}.parquet")
    assert list(runs(ResultStore(tmp_path / "none", shared=pushed))["model"]) == ["second"]
    assert list(SharedStore(pushed).push(store)) == [FIRST.run_id]
    assert len(runs(ResultStore(tmp_path / "none", shared=pushed))) == 2


def test_a_damaged_object_is_left_out_and_named(store, tmp_path):
    damage_pages(store / "roi_scores" / f"{FIRST.run_id}.parquet")
    (store / "runs" / f"{SECOND.run_id}.parquet").write_bytes(b"no parquet")
    list(SharedStore(ADDRESS).push(store))
    theirs = ResultStore(tmp_path / "none", shared=ADDRESS)
    assert len(theirs.query("SELECT * FROM roi_scores WHERE r IS NOT NULL")) == 0
    assert {problem.place for problem in theirs.problems} == {
        f"{FIRST.run_id}.parquet in roi_scores/",
        f"{SECOND.run_id}.parquet in runs/",
    }


def test_commands_read_a_bucket(cli: Cli, store, tmp_path, monkeypatch):
    assert f"2 run(s) copied to {ADDRESS}" in cli("push", ADDRESS, "--store", store).out
    listed = cli("results", "--store", ADDRESS)
    assert listed.code == 0
    assert FIRST.run_id in listed.out
    one = cli("results", "--run", FIRST.run_id, "--store", ADDRESS)
    assert one.out == cli("results", "--run", FIRST.run_id, "--store", store).out
    table = tmp_path / "layers.csv"
    assert cli("export", "--table", "layers", "--out", table, "--store", ADDRESS).code == 0
    assert len(table.read_text("utf-8").splitlines()) > 2
    link, out = "/layers?data=toy&roi=left_ifg", tmp_path / "figures"
    figure = cli("figure", link, "--out", out, "--format", "csv,html", "--store", ADDRESS)
    assert figure.code == 0, figure.err
    assert list(out.rglob("*.csv"))
    claims = cli("claims", "--dataset", "toy", "--store", ADDRESS)
    assert claims.code == 0
    assert "holds no data for" in claims.out
    monkeypatch.setenv("CORTEXSCALE_SHARED", ADDRESS)
    assert SECOND.run_id in cli("results", "--store", tmp_path / "empty").out


def test_pages_show_what_a_bucket_holds(pushed, tmp_path, monkeypatch):
    monkeypatch.setenv("CORTEXSCALE_SHARED", pushed)
    monkeypatch.setenv("CORTEXSCALE_STORE", str(tmp_path / "empty"))
    monkeypatch.setattr("pages.shared.store.PRECOMPUTED", tmp_path / "missing.duckdb")
    monkeypatch.setattr("pages.shared.poster._render_later", lambda name, figure: None)
    monkeypatch.chdir(PROJECT)
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert not app.error
    app.switch_page("pages/layers.py").run()
    assert not app.exception
    assert any("first" in option for box in app.multiselect for option in box.options)
    monkeypatch.setenv("CORTEXSCALE_SHARED", "s3://nowhere/results")
    app.run()
    assert not app.exception
    assert "there is no such bucket" in app.error[0].value


@pytest.mark.parametrize("command", ["results", "push"])
def test_a_missing_bucket_is_named_and_not_made(cli: Cli, store, command):
    asked = ("--store", "s3://nowhere/x") if command == "results" else ("s3://nowhere/x",)
    own = () if command == "results" else ("--store", store)
    refused = cli(command, *asked, *own)
    assert refused.code == 2
    assert "s3://nowhere/x: there is no such bucket" in refused.err
    assert s3fs.S3FileSystem().ls("") == ["lab"]


def test_an_empty_bucket_is_no_error(tmp_path):
    assert len(runs(ResultStore(tmp_path / "none", shared="s3://lab/new"))) == 0


@pytest.mark.parametrize("command", ["results --store", "claims --store", "push"])
def test_wrong_credentials_are_refused_without_showing_them(cli: Cli, monkeypatch, command):
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0.0)
    refused = cli(*command.split(), ADDRESS)
    assert refused.code == 2
    assert "Access Key Id you provided does not exist" in refused.err
    assert "credentials may read there" in refused.err
    assert SECRET not in refused.out + refused.err


def test_no_credentials_are_told(cli: Cli, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    refused = cli("results", "--store", ADDRESS)
    assert refused.code == 2
    assert "Unable to locate credentials" in refused.err


@pytest.mark.parametrize(
    "command", ["results --store", "push", "encode --dataset demo-sentences --out"]
)
def test_a_password_in_an_address_is_refused_and_not_shown(cli: Cli, command):
    refused = cli(*command.split(), f"s3://AKIAIOSFODNN7EXAMPLE:{SECRET}@lab/results")
    assert refused.code == 2
    assert "s3://AKIAIOSFODNN7EXAMPLE:***@lab/results" in refused.err
    assert SECRET not in refused.err


def test_nobody_at_the_address(cli: Cli, monkeypatch, store):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free}")
    for command in (("results", "--store", ADDRESS), ("push", ADDRESS, "--store", store)):
        refused = cli(*command)
        assert refused.code == 2
        assert f"{ADDRESS} does not answer: Could not connect" in refused.err


def test_a_server_that_says_nothing_is_given_up(cli: Cli, monkeypatch):
    monkeypatch.setitem(buckets._PATIENCE, "read_timeout", 0.3)
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")

        def listen() -> None:
            try:
                while True:
                    heard.append(silent.accept()[0])
            except OSError:
                return

        threading.Thread(target=listen, daemon=True).start()
        refused = cli("results", "--store", ADDRESS)
        silent.shutdown(socket.SHUT_RDWR)
    for connection in heard:
        connection.close()
    assert refused.code == 2
    assert f"{ADDRESS} does not answer: Read timeout" in refused.err
    assert len(heard) == buckets._PATIENCE["retries"]["total_max_attempts"]


def test_a_server_that_goes_away_is_no_damage_to_its_objects(store, tmp_path, monkeypatch):
    own = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    own.start()
    host, port = own.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setitem(buckets._PATIENCE, "retries", {"total_max_attempts": 1})
    list(SharedStore(ADDRESS).push(store))
    theirs = ResultStore(tmp_path / "none", shared=ADDRESS)
    own.stop()
    with pytest.raises(StoreError, match="does not answer"):
        theirs.query("SELECT * FROM roi_scores")
    assert theirs.problems == ()
