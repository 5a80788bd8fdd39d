"""The part of a page below its first figure, which need not hold up what is looked at."""

import hashlib
from collections.abc import Callable

import streamlit as st

from backend.paths import ASSETS
from pages.shared.url import say_again

_watch = st.components.v2.component(
    "cortexscale_below", js=(ASSETS / "below.js").read_text(encoding="utf-8")
)


# No fragment: a click that comes while one is run by itself can be lost.
def draw_below(name: str, version: str, draw: Callable[[], None]) -> None:
    """Draw a part of a page when it is looked at, else a moment after the rest.

    Where it was looked at in its last version, it is drawn at once.

    Parameters
    ----------
    name : str
        Of the part, one for the whole app.
    version : str
        Says what it shows: where that differs, it is another part.
    draw : callable
    """
    key, version = f"below-{name}", hashlib.sha256(version.encode()).hexdigest()[:12]
    with st.container(key=key):
        how, _, shown = (_said(f"{key}-watch") or "").partition(" ")
        drawn = how == "seen" or shown == version or not _has_window()
        _watch(
            key=f"{key}-watch", data={"version": version, "drawn": drawn}, height=1,
            on_shown_change=say_again,
        )  # fmt: skip
        if drawn:
            draw()


def _said(key: str) -> str | None:
    return (st.session_state.get(key) or {}).get("shown")


def _has_window() -> bool:
    """Whether a browser looks on; nobody else would ever ask for what lies below."""
    return "User-Agent" in st.context.headers
