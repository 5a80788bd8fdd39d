"""What a linear probe reads from a model's layers, and what compression takes of it."""

import pandas as pd
import streamlit as st

from backend import catalog
from backend.catalog.twins import RANDOM_TWIN
from backend.comparisons.probes import OVERALL
from backend.errors import CortexScaleError
from backend.figures.compression import signed
from backend.figures.labels import compression_title, model_title
from backend.jobs.local import start_job
from backend.jobs.probing import build_probe_task
from backend.paths import default_store
from backend.probing.bundled import question_of
from backend.store.reader import ResultStore
from backend.views.probing import ProbingResults, probing_results
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.probing_controls import choose_probing
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.url import shown_view

COMMAND = "python -m backend probe --model minilm-l6"


def show(store: ResultStore) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="probing-controls"):
        view = choose_probing(store, current_choice())
    if view is None:
        show_nothing()
        show_start()
        return
    results = probing_results(store, view)
    profile, *changes, tasks = results.sheets
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(results.scores["evidence"].iloc[0])
        st.markdown(summary(results))
    sheet_panel(profile)
    st.subheader("Under compression")
    if changes:
        sheet_panel(changes[0])
    else:
        st.info(
            "Only one set of weights of this model was probed. Compress it and probe again: "
            f"`python -m backend probe --model {view.model} --compression bnb-nf4`",
            icon=":material/compress:",
        )
    st.subheader("The tasks behind it")
    sheet_panel(tasks)
    show_examples(results)
    show_start()
    export_page(shown_view("probing"), store)


def summary(results: ProbingResults) -> str:
    best = results.shown[results.shown["compression"] == results.view.compression]
    of_task = best.loc[best.groupby("task")["score"].idxmax()]
    beats = int((of_task["gain_low"] > 0).sum())
    text = f"**{beats} of {len(of_task)} tasks** are read above chance, length and keywords"
    change = results.changes[
        (results.changes["compression"] == results.view.compression)
        & (results.changes["phenomenon"] == OVERALL)
    ]
    if change.empty:
        return text
    row = change.iloc[0]
    return (
        f"{text}; from full precision **{signed(row['mean'])}** "
        f"[{signed(row['low'])}, {signed(row['high'])}] over all"
    )


def show_examples(results: ProbingResults) -> None:
    examples = results.examples
    if examples.empty:
        return
    st.subheader("Items")
    asks = question_of(results.view.task)
    weights = compression_title(results.view.compression)
    st.caption(
        f"{asks[0].upper() + asks[1:] + '. ' if asks else ''}Layer {examples['layer'].iloc[0]}, "
        f"{weights}, first seed; some of those that are wrong and some that are right."
    )
    table = pd.DataFrame(
        {
            "": examples["is_right"].map({True: "right", False: "wrong"}),
            "Text": examples["text"],
            "Label": examples["label"],
            "Probe says": examples["predicted"],
        }
    )
    st.dataframe(table, hide_index=True, column_config={"Text": {"width": "large"}})


def show_start() -> None:
    """Offer to probe a model of the catalogue in the background."""
    with st.expander("Probe a model", icon=":material/add:", expanded=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = st.selectbox(
                "Model to probe", probe_models(), format_func=model_title, key="probe_model",
                width=280,
            )  # fmt: skip
            compression = st.selectbox(
                "Its weights", list(catalog.compressions()), format_func=compression_title,
                key="probe_compression", width=240,
            )  # fmt: skip
            pressed = st.button("Start", icon=":material/play_circle:", type="primary")
        command = f"python -m backend probe --model {model}"
        st.code(command if compression == "none" else f"{command} --compression {compression}")
        if pressed:
            start(model, compression)


def probe_models() -> list[str]:
    """Models of the catalogue, each followed by its random twin; those that ship come first."""
    shipped = [name for name, entry in catalog.models().items() if entry.hub is None]
    others = [name for name in catalog.models() if name not in shipped]
    return [twin for name in (*shipped, *others) for twin in (name, name + RANDOM_TWIN)]


def start(model: str, compression: str) -> None:
    try:
        start_job(build_probe_task(model, default_store(), compression=compression))
    except CortexScaleError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.switch_page(RUN)


def show_nothing() -> None:
    st.info(
        f"Nothing was probed yet. `{COMMAND}` asks MiniLM fifteen bundled tasks at every layer, in "
        "a minute or two; nothing is downloaded.",
        icon=":material/search_off:",
    )


require_app()
st.title("Probing")
show(open_store())
