"""The files of a view from the command line."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from backend.figures.render import images_available
from backend.views.files import read_views, write_views
from backend.views.view import View
from tests.conftest import Cli
from tests.exports.views import toy_store

LINK = "/compression?data=toy&roi=left_ifg&layer=fixed&depth=0.50"
TEXT = ("--format", "html,csv,parquet")


@pytest.fixture
def filled(store: Path) -> Path:
    toy_store(store)
    return store


@pytest.fixture
def view_file(tmp_path: Path) -> Path:
    path = tmp_path / "view.yaml"
    write_views(path, "One", [View.from_link(LINK)])
    return path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(not images_available(), reason="no Chromium")
def test_every_format_of_every_figure_is_written_and_opens(
    cli: Cli, filled: Path, view_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "figures"
    outcome = cli("figure", view_file, "--out", out, "--store", filled, "--width", "single",
                  "--dpi", "150", "--format", "png,csv")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "cortexscale-compression.png" in names(out)
    assert "cortexscale-trade-off.csv" in names(out)
    for name in names(out):
        assert str(out / name) in outcome.out
        if name.endswith(".png"):
            picture = Image.open(out / name)
            assert picture.width == pytest.approx(85 / 25.4 * 150, abs=1)
        else:
            assert "caption" in pd.read_csv(out / name)


def test_a_link_and_a_file_of_the_same_view_give_the_same_files(
    cli: Cli, filled: Path, view_file: Path, tmp_path: Path
) -> None:
    for out, given in (("a", view_file), ("b", LINK)):
        assert cli("figure", given, "--out", tmp_path / out, "--store", filled, *TEXT).code == 0
    assert names(tmp_path / "a") == names(tmp_path / "b")
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_zip_holds_methods_and_requests(cli: Cli, filled: Path, tmp_path: Path) -> None:
    outcome = cli("figure", LINK, "--out", tmp_path / "out", "--store", filled, "--zip", *TEXT)
    assert outcome.code == 0, outcome.err
    assert names(tmp_path / "out") == {"cortexscale-compression.zip"}
    content = (tmp_path / "out" / "cortexscale-compression.zip").read_bytes()
    held = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {"methods.md", "references.bib", "view.yaml", "versions.json", "README.txt"} < set(held)


def test_views_of_one_file_go_to_folders_of_their_own(
    cli: Cli, filled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "talk.yaml"
    write_views(path, "Talk", [View.from_link(LINK), View.from_link("/scale?data=toy")])
    outcome = cli("figure", path, "--out", tmp_path / "out", "--store", filled, "--format", "csv")
    assert outcome.code == 0, outcome.err
    written = names(tmp_path / "out")
    assert {"1/cortexscale-compression.csv", "2/cortexscale-scale.csv"} <= written


def test_only_files_of_its_own_names_are_written_over(
    cli: Cli, filled: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "cortexscale-compression.csv").write_text("old")
    cli("figure", LINK, "--out", out, "--store", filled, "--format", "csv")
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "cortexscale-compression.csv").read_text() != "old"


def test_without_a_browser_the_rest_is_written_and_that_is_said(
    cli: Cli, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.exports.files.images_available", lambda: False)
    outcome = cli("figure", LINK, "--out", tmp_path / "out", "--store", filled)
    assert outcome.code == 0
    assert "no png, svg, pdf: that needs Chrome or Chromium" in outcome.out
    assert {Path(name).suffix for name in names(tmp_path / "out")} == {".html", ".csv", ".parquet"}
    outcome = cli("figure", LINK, "--out", tmp_path / "o", "--store", filled, "--format", "png")
    assert outcome.code == 2
    assert "nothing is left to be written" in outcome.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/moon?data=toy", "leads to no page; accepted are overview"),
        ("/run", "the page 'run' has no figures"),
        ("/compression?data=toy&roi=left_ifg&compressions=none", "nothing in the store fits"),
        ("nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    cli: Cli, filled: Path, tmp_path: Path, given: str, said: str
) -> None:
    outcome = cli("figure", given, "--out", tmp_path / "out", "--store", filled, *TEXT)
    assert outcome.code == 2
    assert said in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_view_of_a_newer_version_is_refused(cli: Cli, filled: Path, tmp_path: Path) -> None:
    path = tmp_path / "view.yaml"
    path.write_text("version: 2\nviews: []\n")
    outcome = cli("figure", path, "--out", tmp_path / "out", "--store", filled)
    assert outcome.code == 2
    assert "version" in outcome.err


def test_a_folder_that_cannot_be_written_is_an_error(
    cli: Cli, filled: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    outcome = cli("figure", LINK, "--out", tmp_path / "file", "--store", filled, *TEXT)
    assert outcome.code == 2
    assert "cannot be written" in outcome.err
    assert "--out" in outcome.err


@pytest.mark.parametrize("options", [("--width", "wide"), ("--dpi", "5"), ("--format", "gif")])
def test_options_are_checked_before_anything_is_made(
    cli: Cli, store: Path, tmp_path: Path, options: tuple[str, str]
) -> None:
    outcome = cli("figure", LINK, "--out", tmp_path / "out", "--store", store, *options)
    assert outcome.code == 2
    assert options[1] in outcome.err


def test_an_empty_store_says_what_to_do(cli: Cli, store: Path, tmp_path: Path) -> None:
    outcome = cli("figure", LINK, "--out", tmp_path / "out", "--store", store)
    assert outcome.code == 2
    assert "encode" in outcome.err


def test_help_teaches(cli: Cli) -> None:
    text = cli("figure", "--help").out
    assert 'python -m backend figure "/scale?data=demo-cortex&regions=all" --out figures' in text
    assert "single 85 mm" in text


def test_a_talk_s_pictures_are_its_stage_s_with_their_list(
    cli: Cli, filled: Path, view_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "slides"
    outcome = cli("figure", view_file, "--talk", "--out", out, "--store", filled, "--dpi", "192",
                  "--format", "png,csv" if images_available() else "csv")  # fmt: skip
    assert outcome.code == 0, outcome.err
    (view,) = read_views(out / "talk.yaml").views
    assert view == View.from_link(LINK)
    if images_available():
        # Twice the 96 dots of the stage, which a view without a note has for itself.
        assert Image.open(out / "cortexscale-1-compression.png").size == (2 * 1184, 2 * 520)


def test_the_tour_is_written_where_no_view_is_given_and_says_what_is_absent(
    cli: Cli, filled: Path, tmp_path: Path
) -> None:
    out = tmp_path / "slides"
    outcome = cli("figure", "--talk", "--out", out, "--store", filled, "--format", "csv")
    assert outcome.code == 0, outcome.err
    assert len(read_views(out / "talk.yaml").views) == 6


@pytest.mark.parametrize(
    ("given", "told"), [((), "give a view"), (("--talk", "--zip"), "leave out --zip")]
)
def test_what_contradicts_itself_is_refused(
    cli: Cli, tmp_path: Path, given: tuple[str, ...], told: str
) -> None:
    outcome = cli("figure", *given, "--out", tmp_path, "--format", "csv")
    assert outcome.code == 2
    assert told in outcome.err
