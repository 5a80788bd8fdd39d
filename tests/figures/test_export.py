"""Figures as files that stand for themselves outside the app."""

import io
import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser

import pandas as pd
import plotly.graph_objects as go
import pyarrow.parquet as pq
import pytest
from choreographer.browsers.chromium import Chromium
from kaleido import Kaleido
from kaleido.errors import KaleidoError
from PIL import Image
from pypdf import PdfReader

from backend.figures.captions import results_caption
from backend.figures.export import (
    ExportError,
    Order,
    export_csv,
    export_html,
    export_image,
    export_images,
    export_parquet,
    images_available,
    with_caption,
)
from backend.figures.lay_out import lay_out
from backend.figures.layers import layer_figure
from backend.figures.sizes import DOUBLE, page_size
from backend.paths import PRECOMPUTED
from backend.store.queries import baseline_scores, layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection

Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def shipped() -> pd.DataFrame:
    """Curves of the real data set on both kinds of folds."""
    store = ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED)
    return layer_curves(store, Selection(dataset="pereira2018-language-network"))


@pytest.fixture(scope="module")
def figure(shipped: pd.DataFrame) -> go.Figure:
    store = ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED)
    baselines = baseline_scores(store, Selection(dataset="pereira2018-language-network"))
    return layer_figure(shipped, baselines)


@pytest.fixture(scope="module")
def caption(shipped: pd.DataFrame) -> str:
    return results_caption(shipped, "Brain predictivity by layer")


@pytest.fixture(scope="module")
def svg(figure: go.Figure, caption: str) -> ET.Element:
    return ET.fromstring(export_image(figure, caption, "svg"))


def svg_words(element: ET.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def boxes(svg: ET.Element) -> dict[str, Box]:
    """Where each annotation's text stands: left, top, right, bottom."""
    found = {}
    for group in svg.iter("{http://www.w3.org/2000/svg}g"):
        if group.get("class") == "annotation-text-g":
            rotation = re.match(r"rotate\(([-\d.]+)", group.get("transform", ""))
            inner = group.find("{http://www.w3.org/2000/svg}g")
            assert rotation is not None
            # Of a note that is out of its axis nothing is drawn.
            if inner is None:
                continue
            if float(rotation[1]) == 0:
                place = re.findall(r"-?[\d.]+", inner.get("transform", ""))
                box = inner.find("{http://www.w3.org/2000/svg}rect")
                assert box is not None
                left, top = map(float, place)
                right, bottom = (
                    left + float(box.get("width", "")),
                    top + float(box.get("height", "")),
                )
                found[svg_words(group)] = (left, top, right, bottom)
    return found


def overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] - 1 and other[1] < one[3] - 1
    )


@pytest.fixture(scope="module")
def files(figure: go.Figure, caption: str) -> dict[tuple[str, str], bytes]:
    """Each kind at one column, and a slide, all by one browser."""
    wanted = [("png", "single"), ("svg", "single"), ("pdf", "single"), ("pdf", "150"),
              ("png", "slide"), ("svg", "single"), ("pdf", "single")]  # fmt: skip
    made = export_images([Order(figure, caption, k, page_size(w, 600)) for k, w in wanted])
    # What is asked for twice is the same twice.
    assert made[1] == made[5]
    assert made[2] == made[6]
    return dict(zip(wanted[:5], made, strict=False))


def test_a_png_has_the_asked_dpi_and_width_when_it_is_opened_again(
    files: dict[tuple[str, str], bytes],
) -> None:
    picture = Image.open(io.BytesIO(files["png", "single"]))
    assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)
    assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(85, abs=0.1)


def test_a_slide_is_16_to_9(files: dict[tuple[str, str], bytes]) -> None:
    picture = Image.open(io.BytesIO(files["png", "slide"]))
    assert picture.width / picture.height == pytest.approx(16 / 9, abs=0.002)


@pytest.mark.parametrize("width", ["single", "150"])
def test_a_pdf_is_as_wide_as_asked(files: dict[tuple[str, str], bytes], width: str) -> None:
    box = PdfReader(io.BytesIO(files["pdf", width])).pages[0].mediabox
    asked = 85 if width == "single" else 150
    assert float(box.width) / 72 * 25.4 == pytest.approx(asked, abs=1)


def type_sizes(pdf: bytes) -> list[float]:
    """Points of every piece of text."""
    sizes: list[float] = []

    def note(
        text: str, matrix: list[float], position: list[float], font: object, size: float
    ) -> None:
        if text.strip():
            sizes.append(size * math.hypot(*position[2:4]) * math.hypot(*matrix[2:4]))

    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    return sizes


@pytest.mark.parametrize("width", ["single", "150"])
def test_type_is_7_to_8_points_at_any_width(
    files: dict[tuple[str, str], bytes], width: str
) -> None:
    sizes = type_sizes(files["pdf", width])
    assert sizes
    assert min(sizes) >= 6.9
    assert max(sizes) <= 8.1


def test_an_svg_is_as_wide_as_asked(files: dict[tuple[str, str], bytes]) -> None:
    root = ET.fromstring(files["svg", "single"])
    assert root.get("width") == "85.00mm"
    assert root.get("viewBox")


def test_svg_is_xml_that_holds_the_caption_as_text(svg: ET.Element, caption: str) -> None:
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert caption in svg_words(svg)


