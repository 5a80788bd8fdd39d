"""The comparison tray: pinned selections, the same on every page."""

import html

import pandas as pd
import streamlit as st

from backend.figures.theme import GROUND, pin_colour
from backend.views.pins import KEY, MOST_PINS, Pin, next_pin, read_pins
from pages.shared.panel import mode
from pages.shared.selection import current_choice
from pages.shared.url import name_unknown, write_url

_PINS = "_pins"


def pins() -> list[Pin]:
    """Return the pinned selections, ordered by colour; none while nothing is pinned."""
    return list(st.session_state.get(_PINS, []))


def read_tray(available: pd.DataFrame) -> None:
    """Take the pins from the session, else from the URL, before anything is drawn with them."""
    from_url = KEY not in st.session_state
    words = st.query_params.get_all(KEY) if from_url else st.session_state[KEY]
    found, unknown = read_pins(available, words) if len(available) else ([], [])
    if from_url:
        for word in unknown:
            name_unknown(KEY, word)
    _hold(found)


def draw_tray() -> None:
    """Draw a chip per pin, and the button that pins what is selected now."""
    pinned, chosen = pins(), current_choice()
    if chosen is None:
        return
    for pin in pinned:
        with st.container(
            horizontal=True, wrap=False, vertical_alignment="center", key=f"chip-{pin.letter}"
        ):
            st.html(chip(pin))
            st.button(
                "", key=f"unpin-{pin.letter}", icon=":material/close:", type="tertiary",
                help="Unpin", on_click=_unpin, args=(pin,),
            )  # fmt: skip
    new = next_pin(pinned, chosen)
    st.button(
        "Pin this selection", key="pin-now", icon=":material/keep:", disabled=new is None,
        width="stretch", on_click=_pin, args=(new,),
        help=f"Compare up to {MOST_PINS} selections on every page, each in a colour of its own.",
    )  # fmt: skip


def chip(pin: Pin) -> str:
    """Write a pin's letter, in its colour, and its name."""
    ground = GROUND[mode()]
    return (
        f'<span style="display:inline-block;min-width:1.5em;text-align:center;border-radius:4px;'
        f"background:{pin_colour(pin.index, mode())};color:{ground};font-weight:600;"
        f'margin-right:.5em">{pin.letter}</span>{html.escape(pin.name)}'
    )


def _pin(new: Pin) -> None:
    _hold([*pins(), new])


def _unpin(gone: Pin) -> None:
    _hold([pin for pin in pins() if pin != gone])


def _hold(pinned: list[Pin]) -> None:
    ordered = sorted(pinned, key=lambda pin: pin.index)
    st.session_state[_PINS] = ordered
    st.session_state[KEY] = [pin.word() for pin in ordered]
    write_url({KEY: st.session_state[KEY]})
