"""Nothing clipped, nothing on something else, words that can be read: by the page's own boxes."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server, Tab
from tests.browser.layout import flaws_of_contrast, flaws_of_layout, pictures_without_words

pytestmark = pytest.mark.browser
SIZES = ((390, 844), (1280, 720), (1920, 1080))
# Pages that open with a figure, and those that have none or are a component's.
WITH_FIGURE = ("/", "/layers?data=demo-cortex", "/scale", "/compression")
PAGES = (*WITH_FIGURE, "/cortex?data=demo-cortex", "/claims", "/run", "/probing", "/dissociation")


def wait_for_figures(tab: Tab, path: str) -> None:
    if path in WITH_FIGURE:
        expect(tab.chart).to_be_visible()
    # Type, figures and the sidebar come to rest.
    tab.page.evaluate("() => document.fonts.ready")
    tab.page.wait_for_timeout(600)


def test_nothing_is_clipped_and_nothing_overlaps_at_three_sizes(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server)
    found = {}
    for path in PAGES:
        # The narrow size first, where the sidebar starts closed.
        tab.page.set_viewport_size({"width": 390, "height": 844})
        tab.open(path)
        for width, height in SIZES:
            tab.page.set_viewport_size({"width": width, "height": height})
            wait_for_figures(tab, path)
            found[f"{path} at {width} x {height}"] = flaws_of_layout(tab.page)
        found[f"contrast of {path}"] = flaws_of_contrast(tab.page)
        found[f"pictures of {path}"] = pictures_without_words(tab.page)
    assert {place: flaws for place, flaws in found.items() if flaws} == {}


def test_words_can_be_read_on_a_dark_ground(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/compression", dark=True)
    wait_for_figures(tab, "/compression")
    assert flaws_of_contrast(tab.page) == []


def test_flaws_are_found(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/claims")
    tab.page.evaluate(
        """() => document.querySelector('[data-testid=stMainBlockContainer]').insertAdjacentHTML(
            'beforeend',
            `<div style="width:40px;overflow:hidden;white-space:nowrap;color:#BBB">cut short</div>
             <div style="width:3000px">too wide</div>
             <div class="js-plotly-plot" style="position:relative;width:90px;height:40px">
               <svg width="90" height="40"><text x="5" y="20">one</text>
               <text x="9" y="22">two</text><text x="70" y="20">leaves</text></svg></div>`)"""
    )
    found = flaws_of_layout(tab.page)
    for flaw in ('clipped: "cut short"', 'figure: "one" lies on "two"', 'figure: "leaves" sticks'):
        assert any(line.startswith(flaw) for line in found), (flaw, found)
    assert any("scrolls sideways" in line for line in found)
    assert any('"cut short"' in line for line in flaws_of_contrast(tab.page))
    assert len(pictures_without_words(tab.page)) == 1
