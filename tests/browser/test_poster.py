"""The first figure's still picture, until Plotly is there."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenTab, serve
from tests.browser.harness import Server

pytestmark = pytest.mark.browser
POSTER = ".st-key-poster-overview-layers"


def wait_for_picture(server: Server) -> None:
    for _ in range(900):
        if any((server.cache / "posters").glob("*.svg")):
            return
        time.sleep(0.1)
    raise AssertionError("no picture was rendered")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that has rendered nothing yet."""
    with serve(tmp_path / "store", cache=tmp_path / "cache") as running:
        yield running


def test_a_second_visitor_sees_the_picture_until_the_figure_is_drawn(
    server: Server, open_tab: OpenTab, browser: Browser
) -> None:
    open_tab(server)
    wait_for_picture(server)
    waiting = browser.new_page()
    waiting.route("**/PlotlyChart*", lambda route: None)
    waiting.goto(server.url)
    expect(waiting.locator(f"{POSTER} img")).to_be_visible()
    assert waiting.locator(f"{POSTER} img").evaluate("image => image.decode().then(() => true)")
    expect(waiting.locator(".js-plotly-plot")).to_have_count(0)
    waiting.close()
    tab = open_tab(server)
    expect(tab.legend).to_have_count(3)
    expect(tab.page.locator(POSTER)).to_be_hidden()
