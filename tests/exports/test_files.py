"""Formats that are asked for, and those that can be had."""

import io
import struct
from pathlib import Path

import pandas as pd
import pytest

from backend.errors import InputError
from backend.exports.files import FORMATS, Choice, parse_formats, possible_formats, sheet_files
from backend.figures.render import ExportError, Picture
from backend.figures.sizes import page_size
from tests.exports.views import toy_sheets, toy_store


def test_formats_are_read_in_any_order_and_case() -> None:
    assert parse_formats("CSV, png,png") == ("png", "csv")
    assert parse_formats(",".join(FORMATS)) == FORMATS


@pytest.mark.parametrize("text", ["gif", "png,doc", "", ","])
def test_what_is_no_format_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no format; accepted are png, svg, pdf, html, csv"):
        parse_formats(text)


def test_without_a_browser_pictures_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.exports.files.images_available", lambda: False)
    assert possible_formats(FORMATS) == ("html", "csv", "parquet")
    assert possible_formats(("png",)) == ()


def test_pictures_are_rendered_together_and_each_goes_to_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def render(pictures: list[Picture]) -> list[bytes]:
        asked.append([picture.kind for picture in pictures])
        return [f"{picture.kind} {picture.figure.layout.width:.0f}".encode()
                for picture in pictures]  # fmt: skip

    monkeypatch.setattr("backend.figures.export.render", render)
    curves, _, table = toy_sheets(toy_store(tmp_path))
    files = sheet_files([curves, table], Choice(("svg", "pdf"), page_size("single")))
    assert asked == [["svg", "pdf"]]
    assert files["cortexscale-curves.svg"] == b"svg 321"
    assert files["cortexscale-curves.pdf"] == b"pdf 321"
    assert "cortexscale-table.svg" not in files


def test_a_picture_says_its_width(tmp_path: Path) -> None:
    (_, picture, _) = toy_sheets(toy_store(tmp_path))
    png = sheet_files([picture], Choice(("png",), page_size("127")))["cortexscale-picture.png"]
    place = png.index(b"pHYs")
    (per_metre,) = struct.unpack(">I", png[place + 4 : place + 8])
    assert 2 / per_metre == pytest.approx(0.127, rel=0.05)


def test_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    (curves, *_) = toy_sheets(toy_store(tmp_path))
    files = sheet_files([curves], Choice(("csv", "parquet")))
    table = pd.read_csv(io.BytesIO(files["cortexscale-curves.csv"]))
    assert list(table["mean"]) == list(curves.data["mean"])
    typed = pd.read_parquet(io.BytesIO(files["cortexscale-curves.parquet"]))
    assert (typed["mean"] == curves.data["mean"]).all()


def test_pictures_without_a_browser_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.figures.render.images_available", lambda: False)
    with pytest.raises(ExportError, match="take HTML, CSV or Parquet"):
        sheet_files(toy_sheets(toy_store(tmp_path)), Choice(("png",)))
