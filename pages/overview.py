"""What CortexScale is, what the store holds, and what others have published."""

from functools import partial

import pandas as pd
import streamlit as st

from backend import catalog
from backend.figures.labels import (
    BASELINE_TITLES,
    SPLIT_TITLES,
    compression_title,
    dataset_title,
    joined,
    model_title,
    series_titles,
)
from backend.statistics import mean_interval
from backend.store.queries import compression_changes, published, runs
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.overview import Overview, overview, published_sheet
from backend.views.sheet import Sheet
from pages.shared.below import draw_below
from pages.shared.cards import Card, metric_cards
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.legible import say_left_out
from pages.shared.navigation import LAYERS, RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.pin_table import show_pins
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.tray import pins
from pages.shared.url import shown_view

# Compressions that have a card each.
MOST_CHANGES = 2
# Names that a table cell spells out.
MOST_NAMES = 4


# The store is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(
    max_entries=32,
    show_spinner=False,
    hash_funcs={
        ResultStore: lambda store: (id(store), len(store.problems)),
        Chosen: repr,
    },
)
def _prepared(store: ResultStore, view: Chosen) -> tuple[ResultStore, Overview | None]:
    return store, overview(store, view)


def show_results(store: ResultStore, view: Chosen) -> None:
    _, found = _prepared(store, view)
    if found is None:
        st.info("Nothing in the store fits this selection; widen it in the sidebar.")
        return
    if found.n_left_out:
        say_left_out(found.n_series - found.n_left_out, found.n_series)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(dataset_title(view.selection.dataset or ""), width="content")
        evidence_badge(found.best["evidence"])
    first = view.of_first_response()
    changes = changes_of(store, first, str(found.best["model"]))
    metric_cards(headline_cards(found.honest, found.baselines, found.best, changes))
    sheet_panel(found.curves, poster=True)
    draw_below("overview", f"{view} {pins()}", partial(show_beside, store, found.slopes))
    export_page(shown_view("overview"), store)


def show_beside(store: ResultStore, slopes: Sheet | None) -> None:
    show_pins(store)
    if slopes is not None:
        sheet_panel(slopes)


def headline_cards(
    honest: pd.DataFrame, baselines: pd.DataFrame, best: pd.Series, changes: pd.DataFrame
) -> list[Card]:
    floors = baselines.groupby("baseline")["mean"].mean()
    # How much was presented: sentences have a length, stories a pace.
    amount = "length" if "length" in floors else "word-rate"
    cards = [
        Card(
            "Best layer, r",
            f"{best['mean']:.2f}",
            f"{series_titles(honest)[best['run_id']]}, layer {best['layer']}",
        ),
        Card(
            f"{BASELINE_TITLES[amount].capitalize()} alone, r",
            f"{floors[amount]:.2f}",
            "baseline, same folds",
        ),
        Card("Sample order alone, r", f"{floors['oasm']:.2f}", "OASM baseline, same folds"),
    ]
    cards += [change_card(row) for row in shown_changes(changes).itertuples()]
    return cards


def changes_of(store: ResultStore, view: Chosen, model: str) -> pd.DataFrame:
    """Compare the compressions of one model with its full precision."""
    selection = view.selection.model_copy(update={"models": (model,)})
    return compression_changes(store, selection, view.split)


