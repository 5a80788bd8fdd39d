"""Stories on the Layers page and on the Run page's form."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from backend.jobs.config import AnyTask, StoryTask
from tests.datasets.folders import make_folder, write_settings
from tests.pages.conftest import LAYERS, RUN, Open, chart, is_well, words
from tests.story_helpers import STORIES, make_story_config, write_story_run


@pytest.fixture
def stories(store: Path) -> Path:
    """Two subjects on parcels."""
    for seed, subject in enumerate(("sub-01", "sub-02")):
        write_story_run(store, make_story_config(subject=subject), seed)
    return store


# Layers


@pytest.mark.usefixtures("stories")
def test_subject_region_and_side_are_chosen_and_kept_in_the_url(open_app: Open) -> None:
    app = open_app(LAYERS, data="tales", subject="sub-02", roi="AC", hemisphere="right")
    assert is_well(app)
    assert app.multiselect(key="subject").value == ["sub-02"]
    assert app.query_params["hemisphere"] == "right"
    assert "sub-02, n = 300 TRs" in words(app)
    app.selectbox(key="hemisphere").set_value("left").run()
    assert app.query_params["hemisphere"] == "left"


@pytest.mark.usefixtures("stories")
def test_a_side_that_another_region_lacks_is_given_up(open_app: Open) -> None:
    app = open_app(LAYERS, data="tales", roi="AC", hemisphere="right")
    app.multiselect(key="roi").set_value(["TP"]).run()
    assert is_well(app)
    assert app.query_params["hemisphere"] == "left"


@pytest.mark.usefixtures("stories")
@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("region", {"left", "right", "all nuisance", "noise ceiling"}),
        ("subject", {"sub-01", "sub-02"}),
        ("story", set(STORIES)),
    ],
)
def test_a_curve_is_taken_apart(open_app: Open, by: str, names: set[str]) -> None:
    app = open_app(LAYERS, data="tales", roi="AC", hemisphere="left")
    app.segmented_control(key="by").set_value(by).run()
    assert is_well(app)
    assert {trace.name for trace in chart(app, f"layers-by-{by}").data} == names
    assert app.query_params["by"] == by


@pytest.mark.usefixtures("stories")
def test_regions_have_a_map_and_too_few_of_them_no_hierarchy(open_app: Open) -> None:
    app = open_app(LAYERS, data="tales")
    assert list(chart(app, "layer-map").layout.yaxis.ticktext) == ["AC L", "AC R", "TP L"]
    assert "No hierarchy: regions with a place in the order: 2" in words(app)


def test_the_demo_cortex_has_its_hierarchy_with_the_order_and_who_contests_it(
    open_app: Open,
) -> None:
    app = open_app(LAYERS, data="demo-cortex", compressions="none")
    assert is_well(app)
    assert chart(app, "hierarchy").layout.title.text.startswith("Early to late: ρ = ")
    assert "It is a hypothesis, and contested: [Blank & Fedorenko 2020]" in words(app)


def test_sentences_are_not_taken_apart(open_app: Open) -> None:
    app = open_app(LAYERS)
    assert not [control for control in app.segmented_control if control.key == "by"]


# Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[AnyTask]:
    """Tasks that the page would have started."""
    tasks: list[AnyTask] = []
    monkeypatch.setattr("pages.shared.request.start_job", tasks.append)
    return tasks


def choose_stories(app: AppTest, source: str = "demo-cortex") -> AppTest:
    app.segmented_control(key="run_kind").set_value("stories").run()
    return app.segmented_control(key="run_story_data").set_value(source).run()


def choose_folder(app: AppTest, folder: Path) -> AppTest:
    choose_stories(app, "folder")
    return app.text_input(key="run_story_folder").set_value(str(folder)).run()


def test_the_demo_cortex_starts_as_it_is(open_app: Open, started: list[AnyTask]) -> None:
    app = choose_stories(open_app(RUN))
    app.selectbox(key="run_demo_subject").set_value("sub-02").run()
    assert is_well(app)
    app.button(key="run_start").click().run()
    (task,) = started
    assert isinstance(task, StoryTask)
    config = task.config
    assert (config.dataset, config.subject, config.evidence) == (
        "demo-cortex", "sub-02", "simulated"
    )  # fmt: skip
    assert (config.split, config.context, config.delays) == ("leave-story-out", 128, (1, 2, 3, 4))


def test_a_folder_starts_with_what_was_chosen(
    open_app: Open, started: list[AnyTask], tmp_path: Path
) -> None:
    app = choose_folder(open_app(RUN), make_folder(tmp_path / "toy"))
    app.selectbox(key="run_subject").set_value("s2").run()
    app.selectbox(key="run_story_split").set_value("test-story").run()
    app.multiselect(key="run_test_stories").set_value(["owl"]).run()
    app.number_input(key="run_context").set_value(32).run()
    app.segmented_control(key="run_response").set_value("glover").run()
    assert is_well(app)
    app.button(key="run_start").click().run()
    config = started[0].config
    assert (config.subject, config.split, config.test_stories) == ("s2", "test-story", ("owl",))
    assert (config.context, config.hrf, config.delays) == (32, "glover", ())


def test_everything_wrong_with_a_folder_is_listed_at_once(open_app: Open, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "toy")
    write_settings(folder, tr=2000.0)
    (folder / "responses" / "s1" / "fox.npy").unlink()
    (folder / "transcripts" / "owl.csv").write_text("word,onset,offset")
    app = choose_folder(open_app(RUN), folder)
    assert not app.exception
    (error,) = app.error
    assert "did you mean 2.0 s" in error.value
    assert error.value.count("\n- ") >= 2
    assert not [button for button in app.button if button.key == "run_start"]


@pytest.mark.parametrize("typed", ["no-such-folder", "~nobody-at-all/x", "x" * 5000])
def test_a_path_that_leads_nowhere_is_refused(open_app: Open, typed: str) -> None:
    app = choose_stories(open_app(RUN), "folder")
    app.text_input(key="run_story_folder").set_value(typed).run()
    assert not app.exception
    assert "no" in app.error[0].value
    assert not [button for button in app.button if button.key == "run_start"]


def test_the_cost_is_scaled_from_a_run_on_stories(open_app: Open, stories: Path) -> None:
    app = choose_stories(open_app(RUN))
    assert is_well(app)
    assert "scaled from minilm-l6" in words(app)
