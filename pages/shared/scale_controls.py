"""What the Scale page lets a user choose, kept in the URL beside the sidebar's selection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from backend.comparisons.scale import Axis, known_perplexities, shared_subjects, trained_families
from backend.comparisons.scores import LayerRule, Units
from backend.figures.labels import compression_title
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from pages.shared.url import seed_number, seed_one, write_controls

MARGIN = 0.02
DEPTH = "0.65"
ALL_FAMILIES = "all"
_LAYERS = {"best": "Best", "fixed": "Fixed"}
_DEPTHS = [f"{step / 20:.2f}" for step in range(21)]
_UNITS = {"folds": "Folds", "subjects": "Subjects"}
_AXES = {"n_parameters": "Size", "perplexity": "Perplexity"}
_REGIONS = {"one": "Selected", "all": "All"}
_KEYS = ("weights", "layer", "depth", "units", "x", "text", "regions", "fit", "margin")
_MARGINS = (0.001, 1.0)
_LEAST_SUBJECTS = 3
# So many options are a list to choose from.
_LONG = 2
_LAYER_HELP = (
    "Best: for each fold the layer that scores best on the other folds, so that the choice does "
    "not flatter the score. Fixed depth: the layer nearest to one relative depth in every model."
)
_UNITS_HELP = (
    "What intervals and tests count. Folds (held-out stories) speak of this subject's recordings; "
    "subjects speak of people, and take three who have results of the same models."
)
_MARGIN_HELP = (
    "The smallest difference that would matter to you, in the unit of the metric. Choose it before "
    "you look: with a margin that is chosen afterwards, any model can be made equivalent."
)
_FIT_HELP = "Which trained models are fitted and compared with the largest of them."


@dataclass(frozen=True)
class ScaleView:
    """What the Scale page's controls have chosen.

    Attributes
    ----------
    selection : Selection
        The sidebar's, for one compression, and for all subjects or responses where asked.
    layer : LayerRule
    units : {"folds", "subjects"}
    axis : {"n_parameters", "perplexity"}
    perplexities : pandas.DataFrame
        model and perplexity, of one text.
    corpus : str
        That text; empty where the axis is parameters.
    family : str or None
        Whose models are fitted and compared; None for all.
    margin : float
    """

    selection: Selection
    layer: LayerRule
    units: Units
    axis: Axis
    perplexities: pd.DataFrame
    corpus: str
    family: str | None
    margin: float


def choose_scale(store: ResultStore, view: Chosen) -> ScaleView:
    """Draw the controls; those without a choice are left out."""
    rows = _available(store, view)
    compressions = sorted(rows["compression"].unique(), key=lambda name: (name != "none", name))
    compression = _choose("Weights", "weights", compressions, compression_title)
    rows = rows[rows["compression"] == compression]
    layer = _choose_layer()
    units = _choose_units(rows, view)
    perplexities = known_perplexities(store, list(rows["model"].unique()), compression)
    axis, corpus = _choose_axis(perplexities)
    responses = rows[["roi", "hemisphere"]].drop_duplicates()
    regions = _choose("Regions", "regions", ["one", "all"][: len(responses)], _REGIONS.__getitem__)
    changes: dict[str, object] = {"compressions": (compression,)}
    if units == "subjects":
        changes["subjects"] = ()
    if regions == "all":
        changes |= {"rois": (), "hemisphere": None}
    selection = view.selection.model_copy(update=changes)
    families = trained_families(store, selection, view.split)
    scopes = [ALL_FAMILIES, *families] if len(families) > 1 else [ALL_FAMILIES]
    family = _choose("Fit", "fit", scopes, _family_title, _FIT_HELP)
    seed_number("margin", MARGIN, *_MARGINS)
    margin = st.number_input(
        "Margin", *_MARGINS, step=0.005, format="%.3f", key="margin", help=_MARGIN_HELP, width=120
    )  # fmt: skip
    write_controls(_KEYS)
    return ScaleView(
        selection=selection,
        layer=layer,
        units=units,
        axis=axis,
        perplexities=perplexities[perplexities["corpus"] == corpus],
        corpus=corpus,
        family=None if family == ALL_FAMILIES else family,
        margin=margin,
    )


def _family_title(family: str) -> str:
    return "All families" if family == ALL_FAMILIES else family


def _available(store: ResultStore, view: Chosen) -> pd.DataFrame:
    rows, chosen = choices(store), view.selection
    rows = rows[
        (rows["dataset"] == chosen.dataset)
        & (rows["evidence"] == chosen.evidence)
        & (rows["split"] == view.split)
    ]
    for column, names in (
        ("model_family", chosen.families),
        ("compression", chosen.compressions),
        ("model", chosen.models),
        ("context_length", chosen.contexts),
    ):
        # None chosen means all, as in the sidebar.
        rows = rows[rows[column].isin(names)] if names else rows
    return rows


def _choose_layer() -> LayerRule:
    rule = _choose("Layer", "layer", list(_LAYERS), _LAYERS.__getitem__, _LAYER_HELP)
    if rule == "best":
        return LayerRule()
    if st.session_state.get("depth") is None and "depth" not in st.query_params:
        st.session_state["depth"] = DEPTH
    seed_one("depth", _DEPTHS)
    return LayerRule(
        depth=float(st.select_slider("Relative depth", _DEPTHS, key="depth", width=200))
    )


def _choose_units(rows: pd.DataFrame, view: Chosen) -> Units:
    of_response = rows[
        (rows["roi"] == view.selection.roi) & (rows["hemisphere"] == view.selection.hemisphere)
    ]
    enough = shared_subjects(of_response) >= _LEAST_SUBJECTS
    options: list[Units] = ["folds", "subjects"] if enough else ["folds"]
    chosen = _choose("Units", "units", options, _UNITS.__getitem__, _UNITS_HELP)
    return "subjects" if chosen == "subjects" else "folds"


def _choose_axis(perplexities: pd.DataFrame) -> tuple[Axis, str]:
    options = ["n_parameters"] if perplexities.empty else list(_AXES)
    if _choose("Against", "x", options, _AXES.__getitem__) == "n_parameters":
        return "n_parameters", ""
    return "perplexity", _choose("Text", "text", list(perplexities["corpus"].unique()), str)


def _choose(
    label: str,
    key: str,
    options: Sequence[str],
    title: Callable[[str], str],
    help_text: str | None = None,
) -> str:
    """Ask only where there is a choice."""
    seed_one(key, options)
    if len(options) == 1:
        return st.session_state[key]
    if len(options) > _LONG:
        return st.selectbox(label, options, format_func=title, key=key, help=help_text, width=150)
    return st.segmented_control(
        label, options, format_func=title, key=key, help=help_text, required=True
    )
