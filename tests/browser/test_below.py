"""What lies below the window is drawn when it is looked at, and is the same then."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.harness import Server, Tab

pytestmark = pytest.mark.browser
MAP = ".st-key-panel-layer-map .main-svg"


def test_the_lower_part_waits_until_it_is_looked_at(browser: Browser, server: Server) -> None:
    tab = Tab(browser, server, moment=600_000)
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/layers?data=demo-cortex")
    expect(page.locator("[data-waiting]")).to_have_count(1)
    assert page.locator(MAP).count() == 0
    tab.keyed("page-zip").scroll_into_view_if_needed()
    expect(page.locator(MAP).first).to_be_visible()
    part = page.locator("[data-testid=stVerticalBlock].st-key-below-layers")
    tab.settle()
    tall = part.bounding_box()["height"]
    assert tall > 500
    # Who looks at it sees a choice there in one go, as in the first figure.
    page.get_by_test_id("stSidebar").get_by_role("radio", name="unique R²").click()
    # Plotly draws the new title before it takes the old one away.
    expect(page.locator(".st-key-panel-layer-map .cbtitle")).to_have_text(["unique R²"])
    # Back at the top, the next choice but one does not wait for it.
    tab.title.scroll_into_view_if_needed()
    for name in ("r", "unique R²"):
        page.get_by_test_id("stSidebar").get_by_role("radio", name=name, exact=True).click()
        expect(page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning"
        )
        page.wait_for_timeout(1_000)
    expect(page.locator("[data-waiting]")).to_have_count(1)
    assert page.locator(MAP).count() == 0
    # The page is as long as it was, for who scrolls down again.
    assert part.bounding_box()["height"] > 0.8 * tall
    assert tab.is_well()
    tab.close()
