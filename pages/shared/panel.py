"""A figure on a page, with its caption and its downloads."""

import base64
import html
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from backend.figures.export import (
    export_csv,
    export_html,
    export_image,
    images_available,
    picture_html,
)
from backend.figures.theme import Mode
from pages.shared.poster import draw_poster

IMAGE_TYPES = ("png", "svg", "pdf")
_TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "csv": "text/csv",
    "gif": "image/gif",
    "mp4": "video/mp4",
}
_NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on the machine that runs the app "
    "(Debian: apt-get install chromium). HTML and CSV work without it."
)


def mode() -> Mode:
    """Whether the user's theme is light or dark."""
    return "dark" if st.context.theme.type == "dark" else "light"


def figure_panel(
    key: str,
    build: Callable[[Mode], go.Figure],
    data: pd.DataFrame,
    caption: str,
    alt: str,
    poster: bool = False,
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
    poster : bool
        Whether a still picture stands in until Plotly is loaded, as the first page has it.
    """
    figure = build(mode())
    with st.container(key=f"panel-{key}"):
        if poster:
            draw_poster(key, figure)
        st.plotly_chart(
            figure,
            theme=None,
            key=f"figure-{key}",
            config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
            alt=alt,
        )
    st.caption(caption)
    can_render = images_available()
    images = {kind: partial(_image, build, caption, kind) for kind in IMAGE_TYPES}
    download_row(
        key,
        {
            **images,
            "html": lambda: export_html(build("light"), caption),
            "csv": lambda: export_csv(data, caption),
        },
        disabled={} if can_render else dict.fromkeys(IMAGE_TYPES, _NO_BROWSER),
    )


def picture_panel(
    key: str,
    draw: Callable[[Mode, str], bytes],
    data: pd.DataFrame,
    caption: str,
    alt: str,
) -> None:
    """Show a figure that is no Plotly figure, with the same caption and downloads.

    Parameters
    ----------
    key : str
        Names the widgets and the files.
    draw : callable
        Given a mode and a format (png, svg, pdf), gives the file, its caption in it.
    data : pandas.DataFrame
        The plotted numbers.
    caption : str
        Data set, n, split, evidence, citation.
    alt : str
        What a screen reader says.
    """
    encoded = base64.b64encode(draw(mode(), "png")).decode()
    st.html(
        f'<img src="data:image/png;base64,{encoded}" alt="{html.escape(alt, quote=True)}" '
        'style="width:100%">'
    )
    images = {kind: partial(draw, "light", kind) for kind in IMAGE_TYPES}
    download_row(
        key,
        {
            **images,
            "html": lambda: picture_html(draw("light", "png"), caption),
            "csv": lambda: export_csv(data, caption),
        },
    )


def download_row(
    key: str,
    files: Mapping[str, Callable[[], bytes]],
    disabled: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Draw a row of buttons; a file is made when its button is clicked.

    Parameters
    ----------
    key : str
        Names the widgets and the files.
    files : mapping of str to callable
        By the ending of its name, what makes a file.
    disabled : mapping of str to str
        Files that cannot be made here, and why.
    """
    with st.container(horizontal=True, key=f"downloads-{key}", gap="small"):
        for kind, make in files.items():
            st.download_button(
                kind.upper(),
                data=make,
                file_name=f"cortexscale-{key}.{kind}",
                mime=_TYPES[kind],
                key=f"{key}-{kind}",
                on_click="ignore",
                disabled=kind in disabled,
                help=disabled.get(kind),
                icon=":material/download:",
            )


def _image(build: Callable[[Mode], go.Figure], caption: str, kind: str) -> bytes:
    return export_image(build("light"), caption, kind)


def evidence_badge(evidence: str) -> None:
    """Say, in one coloured word, what kind of result this is."""
    colour = {"measured": "blue", "simulated": "orange"}.get(evidence, "gray")
    st.badge(evidence, color=colour)
