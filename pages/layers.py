"""Predictivity by layer, with uncertainty, baselines and ceiling."""

from functools import partial

import pandas as pd
import streamlit as st

from backend import catalog
from backend.figures.labels import SPLIT_TITLES
from backend.store.queries import baseline_scores, gains_over_baselines
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.layer_controls import LayerControls
from backend.views.layer_parts import LayerParts, layer_parts
from backend.views.layer_pins import pins_sheet
from backend.views.layers import curves_sheet, region_sheets
from backend.views.sheet import Sheet
from pages.shared.below import draw_below
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.layer_controls import choose_layers
from pages.shared.layer_tables import show_gains, show_peaks
from pages.shared.navigation import CORTEX, RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.tray import pins
from pages.shared.url import shown_view

_cached = partial(
    st.cache_resource, max_entries=32, show_spinner=False,
    hash_funcs={
        ResultStore: lambda store: (id(store), len(store.problems)),
        Chosen: repr,
        LayerControls: repr,
    },
)  # fmt: skip


# The store is a part of the answer, so that no other can come to have its identity meanwhile.
@_cached
def _prepared(
    store: ResultStore, chosen: Chosen, controls: LayerControls
) -> tuple[ResultStore, LayerParts, Sheet] | None:
    parts = layer_parts(store, chosen, controls)
    return None if parts is None else (store, parts, curves_sheet(parts, chosen, controls))


@_cached
def _regions(
    store: ResultStore, chosen: Chosen, controls: LayerControls
) -> tuple[ResultStore, list[Sheet]]:
    prepared = _prepared(store, chosen, controls)
    return store, [] if prepared is None else region_sheets(prepared[1], chosen, controls)


def show(store: ResultStore, chosen: Chosen) -> None:
    controls = choose_layers(store, chosen)
    prepared = _prepared(store, chosen, controls)
    if prepared is None:
        show_nothing()
        return
    _, parts, curves = prepared
    shown = parts.models.runs
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(parts.best["evidence"])
        st.markdown(summary(parts))
    show_left_out(parts)
    if chosen.shuffled:
        baselines = baseline_scores(store, chosen.selection.of_first_response())
        show_lesson(baselines[baselines["run_id"].isin(shown["run_id"])], chosen.split)
    if parts.apart is None and controls.by != "model":
        st.info("This selection cannot be taken apart like that.", icon=":material/info:")
    sheet_panel(curves)
    if chosen.metric != "unique_r2" and parts.models.table["ceiling"].isna().all():
        st.caption(
            "No noise ceiling is known for this response: it takes repeats, or a published value "
            "given as `--ceiling COLUMN=R`; for stories, in the folder's dataset.yaml."
        )
    draw_below(
        "layers",
        f"{chosen} {controls} {pins()}",
        partial(show_more, store, parts, chosen, controls),
    )
    export_page(shown_view("layers"), store)


def show_more(
    store: ResultStore, parts: LayerParts, chosen: Chosen, controls: LayerControls
) -> None:
    shown = parts.models.runs
    pinned = pins_sheet(store, pins(), chosen, controls)
    if pinned is not None:
        sheet_panel(pinned)
    show_regions(parts, _regions(store, chosen, controls)[1])
    show_gains(gains_over_baselines(store, chosen.of_first_response().selection), shown)
    show_peaks(parts.apart or parts.models)
    # Only words in a story have a context.
    if shown["context_length"].notna().any():
        st.page_link(CORTEX, label="See it on the cortex", icon=":material/neurology:")


def show_regions(parts: LayerParts, sheets: list[Sheet]) -> None:
    if not sheets:
        return
    st.subheader("From early regions to late ones")
    if len(sheets) == 1:
        sheet_panel(sheets[0])
    else:
        for column, sheet in zip(st.columns(len(sheets)), sheets, strict=True):
            with column:
                sheet_panel(sheet)
    if parts.no_hierarchy:
        st.info(f"No hierarchy: {parts.no_hierarchy}", icon=":material/info:")
    if parts.hierarchy is not None:
        st.caption(order_words())


def order_words() -> str:
    stages = list(catalog.hierarchy().values())
    citations = catalog.citations()

    def link(key: str) -> str:
        return f"[{citations[key].short}]({citations[key].url})"

    cited = dict.fromkeys(link(stage.citation) for stage in stages)
    contested = dict.fromkeys(link(stage.contested) for stage in stages if stage.contested)
    return (
        f"The order is {', then '.join(stage.title for stage in stages)} ({'; '.join(cited)}), "
        "stated beforehand. It is a hypothesis, and contested: "
        f"{'; '.join(contested)} found no such order among language regions. The test takes "
        "regions as exchangeable, and each region's two hemispheres as one."
    )


def summary(parts: LayerParts) -> str:
    best = parts.best
    peaks = parts.models.peaks
    (peak,) = peaks[peaks["run_id"] == best["run_id"]].to_dict("records")
    bounds = "" if pd.isna(peak["low"]) else f" (95%: {peak['low']:.0f} to {peak['high']:.0f})"
    folds = SPLIT_TITLES[best["split"]]
    units = folds if parts.models.units == "folds" else "subjects"
    return (
        f"Best: **{best['title']}**, layer **{best['layer']}**{bounds}, **{best['mean']:.3f}** "
        f"[{best['low']:.3f}, {best['high']:.3f}] over {best['n_units']} {units}"
    )


def show_left_out(parts: LayerParts) -> None:
    shown = len(parts.models.runs[["model", "compression"]].drop_duplicates())
    if shown < parts.n_series:
        st.caption(
            f":material/filter_alt: {shown} of {parts.n_series} models and compressions are drawn: "
            "trained models at full precision. Choose others in the sidebar; Scale and Compression "
            "show all at once."
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


def show_nothing() -> None:
    st.info(
        "Nothing in the store fits this selection. Widen it in the sidebar, or start the run that "
        "would fill it.",
        icon=":material/search_off:",
    )
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


require_app()
st.title("Layers")
current = current_choice()
if current is None:
    show_nothing()
else:
    show(open_store(), current)
