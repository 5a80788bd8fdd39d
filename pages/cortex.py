"""Maps of the cortex: what models predict where."""

import pandas as pd
import streamlit as st

from backend.errors import InputError, StoreError
from backend.figures.inflated import VIEWS
from backend.figures.labels import dataset_title
from backend.store.map_queries import mapped_datasets
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.cortex import cortex_runs, pinned_runs
from backend.views.cortex_maps import CortexMaps, MapChoice, PinnedRun, cortex_maps
from pages.shared.cortex_controls import choose_maps, keep_frame, write_cortex_url
from pages.shared.cortex_files import show_files, show_own_map
from pages.shared.cortex_place import keep_pick, show_place
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.figures import inflated_figure
from pages.shared.flatmap import flatmaps
from pages.shared.navigation import RUN
from pages.shared.panel import evidence_badge, mode
from pages.shared.plain import plain
from pages.shared.plot import draw_plot
from pages.shared.pycortex_panel import show_pycortex
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.tray import pins
from pages.shared.url import seed_one, shown_view
from pages.shared.window import is_narrow

_INFLATED_HELP = "Beside the flat map, to be turned; takes a moment."


def show(store: ResultStore, chosen: Chosen) -> None:
    runs = cortex_runs(store, chosen)
    if runs.empty:
        show_nothing(store, chosen)
        show_pycortex(store, chosen)
        return
    pinned = pinned_runs(store, pins(), mode())
    choice = choose_maps(store, runs, len(pinned))
    maps = read_maps(store, runs, choice, pinned)
    if maps is not None:
        show_files(maps, show_maps(maps))
    show_place(store, runs, choice.run_id)
    show_pycortex(store, chosen)
    write_cortex_url()
    export_page(shown_view("cortex"), store)


def read_maps(
    store: ResultStore, runs: pd.DataFrame, choice: MapChoice, pinned: list[PinnedRun]
) -> CortexMaps | None:
    try:
        return cortex_maps(store, runs, choice, pinned)
    except (InputError, StoreError) as error:
        st.info(f"This map cannot be drawn: {error}", icon=":material/search_off:")
        st.caption("Choose another map or run above, or compute what is missing.")
        st.page_link(RUN, label="Start a run", icon=":material/play_circle:")
        return None


def show_maps(maps: CortexMaps) -> int:
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(maps.panels[0].evidence)
        st.text(maps.title)
        turned = st.toggle("Inflated surface", key="inflated", help=_INFLATED_HELP)
    for note in maps.notes:
        st.caption(f":material/info: {note}")
    # Where there is no room for two, one wraps below the other.
    left, right = st.columns(2) if turned else (st.container(), None)
    with left:
        state = flatmaps("flatmap", maps.panels, maps.scale, maps.short, maps.film)
    frame = 0
    if maps.film is not None:
        frame = maps.film.start if state.frame is None else state.frame
        keep_frame(maps.layers, frame)
    if right is not None:
        with right:
            show_inflated(maps, frame)
    st.caption(plain(maps.caption))
    if state.picked is not None:
        keep_pick(state.picked)
    return frame


def show_inflated(maps: CortexMaps, frame: int) -> None:
    seed_one("inflated_view", list(VIEWS))
    view = st.segmented_control(
        "Seen from", list(VIEWS), required=True, format_func=VIEWS.__getitem__,
        key="inflated_view", label_visibility="collapsed",
    )  # fmt: skip
    panel = maps.panels[0]
    values = panel.drawn()[frame if maps.film else 0]
    simulated = panel.evidence == "simulated"
    draw_plot(
        "figure-inflated",
        inflated_figure(values, maps.scale, mode(), view, simulated, is_narrow()),
        f"Inflated surface, {view}: {panel.alt}",
        {"displaylogo": False},
    )


def show_nothing(store: ResultStore, chosen: Chosen | None) -> None:
    st.info(
        "No run of this selection has a map: its targets are no vertices of fsaverage5. A map "
        "takes a run on a story folder whose space is fsaverage5 (project volumes first), such as "
        "`python -m backend encode --dataset demo-cortex --model minilm-l6`",
        icon=":material/search_off:",
    )
    others = mapped_datasets(store)
    current = chosen.selection.dataset if chosen is not None else None
    with st.container(horizontal=True):
        for dataset in others[others["dataset"] != current]["dataset"]:
            st.button(
                f"Show {dataset_title(dataset)}", key=f"show-{dataset}", on_click=show_dataset,
                args=(dataset,), icon=":material/neurology:", type="primary",
            )  # fmt: skip
        st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


def show_dataset(dataset: str) -> None:
    st.session_state["data"] = dataset


require_app()
st.title("Cortex")
current = current_choice()
if current is None:
    show_nothing(open_store(), None)
    show_pycortex(open_store(), None)
else:
    show(open_store(), current)
show_own_map()
