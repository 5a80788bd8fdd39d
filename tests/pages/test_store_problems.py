"""What is wrong with the store is said; the app stands."""

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from backend.errors import StoreError
from backend.paths import PRECOMPUTED
from backend.store.reader import ResultStore
from tests.helpers import damage_pages
from tests.pages.conftest import LAYERS, RUN, Open, add_run, is_well, words

PAGES = [None, LAYERS, RUN]


@pytest.mark.parametrize("page", PAGES)
def test_a_precomputed_file_that_is_no_database_is_an_error_message(
    open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str | None
) -> None:
    broken = tmp_path / "results.duckdb"
    broken.write_bytes(b"no database at all " * 1000)
    monkeypatch.setattr("pages.shared.store.PRECOMPUTED", broken)
    app = open_app(page)
    assert not app.exception
    (error,) = app.error
    assert "results.duckdb cannot be opened" in error.value
    assert "git" in error.value


@pytest.mark.parametrize("page", PAGES)
def test_a_store_that_is_a_file_is_as_good_as_an_empty_one(
    open_app: Open, store: Path, page: str | None
) -> None:
    store.write_text("")
    assert is_well(open_app(page))


def test_a_run_cannot_be_started_in_a_store_that_is_a_file(open_app: Open, store: Path) -> None:
    store.write_text("")
    app = open_app(RUN)
    app.button(key="run_start").click().run()
    assert not app.exception
    (error,) = app.error
    assert "Set CORTEXSCALE_STORE to a folder that you can write to" in error.value


def test_an_upload_cannot_be_kept_in_a_store_that_is_a_file(open_app: Open, store: Path) -> None:
    store.write_text("")
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("upload").run()
    app.file_uploader[0].set_value(("a.csv", b"sentence,r\nx,1\n", "text/csv")).run()
    assert not app.exception
    assert "Set CORTEXSCALE_STORE" in app.error[0].value


@pytest.mark.usefixtures("nothing_shipped")
@pytest.mark.parametrize("page", PAGES)
def test_a_store_whose_only_shard_is_broken_is_empty_but_says_so(
    open_app: Open, store: Path, page: str | None
) -> None:
    config = add_run(store)
    (store / "runs" / f"{config.run_id}.parquet").write_bytes(b"")
    app = open_app(page)
    assert is_well(app)
    assert "No results yet: start a run." in words(app)
    if page is None:
        assert f"{config.run_id}.parquet in runs/" in app.main.warning[0].value


def test_a_run_is_seen_when_it_comes_and_missed_when_it_goes(open_app: Open, store: Path) -> None:
    app = open_app(LAYERS)
    config = add_run(store)
    app.run()
    assert "toy (1)" in app.selectbox(key="data").options
    (store / "runs" / f"{config.run_id}.parquet").unlink()
    app.run()
    assert is_well(app)
    assert "toy (1)" not in app.selectbox(key="data").options


def test_the_shipped_results_are_only_ever_read(open_app: Open) -> None:
    before = PRECOMPUTED.read_bytes()
    for page in PAGES:
        assert is_well(open_app(page))
    assert PRECOMPUTED.read_bytes() == before
    with duckdb.connect(str(PRECOMPUTED), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (9,)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("table", ["roi_scores", "baseline_scores"])
def test_a_shard_damaged_behind_a_good_footer_is_left_out_and_the_rest_is_shown(
    open_app: Open, store: Path, page: str | None, table: str
) -> None:
    whole, broken = add_run(store), add_run(store, model="other")
    shard = store / table / f"{broken.run_id}.parquet"
    damage_pages(shard)
    app = open_app(page, data="toy")
    assert is_well(app)
    if page is None:
        (warning,) = app.main.warning
        assert f"{shard.name} in {table}/" in warning.value
    if page != RUN:
        assert app.sidebar.multiselect(key="models").options == [f"{whole.model} (1)"]


@pytest.mark.parametrize("page", PAGES)
def test_a_shard_with_the_wrong_columns_is_left_out_and_the_rest_is_shown(
    open_app: Open, store: Path, page: str | None
) -> None:
    whole, broken = add_run(store), add_run(store, model="other")
    shard = store / "roi_scores" / f"{broken.run_id}.parquet"
    pq.write_table(pq.read_table(shard).drop_columns(["r"]), shard)
    app = open_app(page, data="toy")
    assert is_well(app)
    assert app.sidebar.multiselect(key="models").options == [f"{whole.model} (1)"]
    if page is None:
        assert "the column r is missing" in app.main.warning[0].value


def test_a_question_that_the_store_cannot_answer_is_an_error_message(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the results could not be read: a reason.")

    monkeypatch.setattr(ResultStore, "query", fail)
    app = open_app()
    assert not app.exception
    assert "the results could not be read: a reason." in [error.value for error in app.error]
