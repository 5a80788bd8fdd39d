"""The sidebar: one selection for every page, kept in the URL."""

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
from backend.store.queries import METRICS, choices
from backend.store.selection import Selection
from backend.views.choose import Chosen
from pages.shared.panel import evidence_badge
from pages.shared.selection import set_choice
from pages.shared.store import open_store
from pages.shared.url import seed_flag, seed_one, seed_several, write_url

_METRIC_SHORT = {"r": "r", "r_normalized": "r / ceiling", "unique_r2": "unique R²"}
_SPLIT_HELP = (
    "Shuffled folds leak: neighbouring samples are alike, so a feature that knows only their order "
    "scores well. They are shown for comparison, never instead of honest folds."
)


def draw_sidebar() -> None:
    """Draw the widgets and keep their choice for the page."""
    store = open_store()
    available = choices(store)
    with st.sidebar:
        if available.empty:
            st.info("No results yet: start a run.", icon=":material/info:")
            set_choice(None)
            return
        set_choice(_choose(available))


def _choose(available: pd.DataFrame) -> Chosen:
    datasets = list(available["dataset"].unique())
    seed_one("data", datasets)
    dataset = st.selectbox("Data set", datasets, format_func=dataset_title, key="data")
    rows = available[available["dataset"] == dataset]
    evidence = _choose_where_several("Evidence", "evidence", list(rows["evidence"].unique()))
    rows = rows[rows["evidence"] == evidence]
    evidence_badge(evidence)
    subject = _choose_where_several("Subject", "subject", list(rows["subject"].unique()))
    rows = rows[rows["subject"] == subject]
    rois = list(rows["roi"].unique())
    seed_one("roi", rois)
    roi = st.selectbox(
        "Region or response", rois, format_func=partial(roi_title, dataset), key="roi"
    )
    sides = sorted(rows[rows["roi"] == roi]["hemisphere"].unique())
    hemisphere = _choose_where_several("Hemisphere", "hemisphere", sides)
    models = list(rows["model"].unique())
    seed_several("models", models)
    chosen_models = st.multiselect(
        "Models", models, format_func=model_title, key="models", placeholder="All models"
    )
    compressions = sorted(rows["compression"].unique(), key=lambda name: (name != "none", name))
    seed_several("compressions", compressions)
    chosen_compressions = st.multiselect(
        "Compressions", compressions, format_func=compression_title, key="compressions",
        placeholder="All compressions",
    )  # fmt: skip
    split, shuffled = _choose_folds(list(rows["split"].unique()))
    metrics = [m for m in METRICS if m != "r_normalized" or rows["has_ceiling"].any()]
    seed_one("metric", metrics)
    metric = st.segmented_control(
        "Metric", metrics, required=True, format_func=_METRIC_SHORT.__getitem__, key="metric",
        help="; ".join(f"{_METRIC_SHORT[m]}: {METRIC_TITLES[m]}" for m in metrics),
    )  # fmt: skip
    write_url(
        {
            "data": dataset,
            "evidence": evidence,
            "subject": subject,
            "roi": roi,
            "hemisphere": hemisphere,
            "models": chosen_models,
            "compressions": chosen_compressions,
            "folds": split,
            "shuffled": "true" if shuffled else "false",
            "metric": metric,
        }
    )
    selection = Selection(
        dataset=dataset,
        evidence=evidence,
        subjects=(subject,),
        rois=(roi,),
        hemisphere=hemisphere,
        models=tuple(chosen_models),
        compressions=tuple(chosen_compressions),
    )
    return Chosen(selection=selection, split=split, shuffled=shuffled, metric=metric)


def _choose_where_several(label: str, key: str, options: list[str]) -> str:
    """Ask only where there is a choice."""
    seed_one(key, options)
    if len(options) > 1:
        return st.selectbox(label, options, key=key)
    return st.session_state[key]


def _choose_folds(splits: list[str]) -> tuple[str, bool]:
    honest = [split for split in splits if split != "shuffled"]
    seed_one("folds", honest or splits)
    split = st.session_state["folds"]
    if len(honest) > 1:
        split = st.selectbox("Folds", honest, format_func=SPLIT_TITLES.__getitem__, key="folds")
    comparable = bool(honest) and "shuffled" in splits
    seed_flag("shuffled")
    wanted = st.toggle(
        "Compare with shuffled folds", key="shuffled", disabled=not comparable, help=_SPLIT_HELP
    )
    return split, wanted and comparable
