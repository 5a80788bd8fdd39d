"""The range of layers in the sidebar: by number, or by relative depth."""

import streamlit as st

from backend.store.selection import Selection
from backend.views.choose import layers_word
from pages.shared.url import keep

_KEY = "layers"
_RELATIVE, _NUMBERS, _PERCENT = "layers_relative", "layers_numbers", "layers_percent"
_STEP = 5
_HELP = (
    "Relative depth goes from 0 %, the embedding output, to 100 %, each model's last layer, so "
    "that models of different depth can be compared."
)


def hold_layers(selection: Selection) -> None:
    """Keep the range that is chosen, as a link says it."""
    keep(_KEY, layers_word(selection) or "")


def choose_layers(selection: Selection, deepest: int) -> None:
    """Draw a slider with a switch; the whole range is no filter."""
    if deepest < 1:
        return
    if selection.depth is not None or selection.layers is not None:
        keep(_RELATIVE, selection.depth is not None)
    relative = st.toggle(
        "Layers by relative depth", key=_RELATIVE, help=_HELP, on_change=_take, args=("",)
    )
    if relative:
        low, high = selection.depth or (0.0, 1.0)
        keep(_PERCENT, (round(100 * low), round(100 * high)))
        st.slider(
            "Layers", 0, 100, step=_STEP, format="%d%%", key=_PERCENT,
            on_change=_take_slider, args=(_PERCENT, 100),
        )  # fmt: skip
    else:
        keep(_NUMBERS, selection.layers or (0, deepest))
        st.slider(
            "Layers", 0, deepest, key=_NUMBERS, on_change=_take_slider, args=(_NUMBERS, deepest)
        )


def _take_slider(key: str, end: int) -> None:
    low, high = st.session_state[key]
    sign = "%" if key == _PERCENT else ""
    _take("" if (low, high) == (0, end) else f"{low}{sign}-{high}{sign}")


def _take(word: str) -> None:
    st.session_state[_KEY] = word
