"""The sidebar: one selection for every page, kept in the URL."""

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st

from backend.figures.labels import (
    METRIC_TITLES,
    SPLIT_TITLES,
    compression_title,
    dataset_title,
    model_title,
    roi_title,
)
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.views.choose import KEYS, Chosen, Offer, offer
from backend.views.narrow import indexed
from pages.shared.layer_range import choose_layers, hold_layers
from pages.shared.panel import evidence_badge
from pages.shared.selection import set_choice
from pages.shared.store import open_store
from pages.shared.tray import read_tray
from pages.shared.url import forget_said, keep, last_known, name_unknown, write_url

_METRIC_SHORT = {"r": "r", "r_normalized": "r / ceiling", "unique_r2": "unique R²"}
_SPLIT_HELP = (
    "Shuffled folds leak: neighbouring samples are alike, so a feature that knows only their order "
    "scores well. They are shown for comparison, never instead of honest folds."
)
_FIRST_HELP = "Pages that show one take the first. In brackets: runs."
_RARE = ("hemisphere", "families", "context", "layers", "folds")
_LABELS = "_labels"


def draw_sidebar() -> None:
    """Draw the widgets and keep their choice for the page."""
    forget_said()
    available = _available(open_store())
    with st.sidebar:
        if available.empty:
            st.info("No results yet: start a run.", icon=":material/info:")
            set_choice(None)
            read_tray(available)
            return
        found = offer(available, {key: _asked(key) for key in KEYS if _is_asked(key)})
        for key, value in found.unknown:
            # Once a session has a value, the URL only repeats it: a choice that another one has
            # ruled out is no fault of a link.
            if key not in st.session_state:
                name_unknown(key, value)
        _hold(found)
        _draw(found)
        set_choice(found.chosen)
        read_tray(available)
        write_url({**dict.fromkeys(KEYS, ()), **found.chosen.parameters()})


@st.cache_resource(
    max_entries=4, show_spinner=False,
    hash_funcs={ResultStore: lambda store: (id(store), len(store.problems))},
)  # fmt: skip
def _available(store: ResultStore) -> pd.DataFrame:
    table = choices(store)
    return table if table.empty else indexed(table)


def _is_asked(key: str) -> bool:
    return key in st.session_state or bool(last_known(key))


def _asked(key: str) -> list[str]:
    """Return what the session says, else the URL."""
    value = st.session_state.get(key)
    if value is None:
        # Nobody has chosen, or a browser that has not drawn the widget yet sends nothing for it.
        return last_known(key)
    if isinstance(value, bool):
        return [str(value).lower()]
    values = [value] if isinstance(value, str) else list(value or [])
    # A widget that was used while its labels changed gives the label that it then had.
    labels = st.session_state.get(_LABELS, {}).get(key, {})
    return [labels.get(each, each) for each in values]


def _hold(found: Offer) -> None:
    """Give the widgets what is chosen."""
    chosen = found.chosen
    parameters = chosen.parameters()
    for key in ("data", "evidence", "hemisphere", "folds", "metric"):
        keep(key, parameters[key][0])
    for key in ("subject", "roi", "families", "models", "compressions", "context"):
        keep(key, list(parameters.get(key, ())))
    keep("shuffled", chosen.shuffled)
    hold_layers(chosen.selection)


def _draw(found: Offer) -> None:
    chosen = found.chosen
    dataset = chosen.selection.dataset or ""
    _pick_one("Data set", "data", found, dataset_title)
    _pick_one("Evidence", "evidence", found)
    evidence_badge(chosen.selection.evidence or "")
    if len(found.options["subject"]) > 1:
        _pick_several("Subjects", "subject", found, help_text=_FIRST_HELP)
    _pick_several(
        "Regions or responses", "roi", found, partial(roi_title, dataset), help_text=_FIRST_HELP
    )
    _pick_several("Models", "models", found, model_title, "All models")
    _pick_several("Compressions", "compressions", found, compression_title, "All compressions")
    _draw_rare(found)
    st.toggle(
        "Compare with shuffled folds", key="shuffled", disabled=not found.options["shuffled"],
        help=_SPLIT_HELP,
    )  # fmt: skip
    metrics = list(found.options["metric"])
    st.segmented_control(
        "Metric", metrics, required=True, format_func=_METRIC_SHORT.__getitem__, key="metric",
        help="; ".join(f"{_METRIC_SHORT[m]}: {METRIC_TITLES[m]}" for m in metrics),
    )  # fmt: skip


def _draw_rare(found: Offer) -> None:
    """Keep what is seldom chosen from making the sidebar a wall."""
    n_set = len(_narrowed(found.chosen))
    with st.expander(f"More filters ({n_set} set)" if n_set else "More filters", key="more"):
        _pick_one("Hemisphere", "hemisphere", found)
        _pick_several("Model families", "families", found, placeholder="All families")
        if len(found.options["context"]) > 1:
            _pick_several(
                "Context", "context", found, "{} tokens".format, placeholder="All lengths"
            )
        choose_layers(found.chosen.selection, found.deepest)
        _pick_one("Folds", "folds", found, SPLIT_TITLES.__getitem__)


def _narrowed(chosen: Chosen) -> list[str]:
    return [key for key in ("families", "context", "layers") if key in chosen.parameters()]


def _pick_one(label: str, key: str, found: Offer, title: Callable[[str], str] = str) -> None:
    """Ask only where there is a choice; the data set is always named."""
    counts = found.options[key]
    if len(counts) > 1 or key == "data":
        st.selectbox(label, list(counts), format_func=_counted(key, counts, title), key=key)


def _pick_several(
    label: str,
    key: str,
    found: Offer,
    title: Callable[[str], str] = str,
    placeholder: str | None = None,
    help_text: str = "In brackets: runs.",
) -> None:
    counts = found.options[key]
    st.multiselect(
        label, list(counts), format_func=_counted(key, counts, title), key=key,
        placeholder=placeholder, help=help_text,
    )  # fmt: skip


def _counted(
    key: str, counts: Mapping[str, int], title: Callable[[str], str]
) -> Callable[[str], str]:
    """Label options with their number of runs."""
    labels = {f"{title(value)} ({n})": value for value, n in counts.items()}
    known = st.session_state.setdefault(_LABELS, {})
    if known.get(key) is not None and not labels.items() <= known[key].items():
        # The browser holds labels: those that it is to go on holding have to be sent again.
        st.session_state[key] = st.session_state[key]
    known[key] = {**known.get(key, {}), **labels}
    return lambda value: f"{title(value)} ({counts.get(value, 0)})"
