"""Uploads on the Run page, through a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server, Tab
from tests.helpers import sentence_frame

pytestmark = pytest.mark.browser


def upload(tab: Tab, path: Path) -> None:
    tab.keyed("run_data").get_by_text("Upload a table").click()
    tab.keyed("run_upload").locator("input[type=file]").set_input_files(path)


def test_a_table_with_bad_numbers_is_answered_in_words(
    open_tab: OpenTab, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    sentence_frame().assign(left_ifg="much").to_csv(path, index=False)
    tab = open_tab(server, "/run")
    upload(tab, path)
    tab.keyed("run_responses").get_by_role("combobox").click()
    tab.page.get_by_role("option", name="left_ifg").click()
    error = tab.page.get_by_test_id("stAlert").filter(has_text="left_ifg")
    expect(error).to_contain_text("holds 'much' in rows 2, 3, 4, 5, 6 and 35 more")
    expect(tab.keyed("run_start")).to_have_count(0)
    assert tab.is_well()


def test_a_file_that_is_no_text_is_answered_in_words(
    open_tab: OpenTab, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    tab = open_tab(server, "/run")
    upload(tab, path)
    expect(tab.page.get_by_test_id("stAlert").first).to_contain_text("is not UTF-8 text")
    assert tab.is_well()


def test_fifty_megabytes_are_told_the_limit(
    open_tab: OpenTab, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    tab = open_tab(server, "/run")
    upload(tab, path)
    error = tab.page.get_by_test_id("stAlert").first
    expect(error).to_contain_text("big.csv has 50.0 MB", timeout=60_000)
    expect(error).to_contain_text("up to 20 MB")
    assert tab.is_well()
    assert not [p for p in server.store.rglob("*") if p.is_file() and p.stat().st_size > 20_000_000]
