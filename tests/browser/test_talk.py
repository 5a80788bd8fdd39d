"""A talk as a presenter gives it: keys, the sidebar that hides, a list written and read again."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.catalog import published_claims
from tests.browser.conftest import OpenTab
from tests.browser.harness import Server, Tab

pytestmark = pytest.mark.browser


def counter(tab: Tab, text: str) -> None:
    expect(tab.page.locator(".talk-counter")).to_have_text(text)


def test_a_talk_is_given_with_the_keyboard(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/?talk=1")
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 720})
    counter(tab, "1 / 6")
    expect(tab.title).to_have_text("What is predicted, and above what?")
    sidebar = page.get_by_test_id("stSidebar")
    page.mouse.move(640, 400)
    expect(sidebar).to_have_css("opacity", "0")
    # It moves while it fades.
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right < 20"
    )
    page.mouse.move(4, 400)
    expect(sidebar).to_have_css("opacity", "1")
    page.mouse.move(640, 400)
    expect(sidebar).to_have_css("opacity", "0")

    for key, where in (("ArrowRight", 2), ("PageDown", 3), ("ArrowLeft", 2), ("End", 6),
                       ("ArrowRight", 6), ("Home", 1), ("PageUp", 1)):  # fmt: skip
        page.keyboard.press(key)
        counter(tab, f"{where} / 6")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    counter(tab, "3 / 6")
    expect(page).to_have_url(re.compile("step=3"))
    tab.settle()
    page.keyboard.press("Escape")
    expect(tab.title).to_have_text("Scale")
    expect(page).not_to_have_url(re.compile("talk"))
    tab.settle()
    tab.wait_for_query({"data": ["pereira2018-language-network"]})
    assert tab.is_well()


def test_the_stage_is_16_to_9_at_any_size_and_holds_all_of_it(
    open_tab: OpenTab, server: Server
) -> None:
    tab = open_tab(server, "/?talk=1&step=4", dark=True)
    page = tab.page
    heights: list[float] = []
    for width, height in ((1280, 720), (1920, 1080), (1024, 900)):
        page.set_viewport_size({"width": width, "height": height})
        expect(tab.chart).to_be_visible()
        stage = page.locator(".st-key-stage")
        scale = min(width / 1280, height / 720)
        outer = stage.bounding_box()
        assert outer is not None
        assert outer["width"] == pytest.approx(1280 * scale, abs=2)
        assert outer["width"] / outer["height"] == pytest.approx(16 / 9, rel=0.01)
        # Type grows with the stage, and the chart fills its room as before.
        type_box = page.locator(".js-plotly-plot .ytick text").first.bounding_box()
        chart_box = tab.chart.bounding_box()
        assert type_box is not None
        assert chart_box is not None
        heights.append(type_box["height"] / scale)
        assert chart_box["width"] / scale == pytest.approx(768, abs=2)
        parts = {}
        for name in ("title", "figure", "note", "foot", "steps"):
            box = page.locator(f".st-key-stage-{name}").bounding_box()
            assert box is not None
            parts[name] = box
            assert box["x"] >= outer["x"] - 1, name
            assert box["x"] + box["width"] <= outer["x"] + outer["width"] + 1, name
            assert box["y"] + box["height"] <= outer["y"] + outer["height"] + 1, name
        assert parts["figure"]["x"] + parts["figure"]["width"] <= parts["note"]["x"] + 1
        assert parts["title"]["y"] + parts["title"]["height"] <= parts["figure"]["y"] + 1
        assert parts["figure"]["y"] + parts["figure"]["height"] <= parts["foot"]["y"] + 1
        note = page.locator(".talk-note")
        assert note.evaluate("each => each.scrollHeight <= each.clientHeight + 1")
    assert max(heights) - min(heights) < 1
    assert tab.is_well()


def test_all_verdicts_stand_between_title_and_foot(open_tab: OpenTab, server: Server) -> None:
    tab = open_tab(server, "/?talk=1&step=6")
    tab.page.set_viewport_size({"width": 1280, "height": 720})
    table = tab.page.locator(".talk-claims")
    expect(table.locator("tr")).to_have_count(len(published_claims()))
    boxes = [
        each.bounding_box()
        for each in (
            tab.page.locator(".st-key-stage-title"),
            table,
            tab.page.locator(".st-key-stage-foot"),
        )
    ]
    title, verdicts, foot = (box for box in boxes if box is not None)
    assert title["y"] + title["height"] <= verdicts["y"] + 1
    assert verdicts["y"] + verdicts["height"] <= foot["y"] + 1
    assert tab.is_well()


def test_a_list_is_written_and_read_again(
    open_tab: OpenTab, fresh_server: Server, tmp_path: Path
) -> None:
    tab = open_tab(fresh_server, "/layers")
    page = tab.page
    tab.keyed("talk").get_by_role("button").first.click()
    page.get_by_label("Title").fill("My first step")
    page.keyboard.press("ArrowLeft")
    page.get_by_label("Title").press("Tab")
    tab.settle()
    page.get_by_role("button", name="Add this view").click()
    expect(tab.keyed("talk-yaml")).to_be_visible()
    with page.expect_download() as download:
        tab.keyed("talk-yaml").get_by_role("button").click()
    path = tmp_path / "talk.yaml"
    download.value.save_as(path)
    assert "My first step" in path.read_text()
    tab.keyed("talk-delete").get_by_role("button").click()
    expect(tab.keyed("talk-yaml")).to_have_count(0)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").last.set_input_files(path)
    expect(tab.keyed("talk-start")).to_be_visible()
    tab.keyed("talk-start").get_by_role("button").click()
    counter(tab, "1 / 1")
    # For a moment the page that is left may still have its own.
    expect(tab.title).to_have_count(1)
    expect(tab.title).to_have_text("My first step")
    expect(tab.chart).to_be_visible()
    assert tab.is_well()
