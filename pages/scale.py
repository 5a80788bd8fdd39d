"""Predictivity by size: what fits it, and the smallest model that does as well as the largest."""

from functools import partial

import pandas as pd
import streamlit as st

from backend import catalog
from backend.comparisons.scale import Scaling
from backend.comparisons.scale import scale_points as points_of
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.scale import ScaleResults, scale_results
from backend.views.scale_controls import ScaleView
from pages.shared.below import draw_below
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.pin_table import show_pins
from pages.shared.scale_controls import choose_scale
from pages.shared.scale_tables import show_fits, show_models, show_responses
from pages.shared.scale_words import answer, notes
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.url import shown_view

WIDE_MARGIN = 0.25
FINDINGS = ("log-linear", "left-right", "small-match-large")


# The store is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(
    max_entries=32,
    show_spinner=False,
    hash_funcs={
        ResultStore: lambda store: (id(store), len(store.problems)),
        Chosen: repr,
        ScaleView: lambda view: (repr(view), view.perplexities.to_json()),
    },
)
def _prepared(
    store: ResultStore, chosen: Chosen, view: ScaleView
) -> tuple[ResultStore, ScaleResults | None]:
    return store, scale_results(store, chosen, view)


def show(store: ResultStore, view: Chosen) -> None:
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="xsmall", key="scale-controls"
    ):
        chosen = choose_scale(store, view)
    _, results = _prepared(store, view, chosen)
    if results is None:
        show_nothing(view)
        return
    scalings = results.scalings
    show_answer(scalings, results.frame, chosen, view)
    if results.sheet is None:
        st.info("No perplexity is known of these models.", icon=":material/search_off:")
    else:
        sheet_panel(results.sheet)
    show_pins(store)
    for note in notes(scalings, results.scores, chosen):
        st.caption(note)
    draw_below("scale", f"{view} {chosen}", partial(show_tables, scalings, chosen, view))
    if results.sheet is not None:
        export_page(shown_view("scale"), store)


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
