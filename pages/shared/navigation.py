"""The app's pages, by name."""

from copy import copy

import streamlit as st

OVERVIEW = st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True)
CORTEX = st.Page("pages/cortex.py", title="Cortex", icon=":material/neurology:")
LAYERS = st.Page("pages/layers.py", title="Layers", icon=":material/stacked_line_chart:")
SCALE = st.Page("pages/scale.py", title="Scale", icon=":material/monitoring:")
COMPRESSION = st.Page("pages/compression.py", title="Compression", icon=":material/compress:")
CLAIMS = st.Page("pages/claims.py", title="Claims", icon=":material/fact_check:")
RUN = st.Page("pages/run.py", title="Run", icon=":material/play_circle:")

PAGES = [OVERVIEW, LAYERS, CORTEX, SCALE, COMPRESSION, CLAIMS, RUN]


def own_pages() -> list[st.Page]:
    """Return pages for one drawing of the app.

    ``st.navigation`` marks the page that may be run, and running it takes the mark away: of two
    sessions that shared it and drew at the same moment, one would be refused its page.
    """
    return [copy(page) for page in PAGES]
