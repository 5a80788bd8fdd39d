"""What the Cortex page lets a user choose, kept in the URL beside the sidebar's selection."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from backend.figures.map_scale import MAP_KINDS
from backend.store.reader import ResultStore
from backend.views.cortex import KEYS, WHERES, against_options, map_choice, map_layers
from backend.views.cortex_maps import MapChoice, possible_by
from backend.views.map_names import short_names
from pages.shared.url import seed_number, seed_one, write_controls

_BYS = {
    "one": "One map",
    "film": "Film",
    "layer": "By layer",
    "model": "By model",
    "compression": "By compression",
    "subject": "By subject",
    "pins": "Pinned",
}
_WHERES = {"none": "Everywhere", "q": "q at most", "r": "r at least", "ceiling": "Ceiling at least"}
_WHERE_HELP = (
    "Vertices beyond the threshold show gyri and sulci instead of a colour, and keep their value "
    "under the pointer. q: p of block permutations after Benjamini-Hochberg over all vertices."
)
_FILM_START = "_cortex_film_start"


def choose_maps(store: ResultStore, runs: pd.DataFrame, n_pinned: int) -> MapChoice:
    """Draw the controls, and read what they say."""
    kind, run_id = _choose_what(runs)
    _choose_how(store, runs, kind, run_id, n_pinned)
    held = {key: [_held(key)] for key in KEYS if key in st.session_state}
    choice = map_choice(runs, held, n_pinned)
    if choice.by == "film":
        return _from_start(choice)
    st.session_state.pop(_FILM_START, None)
    return choice


def keep_frame(layers: Sequence[int], frame: int) -> None:
    """Let the layer that a film stands at be the page's, in the URL too."""
    st.session_state["map_layer"] = str(layers[frame])


def write_cortex_url() -> None:
    """Make the URL say what the page's controls hold."""
    write_controls(KEYS)


def _choose_what(runs: pd.DataFrame) -> tuple[str, str]:
    seed_one("map", list(MAP_KINDS))
    names = short_names(runs)
    seed_one("map_run", list(names))
    wide = [2, 3, 3] if st.session_state["map"] == "difference" else [2, 3]
    columns = st.columns(wide)
    kind = columns[0].selectbox(
        "Map", list(MAP_KINDS), format_func=lambda key: MAP_KINDS[key].label, key="map"
    )
    run_id = columns[1].selectbox("Run", list(names), format_func=names.__getitem__, key="map_run")
    others = against_options(runs, run_id)
    if kind == "difference" and others:
        seed_one("map_against", others)
        columns[2].selectbox(
            "Less", others, format_func=names.__getitem__, key="map_against",
            help="Subtracted vertex by vertex, at the same relative depth.",
        )  # fmt: skip
    return kind, run_id


def _choose_how(
    store: ResultStore, runs: pd.DataFrame, kind: str, run_id: str, n_pinned: int
) -> None:
    bys = possible_by(runs, kind, n_pinned)
    seed_one("map_by", bys)
    with st.container(horizontal=True, vertical_alignment="bottom", key="cortex-controls"):
        by = st.selectbox("Show", bys, format_func=_BYS.__getitem__, key="map_by", width=160)
        # The best one first, which is where a slider that was never moved stands.
        layers = [str(layer) for layer in map_layers(store, runs, run_id)]
        # A film begins there, which has a slider of its own.
        seed_one("map_layer", layers)
        if by not in ("film", "layer") and kind != "preferred_layer" and len(layers) > 1:
            st.select_slider("Layer", sorted(layers, key=int), key="map_layer", width=220)
        _choose_threshold()


def _choose_threshold() -> None:
    seed_one("map_where", list(WHERES))
    where = st.selectbox(
        "Shown", list(WHERES), format_func=_WHERES.__getitem__, key="map_where", width=180,
        help=_WHERE_HELP, on_change=_forget_level,
    )  # fmt: skip
    if where != "none":
        seed_number("map_at", WHERES[where], 0.0, 1.0)
        st.number_input(
            "Level", min_value=0.0, max_value=1.0, step=0.01, format="%.3g", key="map_at",
            width=120,
        )  # fmt: skip


def _forget_level() -> None:
    """Begin at the measure's own level: one of q is none of r."""
    st.session_state["map_at"] = WHERES[st.session_state["map_where"]]


def _from_start(choice: MapChoice) -> MapChoice:
    """Keep the film's first frame as it was: another one would be another message to send."""
    key = (choice.run_id, choice.kind)
    held = st.session_state.get(_FILM_START)
    if held is None or held[0] != key:
        st.session_state[_FILM_START] = held = (key, choice.layer)
    return MapChoice(**{**choice.__dict__, "layer": held[1]})


def _held(key: str) -> str:
    value = st.session_state[key]
    return value if isinstance(value, str) else f"{value:g}"
