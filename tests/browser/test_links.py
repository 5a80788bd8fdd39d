"""The address bar holds the selection, and gives it back."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from backend.views.choose import KEYS
from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser


def test_a_selection_can_be_sent_to_somebody_else(open_tab: OpenTab, server: Server) -> None:
    mine = open_tab(server, "/layers")
    expect(mine.legend).to_have_count(3)
    mine.page.get_by_role("button", name="Remove int8").click()
    # A multiselect in use is a line taller: let go of it before what is below is aimed at.
    mine.title.click()
    expect(mine.page).not_to_have_url(re.compile("bnb-int8"))
    mine.keyed("metric").get_by_text("unique R²").click()
    expect(mine.page).to_have_url(re.compile("metric=unique_r2"))
    mine.settle()
    mine.wait_for_query({"compressions": ["none", "bnb-nf4"]})

    theirs = open_tab(server, mine.url)
    theirs.wait_for_query(mine.query)
    expect(theirs.legend).to_have_text(["MiniLM-L6, full precision", "MiniLM-L6, NF4"])
    expect(theirs.keyed("compressions")).not_to_contain_text("int8")
    expect(theirs.page.locator(".js-plotly-plot .ytitle").first).to_contain_text("Unique R²")
    assert mine.is_well()
    assert theirs.is_well()


def test_the_selection_goes_along_to_the_other_pages(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/layers?compressions=bnb-nf4&metric=unique_r2")
    before = tab.query
    for title in ("Overview", "Run", "Layers"):
        tab.go_to(title)
        # A page's own controls are its own.
        tab.wait_for_query({key: values for key, values in before.items() if key in KEYS})
    expect(tab.legend).to_have_text(["MiniLM-L6, NF4"])


def test_shuffled_folds_come_with_their_lesson(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/layers")
    panels = tab.page.locator(".js-plotly-plot .cartesianlayer .subplot")
    # Curves, and under them their peaks.
    expect(panels).to_have_count(2)
    tab.keyed("shuffled").get_by_text("Compare with shuffled folds").click()
    expect(tab.page.get_by_test_id("stAlert")).to_contain_text("Sample order alone scores r = 0.31")
    expect(panels).to_have_count(4)
    expect(tab.page).to_have_url(re.compile("shuffled=true"))
    assert tab.settle().is_well()
    expect(open_tab(server, tab.url).page.get_by_test_id("stAlert")).to_contain_text(
        "Sample order alone"
    )


@pytest.mark.parametrize(
    "value",
    ["![spy](http://example.invalid/spy.png)", "<img src=x onerror=document.title='taken'>"],
)
def test_a_hostile_link_loads_nothing_and_runs_nothing(
    open_tab: OpenTab, server: Server, value: str
) -> None:
    tab = open_tab(server, f"/layers?data={quote(value)}&metric={quote(value)}")
    warning = tab.page.get_by_test_id("stSidebar").get_by_test_id("stAlert")
    expect(warning).to_contain_text("The link names what this store does not have")
    expect(warning).to_contain_text(value[:20])
    assert warning.locator("img, a").count() == 0
    assert "taken" not in tab.page.title()
    expect(tab.legend).to_have_count(3)
    assert tab.is_well()
