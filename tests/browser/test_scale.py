"""Scale in a browser: the margin is changed, the answer follows, and a link repeats it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab, serve
from tests.browser.harness import Server
from tests.comparisons.scale_stores import FAMILY, TWINS, write_models

pytestmark = pytest.mark.browser


@pytest.fixture
def family_server(tmp_path: Path, open_tab: OpenTab) -> Iterator[Server]:
    """A server over a store of models of six sizes."""
    store = tmp_path / "store"
    write_models(store, {**FAMILY, **TWINS})
    with serve(store) as running:
        yield running
        open_tab.close()


def test_a_wider_margin_names_a_smaller_model(open_tab: OpenTab, family_server: Server) -> None:
    tab = open_tab(family_server, "/scale?data=tales")
    for name in ("CortexScale", "CortexScale, random weights", "MiniLM"):
        expect(tab.legend.get_by_text(name, exact=True)).not_to_have_count(0)
    answer = tab.page.get_by_test_id("stMain").get_by_text(re.compile("Minimal model"))
    expect(answer.first).to_contain_text("(7M parameters)")
    margin = tab.keyed("margin").locator("input")
    margin.fill("0.04")
    margin.press("Enter")
    expect(tab.page).to_have_url(re.compile("margin=0.04"))
    expect(answer.first).to_contain_text("(3M parameters)")
    assert tab.settle().is_well()

    theirs = open_tab(family_server, tab.url)
    theirs.wait_for_query(tab.query)
    expect(theirs.keyed("margin").locator("input")).to_have_value("0.040")
    assert theirs.is_well()
