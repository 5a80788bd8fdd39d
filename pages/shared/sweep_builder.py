"""Choose what a sweep goes through; it becomes YAML that can be looked at and changed."""

import streamlit as st

from backend import catalog
from backend.figures.labels import compression_title, model_title
from backend.sweeps.builder import known_data, sweep_text

TEXT = "sweep_text"
_CONTEXTS = (16, 32, 64, 128, 256, 512, 1024)


def build_sweep() -> None:
    """Draw the choices, and a button that writes them into the text below."""
    data = known_data()
    left, right = st.columns(2)
    with left:
        st.multiselect(
            "Models", list(catalog.models()), ["cortexscale-0.1m"], key="sweep_models",
            format_func=model_title,
            accept_new_options=True, placeholder="Choose, or type a hub name or folder",
        )  # fmt: skip
        st.multiselect(
            "Data sets", list(data), ["demo-sentences"], key="sweep_data",
            accept_new_options=True, placeholder="Choose, or type a path",
        )  # fmt: skip
        chosen = st.session_state["sweep_data"]
        subjects = sorted({each for name in chosen for each in data.get(name, ())})
        st.multiselect(
            "Subjects", subjects, key="sweep_subjects", placeholder="All", disabled=not subjects
        )
    with right:
        st.multiselect(
            "Compressions", list(catalog.compressions()), ["none"], key="sweep_compressions",
            format_func=compression_title,
        )  # fmt: skip
        st.multiselect("Contexts (tokens), of stories", _CONTEXTS, [128], key="sweep_contexts")
        st.number_input("Seeds", 1, 1000, key="sweep_seeds")
    st.text_input("Name", "first", key="sweep_name")
    st.button("Write it below", key="sweep_write", icon=":material/edit:", on_click=_write)


def _write() -> None:
    chosen = st.session_state
    chosen[TEXT] = sweep_text(
        chosen["sweep_name"], chosen["sweep_models"], chosen["sweep_compressions"],
        chosen["sweep_data"], chosen["sweep_subjects"], chosen["sweep_contexts"],
        chosen["sweep_seeds"],
    )  # fmt: skip
