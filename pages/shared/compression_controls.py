"""What the Compression page lets a user choose, kept in the URL beside the sidebar's selection."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from backend.comparisons.compression import MARGIN
from backend.comparisons.compression_costs import Cost
from backend.comparisons.compression_results import Question
from backend.comparisons.scores import LayerRule, Units
from backend.figures.labels import model_title
from backend.statistics.units import LEAST_UNITS
from backend.views.choose import Chosen
from pages.shared.url import seed_number, seed_one, write_controls, write_url

_LAYERS = {"best": "Best", "fixed": "Fixed"}
_DEPTHS = [f"{step / 20:.2f}" for step in range(21)]
_DEPTH = "0.65"
_UNITS = {"folds": "Folds", "subjects": "Subjects"}
_MARGINS = (0.001, 1.0)
_COSTS: dict[str, str] = {
    "bits_per_weight": "Bits per weight",
    "bytes_in_memory": "Memory",
    "bytes_on_disk": "Disk",
    "perplexity": "Perplexity",
}
_LAYER_HELP = (
    "Best: for each fold the layer of the model at full precision that scores best on the other "
    "folds, so that the choice does not flatter the score; the compressed model is read at the "
    "same layer. Fixed: the layer nearest to one relative depth."
)
_UNITS_HELP = (
    "What intervals and tests count. Folds (held-out stories) speak of this subject's recordings; "
    "subjects speak of people, and take three who have results of this model compressed and not."
)
_MARGIN_HELP = (
    "The smallest difference that would matter to you, in the unit of the metric. Choose it before "
    "you look: with a margin that is chosen afterwards, any method can be made equivalent."
)


def choose_question(view: Chosen, subjects: Mapping[str, set[str]]) -> Question:
    """Draw the controls; those without a choice are left out."""
    model = _choose("Model", "of", list(subjects), model_title, width=220)
    rule = _choose_layer()
    units = _choose_units(subjects[model], view)
    seed_number("margin", MARGIN, *_MARGINS)
    margin = st.number_input(
        "Margin", *_MARGINS, step=0.005, format="%.3f", key="margin", help=_MARGIN_HELP, width=140
    )  # fmt: skip
    write_controls(("of", "layer", "depth", "units", "margin"))
    return Question(
        selection=view.selection,
        split=view.split,
        metric=view.metric,
        model=model,
        rule=rule,
        units=units,
        margin=margin,
    )


def choose_cost(known: Sequence[Cost]) -> Cost:
    """Ask which cost is to be set against predictivity."""
    cost = _choose("Price", "cost", known, _COSTS.__getitem__, width=150)
    write_url({"cost": cost})
    return next(name for name in known if name == cost)


def choose_corpus(corpora: Sequence[str]) -> str | None:
    """Ask on which text models were measured, where there are several."""
    if not corpora:
        return None
    corpus = _choose("Text", "text", corpora, str, width=150)
    write_url({"text": corpus})
    return corpus


def _choose_layer() -> LayerRule:
    rule = _choose("Layer", "layer", list(_LAYERS), _LAYERS.__getitem__, help_text=_LAYER_HELP)
    if rule == "best":
        return LayerRule()
    if st.session_state.get("depth") is None and "depth" not in st.query_params:
        st.session_state["depth"] = _DEPTH
    seed_one("depth", _DEPTHS)
    return LayerRule(
        depth=float(st.select_slider("Relative depth", _DEPTHS, key="depth", width=200))
    )


def _choose_units(subjects: set[str], view: Chosen) -> Units:
    options: list[Units] = ["folds"] if view.selection.subject in subjects else []
    if len(subjects) >= LEAST_UNITS:
        options.append("subjects")
    chosen = _choose("Units", "units", options, _UNITS.__getitem__, help_text=_UNITS_HELP)
    return "subjects" if chosen == "subjects" else "folds"


def _choose(
    label: str,
    key: str,
    options: Sequence[str],
    title: Callable[[str], str],
    width: int | None = None,
    help_text: str | None = None,
) -> str:
    """Ask only where there is a choice: from a list where a width is given, else from buttons."""
    seed_one(key, options)
    if len(options) == 1:
        return st.session_state[key]
    if width is not None:
        return st.selectbox(label, options, format_func=title, key=key, help=help_text, width=width)
    return st.segmented_control(
        label, options, format_func=title, key=key, help=help_text, required=True
    )
