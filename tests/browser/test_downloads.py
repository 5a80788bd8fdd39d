"""Every file that Layers offers, opened."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
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


def saved(tab: Tab, key: str, name: str) -> Path:
    # A page's files are many, and a machine may be busy.
    tab.settle()
    with tab.page.expect_download(timeout=180_000) as waiting:
        tab.keyed(key).get_by_role("button").click()
    assert waiting.value.suggested_filename == name
    return Path(waiting.value.path())


def download(tab: Tab, kind: str) -> Path:
    """Take a file that is one click away."""
    return saved(tab, f"layers-{kind}", f"cortexscale-layers.{kind}")


def choose(tab: Tab, kind: str, *options: str) -> Path:
    """Take a file from behind the button, with the keyboard as far as the format."""
    form = tab.keyed("layers-format")
    if not form.is_visible():
        button = tab.keyed("export-layers").get_by_role("button").first
        button.focus()
        tab.page.keyboard.press("Enter")
        expect(form).to_be_visible()
    for option in (kind.upper(), *options):
        choice = tab.page.get_by_role("radio", name=option, exact=True)
        choice.click()
        expect(choice).to_be_checked()
    # The button says what it gives: before it does, it would give what was chosen before.
    said = "".join(f"(?=.*{option})" for option in options)
    button = tab.page.get_by_role("button", name=re.compile(f"Download {kind.upper()}{said}"))
    expect(button).to_be_visible()
    return saved(tab, "layers-file", f"cortexscale-layers.{kind}")


def caption(tab: Tab) -> str:
    shown = tab.page.get_by_test_id("stCaptionContainer").filter(has_text="Data set:").first
    return shown.inner_text()


def test_the_caption_on_the_page_says_where_the_figure_comes_from(tab: Tab) -> None:
    for part in ("Pereira 2018, language network", "n = 627 sentences", "contiguous folds (10)",
                 "Evidence: measured", "Nat. Commun. 9:963"):  # fmt: skip
        assert part in caption(tab)


def test_png_has_the_asked_width_and_dpi(tab: Tab) -> None:
    picture = Image.open(download(tab, "png"))
    assert picture.info["dpi"][0] == pytest.approx(300, abs=0.1)
    assert picture.width / 300 * 25.4 == pytest.approx(174, abs=0.1)
    picture = Image.open(choose(tab, "png", "85 mm", "600"))
    assert picture.info["dpi"][0] == pytest.approx(600, abs=0.1)
    assert picture.width / 600 * 25.4 == pytest.approx(85, abs=0.1)


def test_svg(tab: Tab) -> None:
    root = ET.parse(choose(tab, "svg")).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert caption(tab) in " ".join(" ".join(root.itertext()).split())


def test_pdf(tab: Tab) -> None:
    reader = PdfReader(io.BytesIO(choose(tab, "pdf", "114 mm").read_bytes()))
    assert len(reader.pages) == 1
    assert float(reader.pages[0].mediabox.width) / 72 * 25.4 == pytest.approx(114, abs=1)
    assert caption(tab) in " ".join(reader.pages[0].extract_text().split())


def test_html_is_drawn_without_a_network(tab: Tab, browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "figure.html"
    page_file.write_bytes(choose(tab, "html").read_bytes())
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


def test_parquet_holds_the_same_numbers(tab: Tab) -> None:
    table = pd.read_parquet(choose(tab, "parquet"))
    plain = pd.read_csv(download(tab, "csv"))
    assert np.allclose(table["mean"], plain["mean"], rtol=1e-12)


def test_a_page_leaves_as_one_zip_that_says_how_it_was_made(tab: Tab) -> None:
    archive = zipfile.ZipFile(saved(tab, "page-zip", "cortexscale-layers.zip"))
    names = set(archive.namelist())
    assert {f"cortexscale-layers.{kind}" for kind in ("png", "svg", "pdf", "html", "csv")} <= names
    assert {"methods.md", "references.bib", "view.yaml", "versions.json", "README.txt"} <= names
    assert "[@pereira2018]" in archive.read("methods.md").decode()
    assert "shuffled" in archive.read("view.yaml").decode()
