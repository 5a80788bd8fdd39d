"""What the sidebar has chosen, for the page that is drawn after it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from backend.views.choose import KEYS, Chosen
from pages.shared.url import open_parameters, url_parameters

_KEY = "_chosen"


def current_choice() -> Chosen | None:
    """Return what the sidebar has chosen; None while the store holds nothing to choose from."""
    return st.session_state.get(_KEY)


def set_choice(chosen: Chosen | None) -> None:
    """Keep the sidebar's choice for the page that is drawn after it."""
    st.session_state[_KEY] = chosen


def choose_in_sidebar(parameters: Mapping[str, Sequence[str]]) -> None:
    """Give the sidebar, in a callback, a selection as a link has it; the rest stays."""
    own = {key: values for key, values in url_parameters().items() if key not in KEYS}
    open_parameters({**own, **parameters})
