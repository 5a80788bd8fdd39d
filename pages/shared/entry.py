"""Every page is drawn by app.py, whichever address a server is asked for first."""

import runpy

import streamlit as st

from backend.paths import PROJECT

_KEY = "_drawn_by_app"


def announce_app() -> None:
    """Let the page that is run next know that app.py has drawn the navigation and the sidebar."""
    st.session_state[_KEY] = True


def require_app() -> None:
    """Run app.py first when Streamlit has run a page by itself, which then draws that page.

    Until a server has seen ``st.navigation`` once, Streamlit takes a folder named ``pages`` for
    its older kind of app and runs the page of the address alone, without app.py. A link to a page
    on a freshly started server would lose the sidebar and with it the selection in the URL.
    """
    if not st.session_state.pop(_KEY, False):
        runpy.run_path(str(PROJECT / "app.py"))
        st.stop()
