"""The app's pages, by name."""

import streamlit as st

OVERVIEW = st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True)
LAYERS = st.Page("pages/layers.py", title="Layers", icon=":material/stacked_line_chart:")
RUN = st.Page("pages/run.py", title="Run", icon=":material/play_circle:")

PAGES = [OVERVIEW, LAYERS, RUN]
