"""Figures as pages send them: the same look without a template, which Plotly would draw twice."""

import plotly.graph_objects as go
import pytest

from backend.figures.draft import Draft
from backend.figures.on_page import on_page
from backend.figures.theme import style


def drawn(kind: str) -> go.Figure:
    figure = Draft(cols=2)
    trace = {"type": kind, "x": [1, 2], **({"z": [[1, 2]]} if kind == "heatmap" else {"y": [1, 2]})}
    figure.add_trace(trace, col=2)
    style(figure)
    figure.add_annotation(text="a note", x=1, y=1, arrowwidth=3)
    return figure.figure()


@pytest.mark.parametrize("kind", ["scatter", "heatmap"])
def test_what_the_template_says_stands_in_the_figure(kind: str) -> None:
    figure = drawn(kind)
    before = figure.to_dict()
    sent = on_page(figure).to_dict()
    assert figure.to_dict() == before
    assert "template" not in sent["layout"]
    for axis in ("xaxis", "xaxis2", "yaxis", "yaxis2"):
        assert sent["layout"][axis]["automargin"] is True
        assert sent["layout"][axis]["title"] == {"standoff": 15, "font": {"size": 15}}
    (note,) = sent["layout"]["annotations"]
    # What the figure says itself goes before what the template says.
    assert note["arrowwidth"] == 3
    assert note["arrowhead"] == 0
    assert sent["layout"]["hoverlabel"]["align"] == "left"
    assert sent["layout"]["hoverlabel"]["font"]["size"] == 14
    (trace,) = sent["data"]
    assert trace.get("colorbar") == (
        {"outlinewidth": 0, "ticks": ""} if kind == "heatmap" else None
    )


def test_a_figure_that_plotly_has_checked_is_sent_likewise() -> None:
    figure = drawn("scatter")
    checked = on_page(go.Figure(figure))
    assert checked.layout.datarevision == on_page(figure).layout.datarevision == 1
    assert checked.layout.xaxis2.automargin is True
