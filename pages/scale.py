"""Predictivity by size: what fits it, and the smallest model that does as well as the largest."""

import pandas as pd
import streamlit as st

from backend import catalog
from backend.comparisons.scale import Scaling, scale_by_response, scale_levels, scale_lines
from backend.comparisons.scale import scale_points as points_of
from backend.comparisons.scores import at_layer, comparable_scores
from backend.figures.captions import results_caption
from backend.figures.labels import METRIC_TITLES
from backend.figures.scale import AXIS_TITLES
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from pages.shared.entry import require_app
from pages.shared.figures import scale_figure
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, figure_panel
from pages.shared.pin_table import show_pins
from pages.shared.scale_controls import ScaleView, choose_scale
from pages.shared.scale_tables import show_fits, show_models, show_responses
from pages.shared.scale_words import answer, layer_words, notes
from pages.shared.selection import current_choice
from pages.shared.store import open_store

WIDE_MARGIN = 0.25
FINDINGS = ("log-linear", "left-right", "small-match-large")

_analyse = st.cache_data(scale_by_response, max_entries=32, show_spinner=False)


def show(store: ResultStore, view: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="scale-controls"):
        chosen = choose_scale(store, view)
    scores = comparable_scores(store, chosen.selection, view.split, view.metric)
    frame = with_perplexity(at_layer(scores.frame, chosen.layer), chosen)
    frame = frame[frame["n_parameters"].notna()]
    if frame.empty:
        show_nothing(view)
        return
    scalings = _analyse(frame, chosen.units, chosen.margin, chosen.axis, chosen.family)
    show_answer(scalings, frame, chosen, view)
    show_figure(store, scalings, frame, chosen, view)
    show_pins(store)
    for note in notes(scalings, scores, chosen):
        st.caption(note)
    show_tables(scalings, chosen, view)


def with_perplexity(frame: pd.DataFrame, chosen: ScaleView) -> pd.DataFrame:
    if chosen.axis == "n_parameters":
        return frame
    return frame.merge(chosen.perplexities[["model", "perplexity"]], on="model", how="left")


def show_answer(
    scalings: list[Scaling], frame: pd.DataFrame, chosen: ScaleView, view: Chosen
) -> None:
    with st.container(horizontal=True, wrap=False):
        evidence_badge(frame["evidence"].iloc[0])
        st.markdown(answer(scalings, chosen, view))
    share = max(scaling.margin_share for scaling in scalings)
    if share > WIDE_MARGIN:
        st.warning(
            f"The margin is {share:.2g} times the largest model's score. Equivalence within it "
            "says little: a model that predicts far worse would pass.",
            icon=":material/straighten:",
        )
    if all(scaling.undecidable for scaling in scalings) and one_size(scalings):
        st.info(
            "Scale takes models of other sizes on the same data. For example: "
            f"`{example_command(view)}`",
            icon=":material/terminal:",
        )
        st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


def one_size(scalings: list[Scaling]) -> bool:
    return all(
        scaling.points.loc[~scaling.points["random"], "n_parameters"].nunique() < 2
        for scaling in scalings
    )


def example_command(view: Chosen) -> str:
    name = view.selection.dataset or ""
    shipped = catalog.datasets().get(name)
    by_name = name in catalog.story_datasets() or (shipped is not None and shipped.file)
    return (
        f"python -m backend encode --dataset {name if by_name else 'FILE_OR_FOLDER'} "
        "--model cortexscale-1m"
    )


def show_figure(
    store: ResultStore,
    scalings: list[Scaling],
    frame: pd.DataFrame,
    chosen: ScaleView,
    view: Chosen,
) -> None:
    points = points_of(scalings)
    if chosen.axis == "perplexity" and points["perplexity"].isna().all():
        st.info("No perplexity is known of these models.", icon=":material/search_off:")
        return
    lines = scale_lines(scalings, chosen.axis)
    levels = scale_levels(store, frame, view.metric, chosen.units)
    caption = results_caption(frame, what_is_shown(scalings, chosen, view))
    figure_panel(
        "scale",
        lambda mode: scale_figure(points, lines, levels, view.metric, chosen.axis, mode),
        points,
        caption,
        alt=caption,
    )


def what_is_shown(scalings: list[Scaling], chosen: ScaleView, view: Chosen) -> str:
    axis = AXIS_TITLES[chosen.axis].split(" (")[0].lower()
    if chosen.corpus:
        axis += f" on {chosen.corpus}"
    n = max(int(scaling.points["n_units"].max()) for scaling in scalings)
    parts = [
        f"{METRIC_TITLES[view.metric]} against {axis}, {layer_words(chosen.layer)}, "
        f"mean with 95% t intervals over n = {n} {chosen.units}",
    ]
    if any(scaling.points["random"].any() for scaling in scalings):
        parts.append("hollow: the same architectures with random weights")
    if view.metric != "unique_r2":
        parts.append(
            "dotted: the strongest baseline on the same folds with its interval; thick line: the "
            "noise ceiling if known"
        )
    if any(scaling.fits.fits for scaling in scalings):
        parts.append("curves: fits through the trained models with 95% intervals over units")
    if any(scaling.minimal and scaling.minimal.model for scaling in scalings):
        parts.append(f"ringed: the minimal model at a margin of {chosen.margin:g}")
    return "; ".join(parts)


def show_tables(scalings: list[Scaling], chosen: ScaleView, view: Chosen) -> None:
    if len(scalings) > 1:
        st.subheader("By region")
        show_responses(scalings, chosen)
    st.subheader("Models")
    show_models(points_of(scalings), chosen, len(scalings) > 1)
    st.subheader("How predictivity rises with size")
    show_fits(scalings, chosen, view)


def show_findings() -> None:
    st.subheader("What has been published")
    for column, key in zip(st.columns(len(FINDINGS)), FINDINGS, strict=True):
        finding = catalog.findings()[key]
        citation = catalog.citations()[finding.citation]
        with column.container(border=True, height="stretch"):
            evidence_badge("published" if finding.reviewed else "published, not peer-reviewed")
            st.markdown(finding.claim)
            st.caption(f"{finding.scope}. [{citation.short}]({citation.url})")


def show_nothing(view: Chosen | None) -> None:
    st.info(
        "Nothing in the store fits this selection. Widen it in the sidebar, or start the run that "
        "would fill it." + (f" For example: `{example_command(view)}`" if view is not None else ""),
        icon=":material/search_off:",
    )
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


require_app()
st.title("Scale")
current = current_choice()
if current is None:
    show_nothing(None)
else:
    show(open_store(), current.of_first_response())
show_findings()
