"""Every file that Layers offers, opened."""

import io
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from backend.paths import PRECOMPUTED
from backend.store.queries import layer_curves
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from tests.browser.harness import Server, Tab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """Layers, with two compressions and both kinds of folds."""
    tab = Tab(browser, server).open("/layers?compressions=none&compressions=bnb-nf4&shuffled=true")
    yield tab
    assert tab.is_well()
    tab.close()


def download(tab: Tab, kind: str) -> Path:
    with tab.page.expect_download() as waiting:
        tab.keyed(f"layers-{kind}").get_by_role("button").click()
    assert waiting.value.suggested_filename == f"cortexscale-layers.{kind}"
    return Path(waiting.value.path())


def caption(tab: Tab) -> str:
    shown = tab.page.get_by_test_id("stCaptionContainer").filter(has_text="Data set:").first
    return shown.inner_text()


def test_the_caption_on_the_page_says_where_the_figure_comes_from(tab: Tab) -> None:
    for part in ("Pereira 2018, language network", "n = 627 sentences", "contiguous folds (10)",
                 "Evidence: measured", "Nat. Commun. 9:963"):  # fmt: skip
        assert part in caption(tab)


def test_png(tab: Tab) -> None:
    content = download(tab, "png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert width == 2200
    assert height > 1000


def test_svg(tab: Tab) -> None:
    root = ET.parse(download(tab, "svg")).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert caption(tab) in " ".join(" ".join(root.itertext()).split())


def test_pdf(tab: Tab) -> None:
    reader = PdfReader(io.BytesIO(download(tab, "pdf").read_bytes()))
    assert len(reader.pages) == 1
    assert caption(tab) in " ".join(reader.pages[0].extract_text().split())


def test_html_is_drawn_without_a_network(tab: Tab, browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "figure.html"
    page_file.write_bytes(download(tab, "html").read_bytes())
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.locator(".legendtext")).to_have_text(
        ["MiniLM-L6, full precision", "MiniLM-L6, NF4"]
    )
    written = " ".join(page.locator(".annotation-text").last.locator("tspan").all_text_contents())
    assert " ".join(written.split()) == caption(tab)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def test_csv(tab: Tab) -> None:
    table = pd.read_csv(download(tab, "csv"))
    store = ResultStore(PRECOMPUTED.parent / "none", PRECOMPUTED)
    curves = layer_curves(
        store,
        Selection(dataset="pereira2018-language-network", compressions=("none", "bnb-nf4")),
    )
    keys = ["run_id", "layer"]
    expected = curves.sort_values(keys)
    assert len(table) == len(expected) == 28
    for column in ("mean", "low", "high"):
        assert np.allclose(table.sort_values(keys)[column], expected[column], rtol=1e-12)
    assert set(table["split"]) == {"contiguous", "shuffled"}
    assert set(table["n_samples"]) == {627}
    assert set(table["evidence"]) == {"measured"}
    assert all("Pereira et al. 2018" in text for text in table["citation"])
    assert set(table["caption"]) == {caption(tab)}
