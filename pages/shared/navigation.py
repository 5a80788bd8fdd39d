"""The app's pages, by name."""

import streamlit as st

OVERVIEW = st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True)
CORTEX = st.Page("pages/cortex.py", title="Cortex", icon=":material/neurology:")
LAYERS = st.Page("pages/layers.py", title="Layers", icon=":material/stacked_line_chart:")
SCALE = st.Page("pages/scale.py", title="Scale", icon=":material/monitoring:")
COMPRESSION = st.Page("pages/compression.py", title="Compression", icon=":material/compress:")
CLAIMS = st.Page("pages/claims.py", title="Claims", icon=":material/fact_check:")
RUN = st.Page("pages/run.py", title="Run", icon=":material/play_circle:")

PAGES = [OVERVIEW, LAYERS, CORTEX, SCALE, COMPRESSION, CLAIMS, RUN]
