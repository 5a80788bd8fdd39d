"""The Run page's form: data, model, folds; what it will cost; and the start button."""

from collections.abc import Mapping, Sequence

import streamlit as st

from backend.errors import CortexScaleError
from backend.jobs.config import AnyTask
from backend.jobs.local import start_job
from backend.jobs.planner import Plan, plan_run
from backend.jobs.request import check_folds
from backend.jobs.stories import StoryChoice
from backend.store.queries import has_run
from pages.shared.cards import Card, metric_cards
from pages.shared.model_form import choose_compression, choose_model
from pages.shared.sentence_form import choose_sentences, sentence_task
from pages.shared.store import open_store
from pages.shared.story_form import choose_story_data, story_task
from pages.shared.url import seed_one
from pages.shared.waiting import Waiting

_KINDS = {"sentences": "Sentences", "stories": "Stories"}
_SENTENCES = {"demo": "Demo (simulated)", "upload": "Upload a table", "path": "Table on disk"}
_STORIES = {"demo-cortex": "Demo cortex (simulated)", "folder": "Folder on this machine"}


def show_request() -> None:
    """Draw the form; start the run when the user says so."""
    try:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("Stimulus and responses")
            stories = _choose("Stimulus", "run_kind", _KINDS) == "stories"
            if stories:
                data = choose_story_data(_choose("Data", "run_story_data", _STORIES))
            else:
                data = choose_sentences(_choose("Data", "run_data", _SENTENCES))
        with right:
            st.subheader("Model and folds")
            model, compression = choose_model(), choose_compression()
            if stories:
                task = story_task(data, model, compression)
                plan = plan_run(task, data, open_store())
                warnings, size = data.warnings, story_size(data)
            else:
                task, recording = sentence_task(data, model, compression)
                plan = plan_run(task, recording, open_store())
                warnings = check_folds(task.config, recording)
                size = f"{len(recording.sentences)} sentences, {len(data.responses)} response(s)"
        confirm(task, plan, warnings, size)
    except Waiting as waiting:
        st.info(str(waiting), icon=":material/upload_file:")
    except CortexScaleError as error:
        st.error(str(error), icon=":material/error:")


def _choose(label: str, key: str, options: Mapping[str, str]) -> str:
    # No default: another page may have filled the form in.
    seed_one(key, list(options))
    chosen = st.segmented_control(
        label, list(options), required=True,
        format_func=options.__getitem__, key=key, label_visibility="collapsed",
    )  # fmt: skip
    return chosen or next(iter(options))


def story_size(data: StoryChoice) -> str:
    return (
        f"{len(data.stories)} stories, {sum(data.stories.values())} TRs, {data.n_targets} targets"
    )


def confirm(task: AnyTask, plan: Plan, warnings: Sequence[str], size: str) -> None:
    show_plan(plan, size)
    for warning in warnings:
        st.warning(warning, icon=":material/warning:")
    if has_run(open_store(), task.config.run_id):
        st.success(
            "This very run is in the store: it is on the Layers page. Starting it again computes "
            "the same scores.",
            icon=":material/check_circle:",
        )
    if st.button(
        "Start run", type="primary", icon=":material/play_arrow:", key="run_start",
        disabled=plan.problem is not None,
    ):  # fmt: skip
        start_job(task)
        st.toast("Started. It goes on when this tab is closed.", icon=":material/rocket_launch:")


def show_plan(plan: Plan, size: str) -> None:
    cost, disk = plan.cost, plan.disk
    written = None if disk.states is None else disk.copy + disk.states
    cards = [
        Card("Time", _time(cost.seconds), cost.basis),
        Card(
            "Memory",
            _bytes(None if plan.memory is None else plan.memory.peak),
            f"peak of the run's process; {_bytes(plan.free)} free"
            if plan.device == "cpu"
            else f"on the GPU; {_bytes(plan.free)} free",
        ),
        Card(
            "Fits",
            "?" if cost.n_fits is None else f"{cost.n_fits}",
            f"layers and baselines × folds; {size}",
        ),
        Card(
            "Download",
            "none" if disk.download == 0 else _bytes(disk.download),
            "everything is on this machine" if disk.download == 0 else "from the hub, once",
        ),
        Card("Disk", _bytes(written), f"states and copies; {_bytes(disk.free)} free"),
    ]
    st.subheader("What it will cost")
    metric_cards(cards)
    if plan.problem is not None:
        st.error(plan.problem, icon=":material/memory:")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def _bytes(n_bytes: float | None) -> str:
    if n_bytes is None:
        return "unknown"
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"
