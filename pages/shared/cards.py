"""Numbers beside each other, each with what it means."""

import html
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

# Narrower, a number such as +0.003 is cut short.
_MIN_PIXELS = 165


class Card(NamedTuple):
    """A number, what it is called, and what it is of."""

    label: str
    value: str
    note: str


def metric_cards(cards: Sequence[Card]) -> None:
    """Draw cards of equal width, in as many rows as keep their numbers whole."""
    grid = st.grid(len(cards), min_column_width=_MIN_PIXELS, border=True)
    for card in cards:
        with grid.cell():
            # What draws Markdown is loaded by then. What draws a metric, or HTML, may come after
            # Plotly, for which a browser then stands still.
            st.markdown(
                f'<div class="card-label">{html.escape(card.label)}</div>'
                f'<div class="card-value">{html.escape(card.value)}</div>',
                unsafe_allow_html=True,
            )
            st.caption(card.note)
