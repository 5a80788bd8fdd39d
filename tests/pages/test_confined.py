"""On a shared machine the app reads what lies in the data folder, and nothing else."""

from pathlib import Path

import pytest

from tests.helpers import write_table
from tests.pages.conftest import RUN, Open

OUTSIDE = "lies outside of the data folder"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("CORTEXSCALE_DATA", str(folder))
    return folder


def test_a_table_in_the_data_folder_is_read_and_no_other(
    open_app: Open, data: Path, tmp_path: Path
) -> None:
    inside, outside = write_table(data / "in.csv"), write_table(tmp_path / "out.csv")
    link = data / "link.csv"
    link.symlink_to(outside)
    app = open_app(RUN)
    app.segmented_control(key="run_data").set_value("path").run()
    for path in (outside, link, data / ".." / "out.csv", "/etc/passwd", "a\0b.csv"):
        app.text_input(key="run_path").set_value(str(path)).run()
        assert not app.exception
        assert OUTSIDE in app.error[0].value, path
    app.text_input(key="run_path").set_value(str(inside)).run()
    assert not app.error
    assert app.multiselect(key="run_responses")


@pytest.mark.parametrize(
    ("source", "key", "typed"),
    [
        ("folder", "run_folder", "/etc"),
        ("hub", "run_hub", "../backend"),
        ("hub", "run_hub", "/etc"),
    ],
)
def test_a_model_elsewhere_is_refused(
    open_app: Open, data: Path, source: str, key: str, typed: str
) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_model_source").set_value(source).run()
    app.text_input(key=key).set_value(typed).run()
    assert OUTSIDE in app.error[0].value


def test_a_folder_of_stories_elsewhere_is_refused(
    open_app: Open, data: Path, tmp_path: Path
) -> None:
    app = open_app(RUN)
    app.segmented_control(key="run_kind").set_value("stories").run()
    app.segmented_control(key="run_story_data").set_value("folder").run()
    app.text_input(key="run_story_folder").set_value(str(tmp_path)).run()
    assert OUTSIDE in app.error[0].value


@pytest.mark.parametrize(
    "given", ["models: [/etc]\ndatasets: [demo-sentences]", "datasets: [/etc]"]
)
def test_a_sweep_on_what_lies_elsewhere_is_refused(open_app: Open, data: Path, given: str) -> None:
    text = f"name: a\n{given}\n" + ("" if "models" in given else "models: [minilm-l6]\n")
    app = open_app(RUN)
    app.text_area(key="sweep_text").set_value(text)
    app.button(key="sweep_start").click().run()
    assert any(OUTSIDE in block.value for block in app.code)
