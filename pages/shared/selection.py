"""What the sidebar has chosen, for the page that is drawn after it."""

import streamlit as st

from backend.views.choose import Chosen

_KEY = "_chosen"


def current_choice() -> Chosen | None:
    """Return what the sidebar has chosen; None while the store holds nothing to choose from."""
    return st.session_state.get(_KEY)


def set_choice(chosen: Chosen | None) -> None:
    """Keep the sidebar's choice for the page that is drawn after it."""
    st.session_state[_KEY] = chosen
