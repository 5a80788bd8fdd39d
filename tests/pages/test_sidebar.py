"""The sidebar's tools: undo and redo, saved views, and the comparison tray."""

from pathlib import Path

from backend.views.saved import saved_views
from tests.pages.conftest import LAYERS, Open, add_run, is_well, words


def test_options_say_how_many_runs_they_have(open_app: Open, store: Path) -> None:
    for model in ("tiny", "large"):
        add_run(store, model=model)
    app = open_app(LAYERS, data="toy")
    assert set(app.multiselect(key="models").options) == {"tiny (1)", "large (1)"}
    assert app.multiselect(key="roi").options == ["left_ifg (2)", "left_ptl (2)"]
    app.multiselect(key="roi").set_value(["left_ptl", "left_ifg"]).run()
    assert is_well(app)
    assert app.query_params["roi"] == ["left_ptl", "left_ifg"]


def test_undo_and_redo_bring_back_what_was_chosen(open_app: Open) -> None:
    app = open_app(LAYERS)
    before = dict(app.query_params)
    assert app.button(key="undo").disabled
    app.multiselect(key="compressions").set_value(["bnb-nf4"]).run()
    after = dict(app.query_params)
    app.button(key="undo").click().run()
    assert is_well(app)
    assert app.query_params == before
    assert app.multiselect(key="compressions").value == ["none", "bnb-int8", "bnb-nf4"]
    app.button(key="redo").click().run()
    assert app.query_params == after
    assert app.button(key="redo").disabled


def test_a_view_is_saved_and_opened_again(open_app: Open, store: Path) -> None:
    app = open_app(LAYERS)
    app.text_input(key="view_name").set_value("mine").run()
    app.button(key="view-save").click().run()
    (view,) = saved_views(store)
    assert (view.title, view.page) == ("mine", "layers")
    app.multiselect(key="compressions").set_value(["bnb-nf4"]).run()
    app.button(key="view-open").click().run()
    assert is_well(app)
    assert app.multiselect(key="compressions").value == ["none", "bnb-int8", "bnb-nf4"]


def test_pins_are_kept_and_compared_on_other_pages(open_app: Open) -> None:
    app = open_app(LAYERS)
    app.button(key="pin-now").click().run()
    app.multiselect(key="compressions").set_value(["bnb-nf4"]).run()
    app.button(key="pin-now").click().run()
    assert is_well(app)
    assert len(app.query_params["pin"]) == 2
    second = open_app(None, **app.query_params)
    assert is_well(second)
    assert second.query_params["pin"] == app.query_params["pin"]
    assert "Pinned selections" in words(second)
