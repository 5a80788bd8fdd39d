"""CortexScale: ``streamlit run app.py``."""

import streamlit as st

from pages.shared.entry import announce_app
from pages.shared.navigation import PAGES
from pages.shared.sidebar import draw_sidebar

st.set_page_config(
    page_title="CortexScale",
    page_icon="assets/icon.svg",
    layout="wide",
    initial_sidebar_state="expanded",
)
st.logo("assets/logo.svg", size="large", icon_image="assets/icon.svg")
page = st.navigation(PAGES)
draw_sidebar()
announce_app()
page.run()
