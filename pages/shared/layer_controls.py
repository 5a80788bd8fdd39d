"""What the Layers page lets a user choose, kept in the URL beside the sidebar's selection."""

import streamlit as st

from backend.comparisons.layer_scores import layer_runs
from backend.comparisons.scores import Units
from backend.figures.labels import compression_title, model_title
from backend.figures.legible import few_series
from backend.statistics.units import LEAST_UNITS
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.layer_controls import (
    AXES,
    KEYS,
    UNITS,
    LayerControls,
    default_by,
    read_controls,
    series_name,
)
from pages.shared.url import seed_one, write_controls

_COLUMNS = {"region": "roi", "subject": "subject"}
_BY = {"model": "Models", "region": "Regions", "subject": "Subjects", "story": "Stories"}
_AXES = {"layer": "Layer", "depth": "Relative"}
_UNITS: dict[Units, str] = {"folds": "Folds", "subjects": "Subjects"}
_AXIS_HELP = (
    "Relative depth is the layer over the model's last one, so that models of different depths can "
    "be laid over each other."
)
_UNITS_HELP = (
    "What intervals count. Folds (held-out stories), averaged over the chosen subjects, speak of "
    "these recordings; subjects speak of people."
)


def choose_layers(store: ResultStore, chosen: Chosen) -> LayerControls:
    """Draw the controls; those without a choice are left out."""
    kinds = _kinds(store, chosen)
    series = _series(store, chosen)
    with st.container(horizontal=True, vertical_alignment="bottom", key="layer-controls"):
        _segments("Curves", "by", {kind: _BY[kind] for kind in kinds})
        _segments("Depth", "axis", {axis: _AXES[axis] for axis in AXES}, _AXIS_HELP)
        if len(chosen.selection.subjects) >= LEAST_UNITS:
            _segments("Intervals over", "units", {u: _UNITS[u] for u in UNITS}, _UNITS_HELP)
        if len(series) > 1 and len(kinds) > 1:
            options = ["", *series]
            seed_one("of", options)
            st.selectbox(
                "Taken apart", options, key="of", width=260,
                format_func=lambda name: series.get(name, "Largest model"),
            )  # fmt: skip
    write_controls(KEYS)
    held = {key: (str(st.session_state.get(key) or ""),) for key in KEYS}
    return read_controls(chosen, held)


def _segments(label: str, key: str, options: dict[str, str], note: str | None = None) -> None:
    if len(options) < 2:
        return
    seed_one(key, list(options))
    st.segmented_control(
        label, list(options), required=True, format_func=options.__getitem__, key=key, help=note
    )


def _kinds(store: ResultStore, chosen: Chosen) -> list[str]:
    """List what there is more than one of, the default first."""
    first = default_by(chosen)
    of_data = Selection(dataset=chosen.selection.dataset, evidence=chosen.selection.evidence)
    known = _several(store, of_data)[1]
    return sorted((kind for kind in _BY if kind in known), key=lambda kind: kind != first)


# The store is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(
    max_entries=32, show_spinner=False,
    hash_funcs={ResultStore: lambda store: (id(store), len(store.problems)), Selection: repr},
)  # fmt: skip
def _several(store: ResultStore, selection: Selection) -> tuple[ResultStore, set[str]]:
    """List what a data set has more than one of."""
    rows = choices(store)
    rows = rows[selection.holds(rows)]
    several = {name for name in ("region", "subject") if rows[_COLUMNS[name]].nunique() > 1}
    # Only words in a story have a context.
    stories = {"story"} if rows["context_length"].notna().any() else set()
    return store, {"model", *several, *stories}


def _series(store: ResultStore, chosen: Chosen) -> dict[str, str]:
    """Models and compressions that can be taken apart, with their titles."""
    runs = few_series(layer_runs(store, chosen.selection, [chosen.split]))
    return {
        series_name(model, compression): f"{model_title(model)}, {compression_title(compression)}"
        for model, compression in zip(runs["model"], runs["compression"], strict=True)
    }
