"""A figure that a page sends is drawn once, though Plotly is given it twice."""

import json
from pathlib import Path

import plotly
import pytest
from playwright.sync_api import Browser

from backend.figures.draft import Draft
from backend.figures.on_page import on_page
from backend.figures.theme import style

pytestmark = pytest.mark.browser
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
# As Streamlit does it.
TWICE = """async figure => {
    const place = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(place, figure.data, figure.layout);
    let again = 0;
    place.on("plotly_beforeplot", () => again++);
    const {data, layout} = JSON.parse(JSON.stringify(figure));
    await Plotly.react(place, data, layout);
    return again;
}"""

SIZE = """async figure => {
    const place = document.body.appendChild(document.createElement("div"));
    await Plotly.newPlot(place, figure.data, figure.layout);
    const {l, r, t, b} = place._fullLayout._size;
    return {l, r, t, b};
}"""


def test_plotly_finds_nothing_new_in_the_same_figure(browser: Browser) -> None:
    draft = Draft()
    draft.add_trace({"type": "scatter", "x": [1, 2], "y": [3, 4], "customdata": [[1], [2]]})
    style(draft)
    draft.update_layout(width=600)
    page = browser.new_page()
    page.add_script_tag(path=PLOTLY)
    assert page.evaluate(TWICE, json.loads(draft.figure().to_json())) == 1
    assert page.evaluate(TWICE, on_page(draft.figure()).to_dict()) == 0
    page.close()


def test_axes_have_the_room_that_they_take_so_that_nothing_is_drawn_again(browser: Browser) -> None:
    draft = Draft()
    draft.add_trace({"type": "scatter", "x": [0, 12], "y": [-0.053, 0.21]})
    style(draft)
    draft.update_layout(width=600)
    draft.update_xaxes(title_text="Layer")
    draft.update_yaxes(title_text="Unique R²")
    page = browser.new_page()
    page.add_script_tag(path=PLOTLY)
    sent = on_page(draft.figure()).to_dict()
    assert page.evaluate(SIZE, sent) == sent["layout"]["margin"]
    page.close()
