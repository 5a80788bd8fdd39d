"""A subject of pycortex on the Cortex page; pycortex itself is stood in for."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from streamlit.testing.v1 import AppTest

from backend.cortex import pycortex_maps
from backend.cortex.pycortex_store import HOW, VARIABLE
from backend.store.reader import ResultStore
from backend.views.sheets import sheets_of
from backend.views.view import View
from tests.pages.conftest import Open, is_well
from tests.story_helpers import N_TARGETS, make_space, make_story_config, write_story_run

CORTEX = "pages/cortex.py"
RUN = make_story_config()
TALES = {"data": "tales", "brain": "S1"}


@pytest.fixture(autouse=True)
def filestore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A filestore whose subject has as many vertices as the run has targets."""
    (tmp_path / "db" / "S1" / "surfaces").mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "db"))
    for module in ("pages.shared.pycortex_panel", "backend.views.pycortex"):
        monkeypatch.setattr(f"{module}.available", lambda: None)
    monkeypatch.setattr(pycortex_maps, "n_vertices", lambda brain: (N_TARGETS - 5, 5))
    monkeypatch.setattr(
        "backend.views.pycortex.quickflat_figure", lambda *drawn, **told: Figure(figsize=(12, 6))
    )
    return tmp_path / "db"


def pictured(app: AppTest) -> str:
    """What the page's pictures say to a screen reader."""
    return " ".join(element.proto.body for element in app.get("html"))


def test_it_is_drawn_when_it_is_asked_for_only(open_app: Open, store: Path) -> None:
    write_story_run(store, RUN, 0, make_space("parcels"))
    app = open_app(CORTEX, data="tales")
    assert is_well(app)
    assert not app.toggle(key="brain_on").value
    assert "brain" not in app.query_params
    app.toggle(key="brain_on").set_value(True).run()
    assert is_well(app)
    assert "Subject S1 of pycortex" in pictured(app)
    assert app.query_params["brain"] == "S1"
    assert app.query_params["brain_run"] == RUN.run_id


def test_a_link_opens_it(open_app: Open, store: Path) -> None:
    write_story_run(store, RUN, 0, make_space("parcels"))
    app = open_app(CORTEX, **TALES, brain_at="0.01", brain_map="unique_r2")
    assert is_well(app)
    assert "shown where unique_r2 ≥ 0.01" in pictured(app)
    assert [each.label for each in app.get("download_button")][:1] == ["PNG"]


def test_a_run_of_another_brain_is_refused_in_words(
    open_app: Open, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pycortex_maps, "n_vertices", lambda brain: (10, 11))
    write_story_run(store, RUN, 0, make_space("parcels"))
    app = open_app(CORTEX, **TALES)
    assert any("the map has 12 values, and S1 takes 21 vertices" in each.value for each in app.text)
    assert "brain" not in app.query_params


def test_a_filestore_that_is_not_there_is_told(open_app: Open, store: Path) -> None:
    app = open_app(CORTEX, data="demo-cortex", brain="S1")
    app.text_input(key="brain_store").set_value("/nowhere/**db**").run()
    assert any("there is no pycortex filestore" in each.value for each in app.text)


def test_without_pycortex_the_page_says_how_to_get_it(
    open_app: Open, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.shared.pycortex_panel.available", lambda: HOW)
    app = open_app(CORTEX, data="demo-cortex", brain="S1")
    assert is_well(app)
    assert any("pip install pycortex==1.4.0" in each.value for each in app.info)


def test_the_export_has_the_run_that_a_view_names(store: Path) -> None:
    write_story_run(store, RUN, 0, make_space("parcels"))
    view = View(page="cortex", parameters={
        "data": ("tales",), "brain": ("S1",), "brain_run": (RUN.run_id,), "brain_at": ("0.15",),
    })  # fmt: skip
    (sheet,) = sheets_of(view, ResultStore(store))
    assert (sheet.key, sheet.run_ids) == ("pycortex", (RUN.run_id,))
    assert sheet.draw is not None
    assert sheet.draw("light", "pdf").startswith(b"%PDF")
    assert sheet.data["value"].min() >= 0.15
