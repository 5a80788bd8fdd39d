"""A Plotly figure on a page."""

from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from backend.figures.draft import Drafted
from backend.figures.on_page import OnPage, on_page


def draw_plot(
    key: str,
    figure: go.Figure,
    alt: str,
    config: dict[str, Any],
    width: Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a figure.

    Parameters
    ----------
    key : str
    figure : plotly.graph_objects.Figure
    alt : str
        What it shows, in words.
    config : dict
        Plotly's.
    width : {"stretch", "content"}
        As wide as there is room, or as the figure says.
    """
    sent = _sent(figure)[1] if isinstance(figure, Drafted) else on_page(figure)
    st.plotly_chart(sent, theme=None, width=width, key=key, config=config, alt=alt)


# The figure is a part of the answer, so that no other can come to have its identity meanwhile.
@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Drafted: id})
def _sent(figure: Drafted) -> tuple[Drafted, OnPage]:
    return figure, on_page(figure)
