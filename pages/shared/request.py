"""The Run page's form: data, model, folds; what it will cost; and the start button."""

from collections.abc import Mapping, Sequence

import streamlit as st

from backend.errors import CortexScaleError
from backend.jobs.config import AnyTask
from backend.jobs.cost import CostEstimate, estimate_cost
from backend.jobs.local import start_job
from backend.jobs.request import check_folds
from backend.jobs.stories import StoryChoice
from backend.jobs.story_cost import estimate_story_cost
from backend.store.queries import has_run
from pages.shared.cards import Card, metric_cards
from pages.shared.model_form import choose_compression, choose_model
from pages.shared.sentence_form import choose_sentences, sentence_task
from pages.shared.store import open_store
from pages.shared.story_form import choose_story_data, story_task
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
                cost = estimate_story_cost(task, data, open_store())
                warnings, size = data.warnings, story_size(data)
            else:
                task, recording = sentence_task(data, model, compression)
                cost = estimate_cost(task, recording, open_store())
                warnings = check_folds(task.config, recording)
                size = f"{len(recording.sentences)} sentences, {len(data.responses)} response(s)"
        confirm(task, cost, warnings, size)
    except Waiting as waiting:
        st.info(str(waiting), icon=":material/upload_file:")
    except CortexScaleError as error:
        st.error(str(error), icon=":material/error:")


def _choose(label: str, key: str, options: Mapping[str, str]) -> str:
    chosen = st.segmented_control(
        label, list(options), default=next(iter(options)), required=True,
        format_func=options.__getitem__, key=key, label_visibility="collapsed",
    )  # fmt: skip
    return chosen or next(iter(options))


def story_size(data: StoryChoice) -> str:
    return (
        f"{len(data.stories)} stories, {sum(data.stories.values())} TRs, {data.n_targets} targets"
    )


def confirm(task: AnyTask, cost: CostEstimate, warnings: Sequence[str], size: str) -> None:
    show_cost(cost, size)
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
        disabled=not cost.fits_in_memory,
    ):  # fmt: skip
        start_job(task)
        st.toast("Started. It goes on when this tab is closed.", icon=":material/rocket_launch:")


def show_cost(cost: CostEstimate, size: str) -> None:
    cards = [
        Card("Time", _time(cost.seconds), cost.basis),
        Card("Memory", _memory(cost.memory_bytes), "peak of the run's process"),
        Card(
            "Fits",
            "?" if cost.n_fits is None else f"{cost.n_fits}",
            f"layers and baselines × folds; {size}",
        ),
        Card(
            "Download",
            "maybe" if cost.download else "none",
            "unless the hub's cache holds it" if cost.download else "everything is on this machine",
        ),
    ]
    st.subheader("What it will cost")
    metric_cards(cards)
    if not cost.fits_in_memory:
        st.error(
            "This needs more memory than is free. Choose a smaller model, a stronger compression, "
            "fewer layers, or less data.",
            icon=":material/memory:",
        )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def _memory(n_bytes: float | None) -> str:
    return "unknown" if n_bytes is None else f"{n_bytes / 1e9:.1f} GB"
