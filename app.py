"""CortexScale: ``streamlit run app.py``."""

import streamlit as st

from backend.paths import ASSETS
from pages.shared.entry import announce_app
from pages.shared.look import SIDEBAR_PIXELS, draw_look
from pages.shared.navigation import own_pages, page_name
from pages.shared.sidebar import draw_sidebar
from pages.shared.store import reading_store
from pages.shared.talk import draw_talk, in_talk
from pages.shared.tools import keeping_view
from pages.shared.window import watch_window

ICON = str(ASSETS / "icon.svg")

st.set_page_config(
    page_title="CortexScale",
    page_icon=ICON,
    layout="wide",
    # Closed at first where a window is narrow.
    initial_sidebar_state=SIDEBAR_PIXELS,
)
draw_look()
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=ICON)
page = st.navigation(own_pages())
with reading_store():
    if in_talk():
        draw_talk(page_name(page))
    else:
        with keeping_view(page_name(page)):
            draw_sidebar()
            watch_window()
            announce_app()
            page.run()
