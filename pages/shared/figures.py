"""A figure that takes long to build, built once for the data that it shows.

It is shared between sessions, so nobody may change it.
"""

import streamlit as st

from backend.figures import inflated

inflated_figure = st.cache_resource(
    inflated.inflated_figure, max_entries=8, show_spinner="Drawing the surface"
)
