"""The Run page's list of runs: each state in words, and what can be done about it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from backend.jobs.config import EncodingConfig, Task
from backend.jobs.local import JobStatus, jobs_folder, worker_lock, write_status
from backend.jobs.request import build_task, choose_data
from tests.helpers import make_config
from tests.pages.conftest import RUN, Open, add_run, chart, is_well, words


def put_job(store: Path, config: EncodingConfig, **status: object) -> Path:
    """A job's folder as a worker leaves it."""
    folder = jobs_folder(store) / config.run_id
    folder.mkdir(parents=True)
    task = Task(config=config, data_path=store / "toy.csv", model_name="tiny", store=store)
    (folder / "request.json").write_text(task.model_dump_json())
    now = time.time()
    write_status(folder, JobStatus(**{"started": now, "updated": now, **status}))
    return folder


def labels(app: AppTest) -> set[str]:
    of_forms = {"Start run", "Write it below", "Plan", "Start sweep"}
    return {button.label for button in app.main.button} - of_forms


@pytest.fixture
def at_work(store: Path) -> Iterator[EncodingConfig]:
    """A job whose worker, which is this process, lives."""
    config = make_config()
    folder = put_job(
        store, config, state="running", stage="fitting layers", done=3, total=12, pid=os.getpid()
    )
    with worker_lock(folder):
        yield config


def test_no_runs_are_said_to_be_none(open_app: Open) -> None:
    assert "No runs were started from this page yet." in words(open_app(RUN))


def test_a_run_at_work_shows_how_far_it_is_and_can_be_cancelled(
    open_app: Open, at_work: EncodingConfig
) -> None:
    app = open_app(RUN)
    assert is_well(app)
    shown = words(app)
    assert "**running** · toy · tiny, full precision · contiguous folds" in shown
    assert at_work.run_id[:8] in shown
    (bar,) = app.get("progress")
    assert bar.text.startswith("fitting layers: 3 of 12, ")
    assert bar.value == 25
    assert labels(app) == {"Cancel"}


def test_a_finished_run_leads_to_its_result(open_app: Open, store: Path) -> None:
    add_run(store, seed=1, compression="bnb-nf4")
    config = add_run(store)
    put_job(store, config, state="done", stage="finished")
    app = open_app(RUN)
    assert "**done**" in words(app)
    assert labels(app) == {"See on Layers"}
    app.button(key=f"see-{config.run_id}").click().run()
    assert is_well(app)
    assert app.title[0].value == "Layers"
    assert app.query_params["data"] == "toy"
    assert app.query_params["compressions"] == "none"
    assert {trace.name for trace in chart(app, "layers").data} == {"tiny, full precision"}
    assert not app.warning


def test_a_finished_shuffled_run_is_shown_as_a_comparison(open_app: Open, store: Path) -> None:
    add_run(store)
    config = add_run(store, split="shuffled")
    put_job(store, config, state="done")
    app = open_app(RUN)
    app.button(key=f"see-{config.run_id}").click().run()
    assert is_well(app)
    assert app.query_params["folds"] == "contiguous"
    assert app.query_params["shuffled"] == "true"


def test_a_failed_run_says_why_and_shows_its_log(open_app: Open, store: Path) -> None:
    folder = put_job(store, make_config(), state="failed", message="the disk is full; free some")
    (folder / "log.txt").write_text("line one\nline two\n")
    app = open_app(RUN)
    assert is_well(app)
    assert "**failed**" in words(app)
    assert "the disk is full; free some" in [caption.value for caption in app.caption]
    assert app.main.code[0].value == "line one\nline two"
    assert labels(app) == {"Start again"}


def test_a_run_whose_process_is_gone_is_lost_and_can_be_started_again(
    open_app: Open, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    put_job(store, config, state="running", stage="fitting", done=1, total=2, pid=1)
    started: list[Task] = []
    monkeypatch.setattr("pages.shared.jobs.start_job", started.append)
    app = open_app(RUN)
    assert "**lost**" in words(app)
    assert "its process ended without a word" in words(app)
    assert labels(app) == {"Start again"}
    app.button(key=f"again-{config.run_id}").click().run()
    assert is_well(app)
    assert [task.config for task in started] == [config]


def test_a_cancelled_run_can_be_started_again(open_app: Open, store: Path) -> None:
    put_job(store, make_config(), state="cancelled", message="cancelled; nothing was written")
    app = open_app(RUN)
    assert "cancelled; nothing was written" in words(app)
    assert labels(app) == {"Start again"}


def test_a_job_folder_that_cannot_be_read_is_left_out(open_app: Open, store: Path) -> None:
    put_job(store, make_config(), state="done")
    broken = put_job(store, make_config(model="other"), state="done")
    (broken / "request.json").write_text("{")
    app = open_app(RUN)
    assert is_well(app)
    assert words(app).count("**done**") == 1


def test_the_latest_run_is_listed_first_and_old_ones_not_at_all(
    open_app: Open, store: Path
) -> None:
    for age in range(12):
        put_job(store, make_config(model=f"model {age:02}"), state="done", started=1000.0 - age)
    shown = words(open_app(RUN))
    places = [shown.find(f"model {age:02}") for age in range(12)]
    assert places[:8] == sorted(places[:8])
    assert -1 not in places[:8]
    assert set(places[8:]) == {-1}


def test_the_same_run_is_not_started_twice(open_app: Open, store: Path) -> None:
    app = open_app(RUN)
    task, _ = build_task(choose_data("demo-sentences"), "minilm-l6", store)
    folder = put_job(store, task.config, state="running", pid=os.getpid())
    with worker_lock(folder):
        app.button(key="run_start").click().run()
    assert not app.exception
    assert "is being computed already" in app.error[0].value