def test_nothing_on_an_exported_figure_overlaps_or_runs_off_it(
    svg: ET.Element, figure: go.Figure, caption: str
) -> None:
    placed = boxes(svg)
    assert caption in placed
    assert len(placed) == 9
    assert not [pair for pair in itertools.combinations(placed, 2)
                if overlap(placed[pair[0]], placed[pair[1]])]  # fmt: skip
    laid_out = lay_out(figure, DOUBLE, caption).layout
    for left, top, right, bottom in placed.values():
        assert left >= 0
        assert right <= laid_out.width
        assert top >= 0
        assert bottom <= laid_out.height


def test_labels_of_levels_that_are_nearly_equal_can_all_be_read(
    curves: pd.DataFrame, baselines: pd.DataFrame
) -> None:
    # A ceiling of 0.8 and baselines about it, above curves that reach far below them.
    near = baselines.assign(mean=baselines["mean"].rank() * 1e-4 + 0.79)
    low = curves.assign(low=curves["low"] - 0.8)
    svg = ET.fromstring(export_image(layer_figure(low, near), "", "svg"))
    labels = {text: box for text, box in boxes(svg).items() if re.search(r"0\.(79|80)$", text)}
    assert any("ceiling" in text for text in labels)
    assert len(labels) >= 4
    assert not [pair for pair in itertools.combinations(labels, 2)
                if overlap(labels[pair[0]], labels[pair[1]])]  # fmt: skip


def test_pdf_is_one_page_whose_text_can_be_searched(figure: go.Figure, caption: str) -> None:
    reader = PdfReader(io.BytesIO(export_image(figure, caption, "pdf")))
    assert len(reader.pages) == 1
    text = " ".join(reader.pages[0].extract_text().split())
    assert "Pereira 2018, language network" in text
    assert "n = 627 sentences" in text
    assert "Evidence: measured" in text
    assert "Nat. Commun. 9:963" in text


class Tags(HTMLParser):
    """What a page would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_html_holds_plotly_and_the_caption_and_loads_nothing(
    figure: go.Figure, caption: str
) -> None:
    html = export_html(figure, caption).decode("utf-8")
    tags = Tags(html)
    assert tags.names.count("script") >= 2
    assert tags.addresses == []
    assert "Plotly.newPlot" in html
    assert caption in html.replace(r"\u003cbr\u003e", " ")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_without_a_browser_images_say_what_to_install(
    figure: go.Figure, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.figures.render.images_available", lambda: False)
    with pytest.raises(ExportError, match="apt-get install chromium.*HTML, CSV or Parquet"):
        export_image(figure, "caption", kind)


def test_images_are_offered_where_a_browser_is_found_and_only_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert images_available()
    monkeypatch.setattr(Chromium, "find_browser", lambda **_: None)
    assert not images_available()


@pytest.mark.parametrize(
    "fail",
    [
        lambda: RuntimeError("the browser was killed"),
        lambda: KaleidoError(525, "the browser was killed"),
        lambda: TimeoutError("the browser was killed"),
    ],
)
def test_a_browser_that_fails_is_an_error_with_advice(
    figure: go.Figure, fail: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def calc_fig(*args: object, **kwargs: object) -> bytes:
        raise fail()

    monkeypatch.setattr(Kaleido, "calc_fig", calc_fig)
    with pytest.raises(ExportError, match=r"the browser was killed.*take HTML"):
        export_image(figure, "caption", "png")


def test_csv_gives_back_the_plotted_numbers_exactly(shipped: pd.DataFrame, caption: str) -> None:
    table = pd.read_csv(io.BytesIO(export_csv(shipped, caption)))
    assert len(table) == len(shipped) == 42
    for column in ("layer", "mean", "low", "high", "n_samples", "n_folds"):
        assert list(table[column]) == list(shipped[column])


def test_every_row_of_a_csv_says_where_it_comes_from(shipped: pd.DataFrame, caption: str) -> None:
    table = pd.read_csv(io.BytesIO(export_csv(shipped, caption)))
    assert set(table["dataset"]) == {"pereira2018-language-network"}
    assert set(table["n_samples"]) == {627}
    assert set(table["split"]) == {"contiguous", "shuffled"}
    assert set(table["evidence"]) == {"measured"}
    assert all("Pereira et al. 2018" in text for text in table["citation"])
    assert set(table["caption"]) == {caption}


def test_parquet_keeps_numbers_and_types(shipped: pd.DataFrame, caption: str) -> None:
    content = io.BytesIO(export_parquet(shipped, caption))
    table = pd.read_parquet(content)
    assert (table[["mean", "low", "high"]] == shipped[["mean", "low", "high"]]).all(axis=None)
    assert table["layer"].dtype == shipped["layer"].dtype
    assert set(table["caption"]) == {caption}
    assert "citation" in table
    assert pq.read_schema(content).metadata[b"caption"].decode() == caption


def test_a_caption_is_added_to_a_copy_with_room_of_its_own(figure: go.Figure) -> None:
    before = figure.to_json()
    short, long = with_caption(figure, "short"), with_caption(figure, "a long story " * 60)
    assert figure.to_json() == before
    assert figure.layout.height < short.layout.height < long.layout.height
    for captioned in (short, long):
        grown = captioned.layout.height - figure.layout.height
        assert captioned.layout.margin.b - figure.layout.margin.b == grown
        assert captioned.layout.paper_bgcolor == "#FFFFFF"
