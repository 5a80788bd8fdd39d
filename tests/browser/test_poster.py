"""The first figure's still picture, until Plotly is there."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser
POSTER = ".st-key-poster-overview-layers"


def wait_for_picture(server: Server) -> None:
    for _ in range(900):
        if any((server.cache / "posters").glob("*.svg")):
            return
        time.sleep(0.1)
    raise AssertionError("no picture was rendered")


def test_a_second_visitor_sees_the_picture_until_the_figure_is_drawn(
    open_tab: OpenTab, fresh_server: Server, browser: Browser
) -> None:
    open_tab(fresh_server)
    wait_for_picture(fresh_server)
    waiting = browser.new_page()
    waiting.route("**/PlotlyChart*", lambda route: None)
    waiting.goto(fresh_server.url)
    expect(waiting.locator(f"{POSTER} img")).to_be_visible()
    assert waiting.locator(f"{POSTER} img").evaluate("image => image.decode().then(() => true)")
    expect(waiting.locator(".js-plotly-plot")).to_have_count(0)
    waiting.close()
    tab = open_tab(fresh_server)
    assert len(tab.traces()) == 3
    expect(tab.page.locator(POSTER)).to_be_hidden()
