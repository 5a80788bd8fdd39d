"""A figure on a page, with its caption and its downloads."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from backend.figures.export import export_csv, export_html, export_image, images_available
from backend.figures.theme import Mode

_IMAGE_TYPES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
_NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on the machine that runs the app "
    "(Debian: apt-get install chromium). HTML and CSV work without it."
)


def mode() -> Mode:
    """Whether the user's theme is light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def figure_panel(
    key: str, build: Callable[[Mode], go.Figure], data: pd.DataFrame, caption: str, alt: str
) -> None:
    """Draw a figure, its caption, and a row of download buttons.

    A file is made when its button is clicked, not when the page is drawn.

    Parameters
    ----------
    key : str
        Names the widgets and the files.
    build : callable
        Makes the figure for a mode; files are always in light mode.
    data : pandas.DataFrame
        The plotted numbers.
    caption : str
        Data set, n, split, evidence, citation.
    alt : str
        What a screen reader says.
    """
    st.plotly_chart(
        build(mode()),
        theme=None,
        key=f"figure-{key}",
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
        alt=alt,
    )
    st.caption(caption)
    with st.container(horizontal=True, key=f"downloads-{key}", gap="small"):
        can_render = images_available()
        for kind, mime in _IMAGE_TYPES.items():
            st.download_button(
                kind.upper(),
                data=partial(_image, build, caption, kind),
                file_name=f"cortexscale-{key}.{kind}",
                mime=mime,
                key=f"{key}-{kind}",
                on_click="ignore",
                disabled=not can_render,
                help=None if can_render else _NO_BROWSER,
                icon=":material/download:",
            )
        st.download_button(
            "HTML",
            data=lambda: export_html(build("light"), caption),
            file_name=f"cortexscale-{key}.html",
            mime="text/html",
            key=f"{key}-html",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "CSV",
            data=lambda: export_csv(data, caption),
            file_name=f"cortexscale-{key}.csv",
            mime="text/csv",
            key=f"{key}-csv",
            on_click="ignore",
            icon=":material/download:",
        )


def _image(build: Callable[[Mode], go.Figure], caption: str, kind: str) -> bytes:
    return export_image(build("light"), caption, kind)


def evidence_badge(evidence: str) -> None:
    """Say, in one coloured word, what kind of result this is."""
    colour = {"measured": "blue", "simulated": "orange"}.get(evidence, "gray")
    st.badge(evidence, color=colour)
