"""All of a view in one zip."""

import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from backend import __version__
from backend.exports.bundle import view_files, zipped
from backend.exports.files import Choice
from backend.figures.sizes import page_size
from backend.jobs.config import EncodingConfig
from backend.views.files import read_views
from tests.exports.test_bibtex import parse
from tests.exports.views import VIEW, toy_sheets, toy_store

WITHOUT_BROWSER = Choice(formats=("html", "csv", "parquet"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    store = toy_store(tmp_path_factory.mktemp("store"))
    return view_files(VIEW, toy_sheets(store), store, WITHOUT_BROWSER)


def test_each_sheet_is_there_in_each_format_that_it_has(made: dict[str, bytes]) -> None:
    figures = {name for name in made if name.startswith("cortexscale-")}
    assert figures == {
        "cortexscale-curves.html", "cortexscale-curves.csv", "cortexscale-curves.parquet",
        "cortexscale-picture.html", "cortexscale-picture.csv", "cortexscale-picture.parquet",
        "cortexscale-table.csv", "cortexscale-table.parquet",
    }  # fmt: skip


def test_it_holds_words_references_and_requests(made: dict[str, bytes]) -> None:
    ids = [name[8:24] for name in made if name.startswith("configs/")]
    assert len(ids) == 2
    for run_id in ids:
        config = EncodingConfig.model_validate_json(made[f"configs/{run_id}.json"])
        assert config.run_id == run_id
    assert made["caption.txt"].decode().startswith("curves: A figure. Evidence: measured.")
    assert "# Methods" in made["methods.md"].decode()
    assert {"wang2020", "dettmers2023", "cortexscale"} <= set(
        parse(made["references.bib"].decode())
    )


def test_the_view_can_be_opened_again(made: dict[str, bytes]) -> None:
    assert list(read_views(io.BytesIO(made["view.yaml"])).views) == [VIEW]


def test_versions_say_nothing_of_the_machine(made: dict[str, bytes]) -> None:
    content = json.loads(made["versions.json"])
    assert content["cortexscale"] == __version__
    assert content["packages"]["plotly"]
    assert set(content) == {"cortexscale", "python", "packages", "runs"}
    assert set(content["runs"].values()) == {"0"}


def test_the_readme_says_how_to_make_all_of_it_again(made: dict[str, bytes]) -> None:
    text = made["README.txt"].decode()
    assert text.startswith("A toy\n=====\n")
    assert "A note." in text
    assert "/layers?data=toy" in text
    assert "python -m backend figure view.yaml --out figures --format html,csv,parquet" in text
    assert "--width 174 --dpi 300" in text
    assert text.count("python -m backend encode --dataset FILE_OR_FOLDER") == 2
    assert "--compression bnb-nf4" in text


def test_options_of_the_figures_are_in_the_readme(tmp_path: Path) -> None:
    store = toy_store(tmp_path)
    choice = Choice(("csv",), page_size("slide", 150), "dark", caption=False)
    text = view_files(VIEW, toy_sheets(store), store, choice)["README.txt"].decode()
    assert "--format csv --width slide --dpi 150 --dark --no-caption" in text


def test_simulated_evidence_is_said_in_every_file_of_words_and_numbers(tmp_path: Path) -> None:
    store = toy_store(tmp_path, evidence="simulated")
    files = view_files(VIEW, toy_sheets(store), store, WITHOUT_BROWSER)
    said = {name: content.decode().lower() for name, content in files.items()
            if name.endswith((".txt", ".md", ".csv", ".html")) or "configs" in name}  # fmt: skip
    assert len(said) == 10
    for name, text in said.items():
        assert "simulated" in text, name
    assert "SIMULATED" in files["cortexscale-curves.html"].decode()
    for name in files:
        if name.endswith(".parquet"):
            captions = pd.read_parquet(io.BytesIO(files[name]))["caption"]
            assert captions.str.contains("simulated").all()


def test_the_same_view_gives_the_same_bytes(made: dict[str, bytes], tmp_path: Path) -> None:
    store = toy_store(tmp_path)
    again = view_files(VIEW, toy_sheets(store), store, WITHOUT_BROWSER)
    assert zipped(again) == zipped(made)


def test_a_zip_holds_the_files_without_a_time(made: dict[str, bytes]) -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped(made)))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == made
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_view_without_runs_still_has_its_files(tmp_path: Path) -> None:
    store = toy_store(tmp_path)
    (curves, *_) = toy_sheets(store)
    quoted = type(curves)("quoted", curves.build, None, curves.data, "A caption.", "alt")
    files = view_files(VIEW, [quoted], store, Choice(("csv",)))
    assert "No run of the store is shown." in files["methods.md"].decode()
    assert list(parse(files["references.bib"].decode())) == ["cortexscale"]
