"""Talk mode: any address in the dress of a talk, a list to step through, and how it is made."""

from pathlib import Path

import pytest

from backend.views.files import write_views
from backend.views.talks import read_talk, talk_names, write_talk
from backend.views.view import View
from tests.pages.conftest import LAYERS, Open, is_well, words

TOY = {"models": "minilm-l6", "compressions": "none"}
VIEWS = (
    View(page="layers", title="Curves <b>*now*</b>", note="One.\nTwo.", parameters=TOY),
    View(page="claims", title="Verdicts"),
)


def shown(app) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def test_the_tour_is_stepped_through(open_app: Open) -> None:
    app = open_app(talk="1")
    assert is_well(app)
    assert "1 / 6" in shown(app)
    assert "What is predicted" in shown(app)
    app.button(key="talk-next").click().run()
    app.button(key="talk-next").click().run()
    assert "3 / 6" in shown(app)
    assert app.query_params["step"] in ("3", ["3"])
    app.button(key="talk-step-6").click().run()
    assert "talk-claims" in shown(app)
    assert app.button(key="talk-next").disabled
    assert is_well(app)


def test_a_view_of_its_own_keeps_its_page_and_selection(open_app: Open) -> None:
    app = open_app(LAYERS, talk="1", **TOY)
    assert is_well(app)
    assert "– / 6" in shown(app)
    assert app.selectbox(key="data")
    app.button(key="talk-leave").click().run()
    assert "talk" not in app.query_params
    assert app.query_params["compressions"] in ("none", ["none"])
    assert app.title[0].value == "Layers"


@pytest.mark.parametrize("step", ["0", "99", "x", "٣", "-1"])
def test_a_step_that_is_not_there_gives_way(open_app: Open, step: str) -> None:
    app = open_app(talk="1", step=step)
    assert is_well(app)
    assert " / 6" in shown(app)


def test_a_list_is_shown_as_it_is_written(open_app: Open, store: Path) -> None:
    write_talk(store, "Mine", VIEWS)
    app = open_app(talk="1", list="Mine", step="1")
    assert "1 / 2" in shown(app)
    assert "Curves &lt;b&gt;*now*&lt;/b&gt;" in shown(app)
    assert "<b>" not in shown(app)
    assert is_well(app)


def test_a_list_that_is_gone_gives_way_to_the_tour(open_app: Open) -> None:
    app = open_app(talk="1", list="../../etc/passwd")
    assert "1 / 6" in shown(app)
    assert "cannot name a talk" in app.toast[0].value
    assert is_well(app)


def test_a_list_is_made_ordered_and_begun(open_app: Open, store: Path) -> None:
    app = open_app(LAYERS, **TOY)
    for title in ("First", "Second"):
        app.text_input(key="talk_title").set_value(title)
        app.button(key="talk-add").click().run()
    assert [view.title for view in read_talk(store, "My talk")] == ["First", "Second"]
    app.button(key="talk-earlier").click().run()
    assert [view.title for view in read_talk(store, "My talk")] == ["Second", "First"]
    app.text_input(key="talk_title").set_value("Renamed")
    app.text_area(key="talk_note").set_value("Said.")
    app.button(key="talk-edit").click().run()
    first = read_talk(store, "My talk")[0]
    assert (first.title, first.note, first.page) == ("Renamed", "Said.", "layers")
    assert first.parameters["models"] == ("minilm-l6",)
    app.button(key="talk-start").click().run()
    assert app.query_params["list"] in ("My talk", ["My talk"])
    assert "1 / 2" in shown(app)
    app.button(key="talk-leave").click().run()
    app.button(key="talk-remove").click().run()
    assert len(read_talk(store, "My talk")) == 1
    assert is_well(app)


def test_a_file_is_read_and_a_bad_one_is_refused(
    open_app: Open, store: Path, tmp_path: Path
) -> None:
    app = open_app(LAYERS)
    path = tmp_path / "talk.yaml"
    write_views(path, "Sent", VIEWS)
    app.file_uploader(key="talk_upload").set_value(
        ("talk.yaml", path.read_bytes(), "application/yaml")
    ).run()
    assert talk_names(store) == ["Sent"]
    assert read_talk(store, "Sent") == VIEWS
    app.file_uploader(key="talk_upload").set_value(
        ("newer.yaml", b"version: 9\nviews: []\n", "application/yaml")
    ).run()
    assert any("of version 9" in error.value for error in app.error)
    assert "Traceback" not in words(app)
    assert talk_names(store) == ["Sent"]
