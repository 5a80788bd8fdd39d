"""Probing: what is read is shown beside its floors, and what is missing says how to fill it."""

from pathlib import Path

import pandas as pd
import pytest

from tests.comparisons.probe_stores import write_probed
from tests.pages.conftest import Open, chart, is_well, words

PROBING = "pages/probing.py"


def test_an_empty_store_names_the_command(open_app: Open) -> None:
    app = open_app(PROBING)
    assert is_well(app)
    assert "python -m backend probe --model minilm-l6" in words(app)
    assert any(button.label == "Start" for button in app.button)


def test_profiles_changes_tasks_and_items_are_shown(open_app: Open, store: Path) -> None:
    write_probed(store, "tiny", none=0.9, twin=0.55)
    write_probed(store, "tiny", compression="magnitude-70", none=0.7)
    app = open_app(PROBING, of="tiny", beside="magnitude-70")
    assert is_well(app)
    assert "of 4 tasks** are read above chance, length and keywords" in words(app)
    assert "\N{MINUS SIGN}0.200" in words(app)
    panels = [note["text"] for note in chart(app, "profiles").to_dict()["layout"]["annotations"]]
    assert panels == ["Discourse", "Syntax"]
    assert len(chart(app, "probe-changes").data) == 3
    assert "probe" in [trace.name for trace in chart(app, "probe-tasks").data]
    shown = app.dataframe[0].value
    assert isinstance(shown, pd.DataFrame)
    assert set(shown["Probe says"]) == {"a", "b"}
    assert app.query_params["of"] == "tiny"


def test_texts_from_files_are_not_markup(open_app: Open, store: Path) -> None:
    write_probed(store, "tiny", none=0.9, text="<b>bold</b> **x**")
    app = open_app(PROBING)
    assert is_well(app)
    assert "<b>" not in words(app)
    assert "<b>bold</b> **x**" in app.dataframe[0].value["Text"].tolist()


@pytest.mark.parametrize("query", [{"of": "nobody"}, {"task": "no such"}, {"probes": "x"}])
def test_a_link_to_what_is_not_there_shows_what_is(
    open_app: Open, store: Path, query: dict[str, str]
) -> None:
    write_probed(store, "tiny", none=0.9)
    assert is_well(open_app(PROBING, **query))
