"""A figure at a width on paper: readable type, and margins that hold what stands in them."""

import plotly.graph_objects as go
import pytest

from backend.errors import InputError
from backend.figures.lay_out import SPARE, lay_out
from backend.figures.sizes import WIDTHS, PageSize, page_size
from backend.figures.theme import mark_simulated, style

POINT = 96 / 72


def make_figure(n_series: int = 2) -> go.Figure:
    figure = go.Figure()
    for index in range(n_series):
        figure.add_scatter(
            x=[0, 1], y=[0.1, 0.2], name=f"Series number {index}", line={"width": 3},
            marker={"size": [8, 12]}, error_y={"array": [0.1, 0.1], "width": 4},
        )  # fmt: skip
    style(figure)
    figure.update_layout(title_text="A title that is long enough to need a second line of type")
    figure.add_annotation(
        text="a level 0.35", x=1.0, xref="x domain", xanchor="left", xshift=6, y=0.2,
        font={"size": 13}, showarrow=False,
    )  # fmt: skip
    mark_simulated(figure, "light")
    return figure


@pytest.mark.parametrize("width", [*WIDTHS, "60"])
def test_type_is_7_to_8_points_and_the_mark_of_simulated_data_stays_large(width: str) -> None:
    layout = lay_out(make_figure(), page_size(width), "a caption").layout
    sizes = [layout.font.size, layout.title.font.size, layout.legend.font.size,
             *(note.font.size for note in layout.annotations if note.text != "SIMULATED"),
             layout.xaxis.title.font.size]  # fmt: skip
    assert min(sizes) >= 7 * POINT - 1e-6
    assert max(sizes) <= 8 * POINT + 1e-6
    (mark,) = [note for note in layout.annotations if note.text == "SIMULATED"]
    assert mark.font.size > 20 * POINT


def test_the_figure_itself_stays_as_it_was() -> None:
    figure = make_figure()
    before = figure.to_json()
    lay_out(figure, page_size("single"), "a caption")
    assert figure.to_json() == before


def test_lines_and_marks_shrink_with_the_type() -> None:
    trace = lay_out(make_figure(), page_size("single")).data[0]
    scale = page_size("single").scale
    assert trace.line.width == pytest.approx(3 * scale)
    assert list(trace.marker.size) == pytest.approx([8 * scale, 12 * scale])
    assert trace.error_y.width == pytest.approx(4 * scale)
    # Bars themselves are data.
    assert list(trace.error_y.array) == [0.1, 0.1]


def test_a_long_title_and_many_series_get_lines_of_their_own() -> None:
    narrow = lay_out(make_figure(6), page_size("single")).layout
    wide = lay_out(make_figure(6), page_size("double")).layout
    assert "<br>" in narrow.title.text
    assert "<br>" not in wide.title.text
    assert narrow.margin.t > wide.margin.t
    assert narrow.height - narrow.margin.t == pytest.approx(wide.height - wide.margin.t)


def test_margins_hold_labels_at_the_right_and_names_at_the_left() -> None:
    figure = make_figure()
    figure.update_yaxes(tickvals=[0.1], ticktext=["a very long name of a method"])
    size = page_size("single")
    long, short = lay_out(figure, size).layout, lay_out(make_figure(), size).layout
    assert long.margin.l > 2 * short.margin.l
    assert short.margin.r > 12 * 0.5 * 7 * POINT


def test_a_caption_makes_a_figure_on_paper_taller_and_leaves_a_slide_as_it_is() -> None:
    caption = "A sentence of a caption. " * 12
    for size, grows in ((page_size("single"), True), (page_size("slide"), False)):
        with_it = lay_out(make_figure(), size, caption).layout
        without = lay_out(make_figure(), size).layout
        assert (with_it.height > without.height) is grows
        assert with_it.margin.b > without.margin.b
        assert caption.strip() in " ".join(with_it.annotations[-1].text.split("<br>"))


def test_the_ground_is_the_modes() -> None:
    assert lay_out(make_figure(), page_size("single")).layout.paper_bgcolor == "#FFFFFF"
    dark = lay_out(make_figure(), page_size("single"), mode="dark").layout
    assert dark.paper_bgcolor == dark.plot_bgcolor == "#0F1419"


def test_widths_are_read_by_name_and_in_millimetres() -> None:
    assert page_size("single") == PageSize(85.0)
    assert page_size("123.5", 600) == PageSize(123.5, 600)
    assert page_size("double").pixels == round(174 / 25.4 * 300)
    assert page_size("slide").name == "slide"
    assert page_size(page_size("91").name).width_mm == 91


@pytest.mark.parametrize("width", ["wide", "0", "-85", "nan", "inf", "1e9", ""])
def test_a_width_that_is_none_is_refused(width: str) -> None:
    with pytest.raises(InputError, match="is no width; give single, one-half, double, slide"):
        page_size(width)


@pytest.mark.parametrize("dpi", [0, -1, 10, 100_000])
def test_a_dpi_out_of_range_is_refused(dpi: int) -> None:
    with pytest.raises(InputError, match=f"{dpi} dpi is not possible; give 72 to 1200"):
        page_size("single", dpi)


def test_names_of_rows_fit_into_them_where_the_height_is_given() -> None:
    rows = list(range(30))
    figure = style(go.Figure(go.Scatter(x=rows, y=rows, mode="markers")), height=900)
    figure.update_yaxes(range=[-0.5, 29.5], tickvals=rows, ticktext=[f"row {row}" for row in rows])
    figure.add_annotation(text="+0.1", x=1.0, xanchor="left", y=3, name=SPARE, font={"size": 14})
    layout = lay_out(figure, page_size("slide")).layout
    row = (layout.height - layout.margin.t - layout.margin.b) / 30
    assert layout.yaxis.tickfont.size <= row
    assert layout.annotations[0].font.size <= row
    # On paper the figure is as high as its rows need.
    assert lay_out(figure, page_size("double")).layout.yaxis.tickfont.size is None
