"""The Claims page in a browser: badges, the margin, the address, the way to the Run page."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser


def test_claims_are_tested_and_the_margin_is_in_the_address(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, "/claims")
    expect(tab.title).to_have_text("Claims")
    main = tab.page.get_by_test_id("stMain")
    # The icon before the word is text as well.
    expect(main.get_by_text(re.compile(r"no data$"))).to_have_count(9)
    tab.keyed("sizes").get_by_text("My own").click()
    expect(tab.page).to_have_url(re.compile("sizes=own"))
    tab.settle()
    expect(main.get_by_text("supported at your sizes")).to_have_count(1)
    margin = tab.keyed("margin").get_by_role("spinbutton")
    margin.fill("0.001")
    margin.press("Enter")
    expect(tab.page).to_have_url(re.compile("margin=0.001"))
    tab.settle()
    expect(main.get_by_text("supported at your sizes")).to_have_count(0)
    assert tab.is_well()

    theirs = open_tab(server, tab.url)
    expect(theirs.keyed("margin").get_by_role("spinbutton")).to_have_value("0.001")
    expect(theirs.keyed("small")).to_be_visible()
    theirs.wait_for_query(tab.query)
    assert theirs.is_well()


def test_the_next_run_opens_in_the_run_page(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/claims?data=demo-cortex")
    card = tab.keyed("claim-pruning-harmless")
    card.get_by_text("The run to do next").click()
    card.get_by_role("button", name="Open in the Run page").click()
    expect(tab.title).to_have_text("Run")
    tab.settle()
    for key, chosen in (("run_demo_subject", "sub-01"), ("run_model", "Qwen2.5-3B")):
        box = tab.keyed(key).get_by_role("combobox")
        expect(box).to_have_value(re.compile(re.escape(chosen)))
    assert tab.is_well()
