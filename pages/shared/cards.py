"""Numbers beside each other, each with what it means."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st


class Card(NamedTuple):
    """A number, what it is called, and what it is of."""

    label: str
    value: str
    note: str


def metric_cards(cards: Sequence[Card]) -> None:
    """Draw cards of equal width and height."""
    for column, card in zip(st.columns(len(cards)), cards, strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(card.label, card.value)
            st.caption(card.note)
