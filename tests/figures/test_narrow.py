"""A figure in a narrow window, and panels in fewer columns."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.figures.draft import Draft
from backend.figures.lay_out import SPARE, lay_out
from backend.figures.narrow import narrow_figure
from backend.figures.sizes import page_size
from backend.figures.theme import style


def panels(n_columns: int, n_rows: int = 1) -> go.Figure:
    """A figure of panels that share their axes, each with a title and a curve."""
    titles = [f"panel {place}" for place in range(n_columns * n_rows)]
    figure = make_subplots(
        rows=n_rows, cols=n_columns, shared_yaxes="all", shared_xaxes="all", subplot_titles=titles
    )
    for place in range(len(titles)):
        number = "" if place == 0 else str(place + 1)
        figure.add_scatter(x=[0, 1], y=[0, 1], name="one", xaxis=f"x{number}", yaxis=f"y{number}")
    style(figure, height=300 * n_rows)
    for column in range(1, n_columns + 1):
        figure.update_xaxes(title_text="Layer", row=n_rows, col=column)
    return figure


def boxes(figure: go.Figure) -> list[tuple[float, ...]]:
    pairs = zip(figure.select_xaxes(), figure.select_yaxes(), strict=True)
    return [(*x.domain, *y.domain) for x, y in pairs]


def meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
    )  # fmt: skip


def test_panels_stand_in_two_columns_with_their_titles_ticks_and_names() -> None:
    figure = narrow_figure(panels(4, 2), "light")
    found = boxes(figure)
    assert len({round(left, 6) for left, *_ in found}) == 2
    assert not any(meet(a, b) for place, a in enumerate(found) for b in found[:place])
    for note, (left, right, _, top) in zip(figure.layout.annotations, found, strict=True):
        assert abs(note.x - (left + right) / 2) < 1e-6
        assert abs(note.y - top) < 1e-6
    shown = [axis.showticklabels for axis in figure.select_xaxes()]
    assert shown == [False] * 6 + [True] * 2
    assert [axis.showticklabels for axis in figure.select_yaxes()] == [True, False] * 4
    assert [axis.title.text for axis in figure.select_xaxes()] == [None] * 6 + ["Layer"] * 2


def test_two_panels_stand_below_each_other_on_one_column_of_a_page() -> None:
    for size, columns in (("single", 1), ("one-half", 2), ("double", 2)):
        found = boxes(lay_out(panels(2), page_size(size)))
        assert len({round(left, 6) for left, *_ in found}) == columns
        assert not meet(*found)


def test_one_panel_stays_as_it_is() -> None:
    (box,) = boxes(lay_out(panels(1), page_size("single")))
    assert box == (0, 1, 0, 1)


def test_the_legend_stands_below_and_names_of_levels_inside() -> None:
    figure = style(go.Figure())
    for name in ("first of them", "second of them"):
        figure.add_scatter(x=list(range(30)), y=[0.1] * 30, name=name)
    figure.update_xaxes(tickvals=list(range(30)), ticktext=[str(value) for value in range(30)])
    figure.add_annotation(text="floor 0.1", x=1.0, xanchor="left", y=0.1, showarrow=False)
    figure.add_annotation(text="a row", x=1.0, xanchor="left", y=0.1, name=SPARE)
    before = figure.to_json()
    narrow = narrow_figure(figure, "dark")
    assert figure.to_json() == before
    assert (narrow.layout.legend.yref, narrow.layout.legend.y) == ("container", 0)
    assert narrow.layout.margin.b > 52
    (note,) = narrow.layout.annotations
    assert (note.text, note.xanchor) == ("floor 0.1", "right")
    assert narrow.layout.margin.r < 30
    assert len(narrow.layout.xaxis.tickvals) == len(narrow.layout.xaxis.ticktext) <= 6


def test_the_scale_of_a_map_lies_below_it() -> None:
    figure = style(go.Figure(go.Heatmap(z=[[0, 1]], colorbar={"title": {"text": "r"}})))
    bar = narrow_figure(figure, "light").data[0].colorbar
    assert (bar.orientation, bar.yanchor) == ("h", "top")
    assert bar.y < 0


def test_rows_of_groups_are_named_by_themselves() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[1, 2], y=[["syntax", "syntax"], ["agreement", "order"]], mode="markers")
    style(figure)
    narrow = narrow_figure(figure, "light")
    assert list(narrow.data[0].y) == ["agreement", "order"]
    wide = go.Figure(figure)
    assert len(wide.data[0].y[0]) == 2


def test_two_points_of_a_table_are_no_groups_and_rows() -> None:
    two = pd.DataFrame({"layer": [0, 1], "mean": [0.1, 0.2]}, index=[7, 8])
    figure = Draft()
    figure.add_trace({"type": "scatter", "x": two["layer"], "y": two["mean"], "name": "tiny"})
    style(figure, "light", 400)
    narrow = narrow_figure(figure.figure(), "light")
    assert list(narrow.data[0].y) == [0.1, 0.2]
