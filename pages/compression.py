"""What compression costs in predictivity: differences, prices, places, and the exception."""

from functools import partial

import streamlit as st

from backend import catalog
from backend.comparisons.compression_costs import Cost
from backend.comparisons.compression_results import Answer, Question
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.compression import (
    CompressionResults,
    choose_cost,
    choose_question,
    compression_results,
    price_sheet,
)
from backend.views.sheet import Sheet
from pages.shared.below import draw_below
from pages.shared.compression_controls import compression_pick
from pages.shared.compression_tables import show_costs, show_exceptions
from pages.shared.compression_words import headline
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.pin_table import show_pins
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.tray import pins
from pages.shared.url import shown_view

COMMAND = (
    "python -m backend encode --dataset demo-sentences --model minilm-l6 --compression bnb-nf4"
)


# The store is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(
    max_entries=32,
    show_spinner=False,
    hash_funcs={
        ResultStore: lambda store: (id(store), len(store.problems)),
        Question: repr,
    },
)
def _prepared(store: ResultStore, question: Question) -> tuple[ResultStore, CompressionResults]:
    return store, compression_results(store, question)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={CompressionResults: id})
def _price(results: CompressionResults, cost: Cost) -> tuple[CompressionResults, Sheet]:
    return results, price_sheet(results, cost)


def show(store: ResultStore, view: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="compression-controls"):
        pick = compression_pick()
        question = choose_question(store, view, pick)
        if question is None:
            show_nothing()
            return
        _, results = _prepared(store, question)
        cost = choose_cost(results, pick)
        pick.write()
    result = results.answer
    if results.forest is None:
        show_unpaired(result)
        return
    with st.container(horizontal=True, wrap=False):
        evidence_badge(result.runs["evidence"].iloc[0])
        st.markdown(headline(result.judged, question))
    show_claim("compression-preserves")
    sheet_panel(results.forest)
    draw_below(
        "compression", f"{question} {cost} {pins()}", partial(show_more, store, results, cost)
    )
    export_page(shown_view("compression"), store)


def show_more(store: ResultStore, results: CompressionResults, cost: Cost | None) -> None:
    result, question = results.answer, results.question
    show_pins(store)
    if result.left_out:
        st.caption(
            f"Runs of another design (folds, delays, context) that are left out, since their "
            f"scores are not comparable to these: {result.left_out}."
        )
    show_price(results, cost)
    if results.maps:
        st.subheader("Where it tells")
    for sheet in results.maps:
        sheet_panel(sheet)
    show_exceptions(result, question)
    show_costs(result, question)


def show_price(results: CompressionResults, cost: Cost | None) -> None:
    st.subheader("What it buys")
    if cost is None:
        st.info(
            "No price is known of these runs: they do not say their bits per weight. Compute them "
            "again, or measure the models with `python -m backend quality`.",
            icon=":material/search_off:",
        )
        return
    _, sheet = _price(results, cost)
    sheet_panel(sheet)


def show_claim(name: str) -> None:
    finding = catalog.findings()[name]
    citation = catalog.citations()[finding.citation]
    with st.container(horizontal=True, wrap=False):
        evidence_badge("published")
        st.caption(f"{finding.claim} ({finding.scope}; [{citation.short}]({citation.url}))")


def show_unpaired(result: Answer) -> None:
    st.info(
        "No compressed run of this selection has a partner at full precision with the same "
        "weights, data, folds and layers"
        + (f" (of another design: {result.left_out})" if result.left_out else "")
        + ". The best layer is chosen on the other folds, so that a single fold has none: choose a "
        "fixed layer there. Otherwise compute the run at full precision as the others were.",
        icon=":material/link_off:",
    )
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


def show_nothing() -> None:
    st.info(
        "This selection holds no model that was run both compressed and at full precision. Widen "
        "it in the sidebar, or make such a run, for example:",
        icon=":material/search_off:",
    )
    st.code(COMMAND, language="bash")
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")
    show_claim("compression-preserves")


require_app()
st.title("Compression")
chosen = current_choice()
if chosen is None:
    show_nothing()
else:
    show(open_store(), chosen.of_first_response())
