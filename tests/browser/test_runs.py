"""Runs that are started from the page, to the end that each of them takes."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from backend.jobs.local import list_jobs
from tests.browser.conftest import OpenTab
from tests.browser.harness import Server, Tab
from tests.helpers import leftovers

pytestmark = pytest.mark.browser
# Far more than a run of the demo takes; a machine may be busy.
A_RUN = 180_000


def card(tab: Tab) -> Locator:
    """The run's entry in the list."""
    return tab.page.locator("[class*='st-key-job-']")


def start_demo(tab: Tab) -> None:
    tab.keyed("run_start").get_by_role("button").click()
    expect(card(tab)).to_contain_text("running")
    expect(card(tab)).to_contain_text("Demo sentences (simulated responses)")


def shards(store: Path) -> list[Path]:
    return sorted(store.rglob("*.parquet"))


def test_the_demo_goes_from_the_start_button_to_a_chart_that_says_simulated(
    open_tab: OpenTab, fresh_server: Server
) -> None:
    tab = open_tab(fresh_server, "/run")
    expect(tab.page.locator("body")).to_contain_text("No runs were started from this page yet.")
    start_demo(tab)
    expect(card(tab).get_by_role("progressbar")).to_be_visible()
    expect(card(tab)).to_contain_text(re.compile(r"fitting \w+: \d+ of \d+"), timeout=A_RUN)
    expect(card(tab)).to_contain_text("done", timeout=A_RUN)
    assert tab.settle().is_well()

    card(tab).get_by_text("See on Layers").click()
    expect(tab.title).to_have_text("Layers")
    tab.settle()
    tab.wait_for_query({"data": ["demo-sentences"]})
    expect(tab.legend).to_have_text(["MiniLM-L6, full precision"])
    mark = tab.page.locator(".js-plotly-plot .annotation-text").filter(has_text="SIMULATED")
    expect(mark.first).to_be_visible()
    badges = tab.page.get_by_test_id("stMarkdown").get_by_text("simulated", exact=True)
    expect(badges).to_have_count(2)
    assert tab.is_well()


def test_a_run_outlives_its_tab_and_the_app_and_is_there_after_a_restart(
    open_tab: OpenTab, fresh_server: Server
) -> None:
    first = open_tab(fresh_server, "/run")
    start_demo(first)
    first.close()

    second = open_tab(fresh_server, "/run")
    expect(card(second)).to_contain_text("running")
    assert second.is_well()
    second.close()
    fresh_server.stop()
    (job,) = list_jobs(fresh_server.store)
    assert job.active

    fresh_server.start()
    third = open_tab(fresh_server, "/run")
    expect(card(third)).to_contain_text("done", timeout=A_RUN)
    assert third.settle().is_well()
    assert len(shards(fresh_server.store)) == 5
    third.close()

    fresh_server.stop()
    fresh_server.start()
    fourth = open_tab(fresh_server, "/layers?data=demo-sentences&roi=simulated_meaning")
    expect(fourth.legend).to_have_text(["MiniLM-L6, full precision"])
    chosen = fourth.page.get_by_role("combobox", name="Data set")
    expect(chosen).to_have_value(re.compile(r"^Demo sentences \(simulated responses\)"))
    assert fourth.is_well()


def test_a_cancelled_run_stops_and_leaves_nothing_in_the_store(
    open_tab: OpenTab, fresh_server: Server
) -> None:
    tab = open_tab(fresh_server, "/run")
    start_demo(tab)
    card(tab).get_by_text("Cancel").click()
    expect(card(tab)).to_contain_text("cancelled; nothing was written")
    expect(card(tab).get_by_text("Start again")).to_be_visible()
    assert tab.settle().is_well()
    assert shards(fresh_server.store) == []
    assert leftovers(fresh_server.store) == []
    (job,) = list_jobs(fresh_server.store)
    assert job.status.state == "cancelled"
    tab.open("/layers")
    assert "demo-sentences" not in tab.url
    chosen = tab.page.get_by_role("combobox", name="Data set")
    expect(chosen).to_have_value(re.compile("^Pereira 2018, language network"))