def shown_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Keep the changes that cards have room for: all, or of many the worst."""
    means = changes["differences"].map(lambda values: sum(values) / len(values))
    named = changes.assign(
        title=[f"{compression_title(name)}, Δr" for name in changes["compression"]],
        method="",
    )
    if len(changes) <= MOST_CHANGES:
        return named
    worst = named.loc[[means.idxmin()]]
    return worst.assign(
        title=f"Worst of {len(changes)} methods, Δr",
        method=[f"{compression_title(name)}, " for name in worst["compression"]],
    )


def change_card(change: tuple) -> Card:
    interval = mean_interval(change.differences)
    return Card(
        change.title,
        f"{interval.mean:+.3f}",
        f"{change.method}[{interval.low:+.3f}, {interval.high:+.3f}] over folds, "
        f"layer {change.layer}",
    )


def show_rest(store: ResultStore) -> None:
    show_findings()
    show_published_figures(store, published(store))
    show_store(store)


def show_findings() -> None:
    st.subheader("What has been published")
    for row in _in_rows(list(catalog.findings().values()), 3):
        for column, finding in zip(st.columns(3), row, strict=False):
            citation = catalog.citations()[finding.citation]
            with column.container(border=True, height="stretch"):
                evidence_badge("published")
                st.markdown(finding.claim)
                st.caption(f"{finding.scope}. [{citation.short}]({citation.url})")


def _in_rows(items: list, n: int) -> list[list]:
    return [items[start : start + n] for start in range(0, len(items), n)]


def show_published_figures(store: ResultStore, figures: pd.DataFrame) -> None:
    # Neither is drawn before somebody opens it: the first page should not wait for them.
    curves = st.expander(
        "Published layer curves: Llama-3.1-8B, base and instruct (not peer-reviewed)",
        key="published-curves", on_change="rerun",
    )  # fmt: skip
    if curves.open:
        sheet = published_sheet(store)
        if sheet is not None:
            with curves:
                sheet_panel(sheet)
    table = st.expander(
        f"All {len(figures)} published figures in the store", key="published-table",
        on_change="rerun",
    )  # fmt: skip
    if table.open:
        named = [catalog.citations()[key].short for key in figures["citation"]]
        table.dataframe(figures.assign(citation=named), hide_index=True)


def show_store(store: ResultStore) -> None:
    st.subheader("What is in the store")
    table = runs(store)
    for problem in store.problems:
        st.warning(
            f"The shard {problem.place} cannot be read and was "
            f"left out ({problem.reason}). Delete it and compute the run again.",
            icon=":material/broken_image:",
        )
    if table.empty:
        st.info("No runs yet.")
        return
    st.markdown(store_summary(table))
    every = st.expander(f"All {len(table)} runs", key="all-runs", on_change="rerun")
    if every.open:
        with every:
            show_runs(table)


def store_summary(table: pd.DataFrame) -> str:
    """Write a line per data set: a light table, which the first page can draw at once."""
    columns = ["dataset", "evidence", "model", "compression", "split"]
    kinds = table.groupby(columns, sort=False).size().rename("n").reset_index()
    lines = [
        "| Data set | Evidence | Models | Compressions | Folds | Runs |",
        "|---|---|---|---|---|---|",
    ]
    for dataset, rows in kinds.groupby("dataset", sort=False):
        cells = [
            dataset_title(str(dataset)),
            joined(list(rows["evidence"])),
            few_names([model_title(name) for name in rows["model"].sort_values()]),
            few_names([compression_title(name) for name in rows["compression"].sort_values()]),
            joined([SPLIT_TITLES[name] for name in rows["split"].sort_values()]),
            str(rows["n"].sum()),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def few_names(names: list[str]) -> str:
    """Join names, or count them where they are many."""
    unique = set(names)
    return joined(names) if len(unique) <= MOST_NAMES else str(len(unique))


def show_runs(table: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Evidence": table["evidence"],
            "Data set": table["dataset"].map(dataset_title),
            "Model": table["model"].map(model_title),
            "Compression": table["compression"].map(compression_title),
            "Bits per weight": table["bits_per_weight"],
            "Folds": table["split"].map(SPLIT_TITLES),
            "n": table["n_samples"],
            "Best layer": table["best_layer"],
            "Best r": table["best_r"],
            "Seconds": table["seconds"],
            "From": table["origin"],
            "Made": table["created_at"],
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "Bits per weight": st.column_config.NumberColumn(format="%.1f"),
            "Best r": st.column_config.NumberColumn(format="%.3f"),
            "Seconds": st.column_config.NumberColumn(format="%.0f"),
            "Made": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )


require_app()
st.title("CortexScale")
st.markdown(
    "**How do a language model's scale and compression change how well it predicts the human "
    "brain?** An encoding model is a ridge regression from a model's hidden states to brain "
    "responses, scored by the correlation of predicted and held-out responses."
)
with st.container(horizontal=True):
    st.page_link(LAYERS, label="Explore the layers", icon=":material/stacked_line_chart:")
    st.page_link(RUN, label="Run it on your own sentences", icon=":material/play_circle:")
current, opened = current_choice(), open_store()
if current is not None:
    show_results(opened, current)
draw_below("overview-rest", f"{opened.version} {len(opened.problems)}", partial(show_rest, opened))
