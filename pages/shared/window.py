"""Whether the window is as narrow as a telephone, which figures are laid out for."""

import streamlit as st

from backend.paths import ASSETS

_KEY = "window"

_watch = st.components.v2.component(
    "cortexscale_window", js=(ASSETS / "window.js").read_text(encoding="utf-8")
)


def watch_window() -> None:
    """Ask the browser, which answers only where the server is wrong: a wide window asks nothing."""
    _watch(key=_KEY, data={"narrow": is_narrow()}, height=1, on_narrow_change=lambda: None)


def is_narrow() -> bool:
    """Whether the window is narrow; of one that has not said so, whether it is a telephone's."""
    said = (st.session_state.get(_KEY) or {}).get("narrow")
    return "Mobi" in st.context.headers.get("User-Agent", "") if said is None else bool(said)
