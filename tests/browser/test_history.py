"""What was chosen is undone, kept, pinned and sent; the back button leads back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser


def test_the_back_button_undoes_a_choice_and_then_leaves_the_page(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, "/").go_to("Layers")
    tab.wait_for_query({"metric": ["r"]})
    tab.keyed("metric").get_by_text("unique R²").click()
    tab.wait_for_query({"metric": ["unique_r2"]})
    tab.settle()
    tab.page.go_back()
    tab.wait_for_query({"metric": ["r"]})
    tab.settle()
    tab.page.go_back()
    expect(tab.title).to_have_text("CortexScale")
    assert tab.settle().is_well()


def test_undo_takes_back_what_redo_brings_again(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/layers")
    # By the keyboard alone: what a mouse does, other tests do.
    tab.page.get_by_role("button", name="Remove int8").press("Enter")
    tab.wait_for_query({"compressions": ["none", "bnb-nf4"]})
    for key, held in (("undo", ["none", "bnb-int8", "bnb-nf4"]), ("redo", ["none", "bnb-nf4"])):
        button = tab.keyed(key).get_by_role("button")
        expect(button).to_be_enabled()
        button.press("Enter")
        tab.wait_for_query({"compressions": held})
        tab.settle()
    assert tab.is_well()


def test_a_pinned_view_is_kept_by_name_and_its_link_opens_it_elsewhere(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, "/layers?compressions=bnb-nf4")
    page = tab.page
    tab.keyed("pin-now").get_by_role("button").click()
    expect(tab.keyed("chip-A")).to_be_visible()
    expect(tab.keyed("panel-layers-pinned")).to_be_visible()
    tab.settle()
    tab.keyed("views").get_by_role("button").first.click()
    page.get_by_label("Save this view as").fill("Four bits")
    page.get_by_label("Save this view as").press("Tab")
    tab.settle()
    tab.keyed("view-save").get_by_role("button").click()
    expect(tab.keyed("view-rename")).to_be_visible()
    page.keyboard.press("Escape")

    tab.keyed("unpin-A").get_by_role("button").click()
    expect(tab.keyed("chip-A")).to_have_count(0)
    tab.settle().go_to("Scale")
    tab.keyed("views").get_by_role("button").first.click()
    tab.keyed("view-open").get_by_role("button").click()
    expect(tab.title).to_have_text("Layers")
    expect(tab.keyed("chip-A")).to_contain_text("NF4")
    expect(page).to_have_url(re.compile("pin="))
    tab.settle()

    page.get_by_role("button", name="link icon").click()
    link = page.get_by_test_id("stCode").first.inner_text().strip()
    assert link.startswith(server.url)
    theirs = open_tab(server, link)
    expect(theirs.keyed("chip-A")).to_contain_text("NF4")
    theirs.wait_for_query({"compressions": ["bnb-nf4"]})
    # Another tab has the saved view too, and takes nothing from this one.
    theirs.keyed("unpin-A").get_by_role("button").click()
    expect(theirs.keyed("chip-A")).to_have_count(0)
    theirs.settle().keyed("views").get_by_role("button").first.click()
    expect(theirs.page.get_by_label("Saved views").first).to_be_visible()
    expect(tab.keyed("chip-A")).to_be_visible()
    assert tab.is_well()
    assert theirs.is_well()
