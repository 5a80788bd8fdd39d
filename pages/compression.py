"""What compression costs in predictivity: differences, prices, places, and the exception."""

import pandas as pd
import streamlit as st

from backend import catalog
from backend.comparisons.compression_costs import Cost, corpora, known_costs, trade_off
from backend.comparisons.compression_results import (
    Answer,
    Question,
    answer,
    subjects_with_pairs,
)
from backend.figures.captions import results_caption
from backend.figures.compression_costs import COST_TITLES
from backend.figures.compression_maps import shared_limit
from backend.figures.labels import METRIC_TITLES
from backend.store.queries import choices, model_quality
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from pages.shared.compression_controls import choose_corpus, choose_cost, choose_question
from pages.shared.compression_tables import show_costs, show_exceptions
from pages.shared.compression_words import headline, layer_words
from pages.shared.entry import require_app
from pages.shared.figures import compression_map_figure, forest_figure, trade_off_figure
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, figure_panel
from pages.shared.pin_table import show_pins
from pages.shared.selection import current_choice
from pages.shared.store import open_store

COMMAND = (
    "python -m backend encode --dataset demo-sentences --model minilm-l6 --compression bnb-nf4"
)


def _version(store: ResultStore) -> tuple[object, ...]:
    return str(store.folder), store.version, len(store.problems)


_answer = st.cache_data(
    answer, max_entries=32, show_spinner=False, hash_funcs={ResultStore: _version, Selection: repr}
)


def show(store: ResultStore, view: Chosen) -> None:
    subjects = {
        model: names
        for model, names in subjects_with_pairs(choices(store), view.selection, view.split).items()
        if view.selection.subject in names or len(names) > 2
    }
    if not subjects:
        show_nothing()
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="compression-controls"):
        question = choose_question(view, subjects)
        question = _with_corpus(store, question)
        result = _answer(store, question)
        known = known_costs(result.costs)
        cost = choose_cost(known) if known else None
    if result.judged.empty:
        show_unpaired(result)
        return
    with st.container(horizontal=True, wrap=False):
        evidence_badge(result.runs["evidence"].iloc[0])
        st.markdown(headline(result.judged, question))
    show_claim("compression-preserves")
    show_forest(result, question)
    show_pins(store)
    if result.left_out:
        st.caption(
            f"Runs of another design (folds, delays, context) that are left out, since their "
            f"scores are not comparable to these: {result.left_out}."
        )
    show_trade_off(result, question, cost)
    show_maps(result, question)
    show_exceptions(result, question)
    show_costs(result, question)


def _with_corpus(store: ResultStore, question: Question) -> Question:
    return Question(
        **{**vars(question), "corpus": choose_corpus(corpora(model_quality(store), question.model))}
    )


def show_claim(name: str) -> None:
    finding = catalog.findings()[name]
    citation = catalog.citations()[finding.citation]
    with st.container(horizontal=True, wrap=False):
        evidence_badge("published")
        st.caption(f"{finding.claim} ({finding.scope}; [{citation.short}]({citation.url}))")


def show_forest(result: Answer, question: Question) -> None:
    caption = caption_of(
        result,
        question,
        f"Paired difference in {METRIC_TITLES[question.metric]} from full precision, "
        f"{layer_words(question.rule)}, with 95% t intervals; shaded: the margin of equivalence, "
        f"±{question.margin:g}; verdicts by two one-sided tests, else by a paired t test, both "
        f"corrected over {len(result.judged)} methods (Benjamini-Hochberg)",
    )
    dataset, evidence = result.runs[["dataset", "evidence"]].iloc[0]
    figure_panel(
        "compression",
        lambda mode: forest_figure(
            result.judged, dataset, evidence, question.margin, question.units, question.metric, mode
        ),
        with_source(result.judged, result),
        caption,
        alt=caption,
    )


def show_trade_off(result: Answer, question: Question, cost: Cost | None) -> None:
    st.subheader("What it buys")
    if cost is None:
        st.info(
            "No price is known of these runs: they do not say their bits per weight. Compute them "
            "again, or measure the models with `python -m backend quality`.",
            icon=":material/search_off:",
        )
        return
    points = trade_off(result.full, result.judged, result.costs, cost, question.units)
    text = f" on {question.corpus}" if cost == "perplexity" else ""
    caption = caption_of(
        result,
        question,
        f"{METRIC_TITLES[question.metric]} against {COST_TITLES[cost].lower()}{text}, "
        f"{layer_words(question.rule)}; bars: 95% t intervals of the paired difference from full "
        "precision; the front joins the methods that no other beats in both, by their means",
    )
    first = result.runs.iloc[0]
    figure_panel(
        "trade-off",
        lambda mode: trade_off_figure(
            points, question.model, first["dataset"], str(result.judged["roi"].iloc[0]),
            first["evidence"], cost, question.metric, mode,
        ),
        with_source(points, result),
        caption,
        alt=caption,
    )  # fmt: skip


def show_maps(result: Answer, question: Question) -> None:
    by_region, by_layer = result.regions, result.layers
    maps = {
        "region": by_region if len(by_region) > len(result.judged) else by_region.iloc[:0],
        "layer": by_layer if by_layer["layer"].nunique() > 1 else by_layer.iloc[:0],
    }
    limit = shared_limit(*maps.values())
    evidence = result.runs["evidence"].iloc[0]
    if any(len(cells) for cells in maps.values()):
        st.subheader("Where it tells")
    for against, cells in maps.items():
        if cells.empty:
            continue
        where = f"in each region, {layer_words(question.rule)}"
        caption = caption_of(
            result,
            question,
            f"Paired difference in {METRIC_TITLES[question.metric]} from full precision "
            f"{where if against == 'region' else 'at each layer'}; signs: verdicts at a margin of "
            f"{question.margin:g}, corrected over all {len(cells)} cells (Benjamini-Hochberg); "
            "colours end at the largest difference of both maps",
        )
        figure_panel(
            f"compression-{against}s",
            lambda mode, cells=cells, against=against: compression_map_figure(
                cells, against, evidence, question.margin, limit, question.metric, mode
            ),
            with_source(cells, result),
            caption,
            alt=caption,
        )


def caption_of(result: Answer, question: Question, what: str) -> str:
    n = int(result.judged["n_units"].max())
    return results_caption(result.runs, f"{what}; n = {n} {question.units}")


def with_source(frame: pd.DataFrame, result: Answer) -> pd.DataFrame:
    first = result.runs.iloc[0]
    return frame.assign(**{name: first[name] for name in ("dataset", "evidence", "source")})


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
