"""Predictivity by layer, with uncertainty, baselines and ceiling."""

import pandas as pd
import streamlit as st

from backend.figures.captions import results_caption
from backend.figures.labels import METRIC_TITLES, SPLIT_TITLES, series_titles
from backend.store.queries import baseline_scores, gains_over_baselines, layer_curves
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from pages.shared.entry import require_app
from pages.shared.figures import layer_figure
from pages.shared.legible import legible
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, figure_panel
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.stories import show_map, show_parts


def show(store: ResultStore, view: Chosen) -> None:
    splits = [view.split, "shuffled"] if view.shuffled else [view.split]
    every = _of_splits(layer_curves(store, view.selection, view.metric), splits)
    if every.empty:
        show_nothing()
        return
    curves = legible(every)
    baselines = _of_splits(baseline_scores(store, view.selection), splits)
    baselines = baselines[baselines["run_id"].isin(curves["run_id"])]
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(curves["evidence"].iloc[0])
        st.markdown(summary(curves, view))
    if view.shuffled:
        show_lesson(baselines, view.split)
    what = f"{METRIC_TITLES[view.metric]} by layer, mean over folds with 95% t intervals"
    if view.metric != "unique_r2":
        what += "; horizontal lines: baselines on the same folds, and the noise ceiling if known"
    caption = results_caption(curves, what)
    figure_panel(
        "layers",
        lambda mode: layer_figure(curves, baselines, view.metric, mode),
        curves,
        caption,
        alt=caption,
    )
    if view.metric != "unique_r2" and curves["ceiling"].isna().all():
        st.caption(
            "No noise ceiling is known for this response: it takes repeats, or a published value "
            "given as `--ceiling COLUMN=R`; for stories, in the folder's dataset.yaml."
        )
    show_table(_of_splits(gains_over_baselines(store, view.selection), splits), curves)
    # Only words in a story have a context.
    if curves["context_length"].notna().any():
        show_parts(store, view)
        show_map(store, curves[curves["split"] == view.split])


def _of_splits(frame: pd.DataFrame, splits: list[str]) -> pd.DataFrame:
    kept = frame[frame["split"].isin(splits)]
    order = {split: place for place, split in enumerate(splits)}
    return kept.sort_values("split", key=lambda s: s.map(order), kind="stable")


def summary(curves: pd.DataFrame, view: Chosen) -> str:
    honest = curves[curves["split"] == view.split]
    best = honest.loc[honest["mean"].idxmax()]
    name = series_titles(curves)[best["run_id"]]
    return (
        f"Best: **{name}**, layer **{best['layer']}**, **{best['mean']:.3f}** "
        f"[{best['low']:.3f}, {best['high']:.3f}] over {best['n_folds']} {SPLIT_TITLES[view.split]}"
    )


def show_lesson(baselines: pd.DataFrame, honest: str) -> None:
    means = baselines[baselines["baseline"] == "oasm"].groupby("split")["mean"].mean()
    st.warning(
        f"**Sample order alone scores r = {means['shuffled']:.2f} with shuffled folds, and "
        f"{means[honest]:.2f} with {SPLIT_TITLES[honest]}.** It knows nothing of the stimulus: "
        "neighbouring samples are alike, and shuffling puts neighbours on both sides of the split. "
        "Whatever a model gains from shuffling is no evidence about language.",
        icon=":material/warning:",
    )


def show_table(gains: pd.DataFrame, curves: pd.DataFrame) -> None:
    titles = series_titles(curves)
    gains = gains[gains["run_id"].isin(titles)]
    table = pd.DataFrame(
        {
            "Model": gains["run_id"].map(titles),
            "Folds": gains["split"].map(SPLIT_TITLES),
            "Best layer": gains["layer"],
            "r": gains["r"],
            "Strongest baseline": gains["strongest"],
            "Its r": gains["strongest_r"],
            "Unique R²": gains["unique_r2"],
            "95% low": gains["low"],
            "95% high": gains["high"],
            "Beats baselines": ["yes" if beats else "NO" for beats in gains["beats"]],
        }
    )
    st.subheader("What the model adds to its baselines")
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        table,
        hide_index=True,
        column_config=dict.fromkeys(("r", "Its r", "Unique R²", "95% low", "95% high"), number),
    )
    st.caption(
        "Unique R²: what the layer with the highest r adds to the held-out R² of all nuisance "
        "baselines together (banded ridge, same folds). A model beats its baselines where the "
        "interval over folds lies above 0."
    )


def show_nothing() -> None:
    st.info(
        "Nothing in the store fits this selection. Widen it in the sidebar, or start the run that "
        "would fill it.",
        icon=":material/search_off:",
    )
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


require_app()
st.title("Layers")
chosen = current_choice()
if chosen is None:
    show_nothing()
else:
    show(open_store(), chosen)
