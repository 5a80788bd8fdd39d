"""The app's pages, by name."""

from copy import copy

import streamlit as st
from streamlit.navigation.page import StreamlitPage

OVERVIEW = st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True)
CORTEX = st.Page("pages/cortex.py", title="Cortex", icon=":material/neurology:")
LAYERS = st.Page("pages/layers.py", title="Layers", icon=":material/stacked_line_chart:")
SCALE = st.Page("pages/scale.py", title="Scale", icon=":material/monitoring:")
COMPRESSION = st.Page("pages/compression.py", title="Compression", icon=":material/compress:")
PROBING = st.Page("pages/probing.py", title="Probing", icon=":material/psychology:")
DISSOCIATION = st.Page("pages/dissociation.py", title="Dissociation", icon=":material/call_split:")
CLAIMS = st.Page("pages/claims.py", title="Claims", icon=":material/fact_check:")
RUN = st.Page("pages/run.py", title="Run", icon=":material/play_circle:")

PAGES = [OVERVIEW, LAYERS, CORTEX, SCALE, COMPRESSION, PROBING, DISSOCIATION, CLAIMS, RUN]
# The address of the first page has no name in it.
_HOME = "overview"


def own_pages() -> list[st.Page]:
    """Return pages for one drawing of the app.

    ``st.navigation`` marks the page that may be run, and running it takes the mark away: of two
    sessions that shared it and drew at the same moment, one would be refused its page.
    """
    return [copy(page) for page in PAGES]


def page_name(page: StreamlitPage) -> str:
    """Name of a page, as views and addresses have it."""
    return page.url_path or _HOME


def page_named(name: str) -> StreamlitPage:
    """Find a page by its name."""
    return next(page for page in PAGES if page_name(page) == name)
