"""The Compression page in a browser: what it draws, and the margin in the address."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser


def test_the_margin_decides_and_the_address_keeps_it(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/compression")
    expect(tab.title).to_have_text("Compression")
    expect(tab.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    # The forest, the trade-off, and the map of layers.
    expect(tab.page.get_by_test_id("stPlotlyChart")).to_have_count(3)
    page = tab.page.get_by_test_id("stMain")
    expect(page).to_contain_text("2 equivalent to full precision within 0.02")

    margin = tab.keyed("margin").locator("input")
    margin.fill("0.001")
    margin.press("Enter")
    expect(tab.page).to_have_url(re.compile("margin=0.001"))
    expect(page).to_contain_text("0 equivalent to full precision within 0.001")
    assert tab.settle().is_well()

    theirs = open_tab(server, tab.url)
    expect(theirs.page.get_by_test_id("stMain")).to_contain_text("within 0.001")
    expect(theirs.keyed("margin").locator("input")).to_have_value("0.001")
    assert theirs.is_well()
