"""The look of every page, beyond what the theme's settings say."""

import streamlit as st

from backend.paths import ASSETS

# Of its longest label, a data set and its number of runs.
SIDEBAR_PIXELS = 340


def draw_look() -> None:
    """Add the project's style sheet to a page."""
    st.html(ASSETS / "look.css")
