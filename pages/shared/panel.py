"""A figure on a page, with its caption and its files."""

import base64
import html

import plotly.graph_objects as go
import streamlit as st

from backend.figures.narrow import narrow_figure
from backend.figures.palette import evidence_hue
from backend.figures.theme import Mode
from backend.views.sheet import Sheet
from pages.shared.export import export_control
from pages.shared.plain import plain
from pages.shared.plot import draw_plot
from pages.shared.poster import draw_poster
from pages.shared.window import is_narrow


def mode() -> Mode:
    """Whether the user's theme is light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def sheet_panel(sheet: Sheet, poster: bool = False) -> None:
    """Show a figure or a picture, its caption, and what it can be taken away as.

    A file is made when its button is clicked, not when the page is drawn.

    Parameters
    ----------
    sheet : Sheet
        Its key names the widgets and the files. A table is left to the page to draw.
    poster : bool
        Whether a still picture stands in until Plotly is loaded, as the first page has it.
    """
    if sheet.build is not None:
        _draw_figure(sheet.key, sheet.build(mode()), sheet.alt, poster)
    elif sheet.draw is not None:
        _draw_picture(sheet.draw(mode(), "png", None), sheet.alt)
    if sheet.build is not None:
        st.caption(plain(sheet.caption))
    export_control(sheet)


def _draw_figure(key: str, figure: go.Figure, alt: str, poster: bool) -> None:
    narrow = is_narrow()
    if narrow:
        figure = narrow_figure(figure, mode())
    with st.container(key=f"panel-{key}"):
        if poster and not narrow:
            draw_poster(key, figure)
        draw_plot(
            f"figure-{key}",
            figure,
            alt,
            {"displaylogo": False, "displayModeBar": False if narrow else "hover",
             "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
        )  # fmt: skip


def _draw_picture(png: bytes, alt: str) -> None:
    encoded = base64.b64encode(png).decode()
    st.html(
        f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(alt, quote=True)}" '
        'style="width:100%">'
    )


def evidence_badge(evidence: str) -> None:
    """Say, in one coloured word, what kind of result this is."""
    st.badge(evidence, color=evidence_hue(evidence))
