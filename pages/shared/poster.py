"""A figure's still picture in its place, until Plotly has drawn the figure itself.

A browser needs about a second to load Plotly, and a page is to be read before that.
"""

import base64
import threading
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from backend.figures.draft import Drafted
from backend.figures.poster import make_poster, poster_path
from backend.paths import cache_folder

# Rendering takes a browser of its own, which should not compete with the one that is loading.
_SECONDS_LATER = 10.0
_FIRST = "_first_poster"
_STYLE = """<style>
.st-key-panel-{key} {{position: relative; min-height: {height}px}}
.st-key-poster-{key} {{position: absolute; top: 0; left: 0; width: 100%; z-index: 1;
    pointer-events: none}}
.st-key-panel-{key}:has(.js-plotly-plot .main-svg) .st-key-poster-{key} {{display: none}}
.st-key-panel-{key}:not(:has(.js-plotly-plot .main-svg)) [data-testid="stSkeleton"] {{
    visibility: hidden}}
.st-key-poster-{key} img {{width: 100%; height: {height}px; object-fit: fill}}
</style>"""


def draw_poster(key: str, figure: go.Figure) -> None:
    """Show the picture of a figure that is drawn next, in a container named ``panel-KEY``.

    Where there is none yet, it is rendered in the background for the next visit. A session whose
    figure has changed since has Plotly, and needs no picture.

    Parameters
    ----------
    key : str
    figure : plotly.graph_objects.Figure
    """
    _, path = _named(figure)
    first = f"{_FIRST}_{st.context.theme.type}"
    if st.session_state.setdefault(first, path.name) != path.name:
        st.session_state[first] = ""
        st.container(key=f"poster-{key}")
        return
    if not path.exists():
        _render_later(path.name, figure)
        return
    encoded = base64.b64encode(path.read_bytes()).decode()
    with st.container(key=f"poster-{key}"):
        # By what draws Markdown, which is loaded by then; what draws HTML may come after Plotly.
        st.markdown(
            _STYLE.format(key=key, height=figure.layout.height)
            # The figure that follows has the words for a screen reader.
            + f'<img src="data:image/svg+xml;base64,{encoded}" alt="" aria-hidden="true">',
            unsafe_allow_html=True,
        )


# The figure is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={go.Figure: id, Drafted: id})
def _named(figure: go.Figure) -> tuple[go.Figure, Path]:
    return figure, poster_path(figure, cache_folder() / "posters")


@st.cache_resource(max_entries=64, show_spinner=False)
def _render_later(name: str, _figure: go.Figure) -> threading.Timer:
    """Start rendering once per figure, whoever asks."""
    timer = threading.Timer(_SECONDS_LATER, make_poster, args=[_figure, cache_folder() / "posters"])
    timer.daemon = True
    timer.start()
    return timer
