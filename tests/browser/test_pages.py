"""Each page, by its address and by the links to it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from pages.shared.look import SIDEBAR_PIXELS
from tests.browser.conftest import OpenTab, serve
from tests.browser.harness import Server

pytestmark = pytest.mark.browser
PAGES = {
    "/": "CortexScale", "/layers": "Layers", "/cortex": "Cortex", "/scale": "Scale",
    "/compression": "Compression", "/probing": "Probing",
    "/dissociation": "Dissociation", "/claims": "Claims", "/run": "Run",
}  # fmt: skip
TITLES = ["Overview", *list(PAGES.values())[1:]]


# Each takes a server of its own: the page of no name, and one of each kind of controls.
@pytest.mark.parametrize("path", ["/", "/layers", "/claims"])
def test_the_first_address_that_a_server_is_asked_for_draws_the_whole_app(
    open_tab: OpenTab, fresh_server: Server, path: str
) -> None:
    # Streamlit takes pages/ for its older kind of app until it has run st.navigation once.
    tab = open_tab(fresh_server, f"{path}?compressions=bnb-nf4")
    expect(tab.title).to_have_text(PAGES[path])
    links = tab.page.get_by_test_id("stSidebarNavLink")
    assert [text.split()[-1] for text in links.all_inner_texts()] == TITLES
    sidebar = tab.page.get_by_test_id("stSidebar")
    expect(sidebar).to_contain_text("Data set")
    assert sidebar.bounding_box()["width"] == SIDEBAR_PIXELS
    tab.wait_for_query({"compressions": ["bnb-nf4"]})
    if path in ("/", "/layers"):
        expect(tab.legend).to_have_text(["MiniLM-L6, NF4"])
    assert tab.is_well()


def test_every_page_is_reached_through_the_navigation(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server)
    for title in ("Layers", "Run", "Overview", "Layers"):
        tab.go_to(title)
        assert tab.is_well()
    expect(tab.legend).to_have_count(3)


def test_the_overview_leads_to_the_other_pages(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server)
    for label, title in (("Explore the layers", "Layers"), ("Run it on your own sentences", "Run")):
        tab.page.get_by_test_id("stPageLink").get_by_text(label).click()
        expect(tab.title).to_have_text(title)
        assert tab.settle().is_well()
        tab.go_to("Overview")


def test_an_address_that_is_no_page_leads_back_into_the_app(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, "/no-such-page")
    expect(tab.page.get_by_role("dialog")).to_contain_text("Page not found")
    expect(tab.title).to_have_text("CortexScale")


def test_charts_follow_a_dark_theme(open_tab: OpenTab, server: Server) -> None:
    fills = []
    for dark in (False, True):
        tab = open_tab(server, "/layers", dark=dark)
        title = tab.page.locator(".js-plotly-plot .gtitle").first
        expect(title).to_be_visible()
        fills.append(title.evaluate("element => getComputedStyle(element).fill"))
        assert tab.is_well()
    assert fills == ["rgb(26, 29, 33)", "rgb(242, 244, 247)"]


def test_the_app_is_started_from_any_folder(open_tab: OpenTab, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with serve(tmp_path / "store", elsewhere) as server:
        tab = open_tab(server)
        logo = tab.page.get_by_test_id("stSidebarLogo")
        expect(logo).to_be_visible()
        assert logo.evaluate("image => image.naturalWidth") > 0
        expect(tab.legend).to_have_count(3)
        assert tab.is_well()
        open_tab.close()
    assert list(elsewhere.iterdir()) == []
