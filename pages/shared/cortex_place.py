"""What the Cortex page shows of the region or the vertex that was clicked."""

import pandas as pd
import streamlit as st

from backend.cortex.flat import side_of
from backend.figures.labels import compression_title
from backend.figures.place import BY_TITLES
from backend.store.reader import ResultStore
from backend.views.cortex import find_place, place_names, place_sheet
from pages.shared.flatmap import Pick
from pages.shared.panel import sheet_panel
from pages.shared.url import seed_one

_NOWHERE = "none"
_VERTEX = "_cortex_vertex"


def keep_pick(pick: Pick) -> None:
    """Let a clicked place be the page's: its region where it lies in one, else the vertex."""
    st.session_state[_VERTEX] = f"vertex {pick.vertex}"
    region = f"{side_of(pick.vertex)} {pick.roi}"
    inside = pick.roi is not None and region in place_names()
    st.session_state["place"] = region if inside else st.session_state[_VERTEX]


def show_place(store: ResultStore, runs: pd.DataFrame, run_id: str) -> None:
    """Draw the curves of the chosen place, and let another one be chosen."""
    st.subheader("One place")
    left, right = st.columns([3, 4], vertical_alignment="bottom")
    with left:
        name = _choose()
    place = find_place(name)
    if place is None:
        st.caption(
            "Click on the map, or choose a region with the arrow keys and Enter, to see its curve "
            "over layers, its compressions and its subjects."
        )
        return
    with right:
        kinds = list(BY_TITLES)
        seed_one("place_by", kinds)
        by = st.segmented_control(
            "Compared", kinds, required=True, format_func=BY_TITLES.__getitem__, key="place_by"
        )
    sheet = place_sheet(store, runs, run_id, place, by)
    if sheet is None or sheet.build is None:
        st.info(
            "No run here knows this vertex: they hold the vertices of the regions only.",
            icon=":material/search_off:",
        )
        return
    if by != "subject" and sheet.data[by].nunique() == 1:
        _say_what_is_missing(by, sheet.data[by].iloc[0])
    sheet_panel(sheet)


def _choose() -> str:
    options = [_NOWHERE, *place_names()]
    asked = st.session_state.get("place") or st.query_params.get("place", "")
    vertices = dict.fromkeys([st.session_state.get(_VERTEX, ""), asked])
    options += [name for name in vertices if name not in options and find_place(name) is not None]
    seed_one("place", options)
    return st.selectbox("Place", options, format_func=_title, key="place")


def _title(name: str) -> str:
    if name == _NOWHERE:
        return "Nowhere yet"
    place = find_place(name)
    return name if place is None else f"{place.name}, {place.hemisphere}"


def _say_what_is_missing(by: str, only: str) -> None:
    if by == "compression":
        told = (
            f"Only {compression_title(only)} is stored for this place. To compare: "
            "`python -m backend encode ... --compression bnb-int8`"
        )
    else:
        told = "Only one model is stored for this place with the same subject and compression."
    st.caption(f":material/info: {told}")
