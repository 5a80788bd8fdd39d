"""What the Layers page shows of stories beside the curves: a map of the cortex."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import SPACE
from backend.errors import StoreError
from backend.figures.captions import results_caption
from backend.figures.flatmap import flatmap_bytes, flatmap_figure
from backend.figures.labels import series_titles
from backend.figures.theme import Mode
from backend.store.reader import ResultStore
from backend.store.story_queries import space_of, target_map
from pages.shared.panel import picture_panel

_MAP_SHORT = {"r": "r", "unique_r2": "unique R²", "ceiling": "ceiling", "q": "q"}
MAP_TITLES = {
    "r": "Pearson r",
    "unique_r2": "Unique R² (regions only)",
    "ceiling": "Noise ceiling (r)",
    "q": "q (Benjamini-Hochberg)",
}
_MAP_COLOURS = {"q": "viridis_r"}


def show_map(store: ResultStore, curves: pd.DataFrame) -> None:
    """Draw a flat map of a run's best layer, or of another one, where it is on fsaverage5."""
    best = curves.loc[curves["mean"].idxmax()]
    run_id = str(best["run_id"])
    if space_of(store, run_id)["space"] != SPACE:
        return
    st.subheader("On the cortex")
    titles = series_titles(curves)
    left, middle, right = st.columns([2, 2, 3])
    runs = list(titles)
    run_id = left.selectbox(
        "Run", runs, index=runs.index(run_id), format_func=titles.__getitem__, key="map_run"
    )
    layers = sorted(int(layer) for layer in curves[curves["run_id"] == run_id]["layer"].unique())
    layer = middle.select_slider(
        "Layer", layers, value=int(best["layer"]) if best["layer"] in layers else layers[0],
        key="map_layer",
    )  # fmt: skip
    what = right.segmented_control(
        "Map", list(MAP_TITLES), default="r", required=True, format_func=_MAP_SHORT.__getitem__,
        key="map_what", help="; ".join(f"{_MAP_SHORT[m]}: {MAP_TITLES[m]}" for m in MAP_TITLES),
    )  # fmt: skip
    try:
        values = target_map(store, run_id, layer, what or "r")
    except StoreError:
        st.info(
            f"This run holds no map of {MAP_TITLES[what or 'r']}.", icon=":material/search_off:"
        )
        return
    rows = curves[curves["run_id"] == run_id]
    title = f"{titles[run_id]}, layer {layer}, {rows['subject'].iloc[0]}"
    caption = results_caption(rows, f"{MAP_TITLES[what or 'r']} on {SPACE}: {title}")
    evidence = rows["evidence"].iloc[0]
    picture_panel(
        "flatmap",
        partial(_draw_map, values, what or "r", evidence, title, caption),
        pd.DataFrame({"target": range(len(values)), what or "r": values}),
        caption,
        alt=caption,
    )


@st.cache_data(max_entries=32, show_spinner="Drawing the cortex")
def _draw_map(
    values: np.ndarray, what: str, evidence: str, title: str, caption: str, mode: Mode, kind: str
) -> bytes:
    figure = flatmap_figure(
        values,
        MAP_TITLES[what],
        evidence,
        mode,
        title=title,
        cmap=_MAP_COLOURS.get(what, "viridis"),
        outlines=_outlines(),
    )
    return flatmap_bytes(figure, kind, caption)


def _outlines() -> dict[str, np.ndarray]:
    """Targets of each region, both sides under one name."""
    outlines: dict[str, np.ndarray] = {}
    for region in surface_regions():
        known = outlines.get(region.name, np.empty(0, dtype=np.int64))
        outlines[region.name] = np.concatenate([known, region.targets])
    return outlines
