"""Every page is reached and used by the keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.harness import Server

pytestmark = pytest.mark.browser
# Of each page: controls, files, and what exports all of it.
REACHED = {
    "/": {"overview-layers-png", "export-overview-layers", "published-curves", "all-runs"},
    "/layers": {"axis", "layers-png", "export-layers", "page-zip"},
    "/scale": {"layer", "margin", "scale-csv", "page-zip"},
    "/compression": {"margin", "compression-png", "page-zip"},
    "/claims": {"claims_data", "margin", "sizes", "page-zip"},
    "/run": {"run_kind", "run_data", "run_model", "run_start"},
}
MOST_STEPS = 120
# The key of what has the focus, and whether its ring can be seen.
FOCUSED = """() => {
  const at = document.activeElement;
  const key = (each) => [...(each?.classList ?? [])].find((name) => name.startsWith("st-key-"));
  const keys = [];
  for (let each = at; each; each = each.parentElement) if (key(each)) keys.push(key(each).slice(7));
  const ring = (each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== "none" || style.boxShadow !== "none";
  };
  let seen = false;
  for (let each = at, up = 0; each && up < 5; each = each.parentElement, up++) seen ||= ring(each);
  return [keys, seen || at.matches(":focus-visible"), at === document.body];
}"""


def test_the_tab_key_reaches_what_each_page_offers(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server)
    missed, unseen = dict[str, set[str]](), dict[str, list[list[str]]]()
    for path, wanted in REACHED.items():
        tab.open(path)
        tab.title.click()
        reached, hidden = set[str](), list[list[str]]()
        for _ in range(MOST_STEPS):
            tab.page.keyboard.press("Tab")
            keys, seen, lost = tab.page.evaluate(FOCUSED)
            reached |= set(keys)
            if wanted <= reached:
                break
            if lost:
                # The end was reached, or what had the focus was drawn anew.
                tab.settle().title.click()
            elif not seen:
                hidden.append(keys)
        missed[path], unseen[path] = wanted - reached, hidden
    assert {path: keys for path, keys in missed.items() if keys} == {}
    assert {path: keys for path, keys in unseen.items() if keys} == {}


def test_a_choice_is_made_with_the_arrow_keys(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/layers")
    tab.keyed("axis").get_by_role("radio").first.focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Enter")
    tab.wait_for_query({"axis": ["depth"]})
    expect(tab.page.locator(".js-plotly-plot .xtitle").first).to_contain_text("Relative depth")
    assert tab.settle().is_well()


def test_a_list_keeps_its_size_when_it_loses_the_focus(open_tab: OpenTab, server: Server) -> None:
    # Else what stands below it moves away from under the pointer that takes the focus.
    tab = open_tab(server, "/layers")
    box = tab.page.get_by_test_id("stSidebar").get_by_role("combobox", name="Models").first
    least = "input => getComputedStyle(input).minWidth"
    before = box.evaluate(least)
    box.focus()
    assert box.evaluate(least) == before
