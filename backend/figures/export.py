"""Figures as files: PNG, SVG, PDF, HTML, and their data as CSV."""

import base64
import copy
import html
from typing import Literal

import pandas as pd
import plotly.graph_objects as go

from backend.errors import CortexScaleError
from backend.figures.captions import wrap

ImageFormat = Literal["png", "svg", "pdf"]
WIDTH = 1100
_CAPTION_SIZE = 12
_LINE_PIXELS = 16
_PNG_SCALE = 2.0


class ExportError(CortexScaleError):
    """A figure that cannot be turned into a file on this machine."""


def images_available() -> bool:
    """Whether a browser is here that can render figures to PNG, SVG and PDF."""
    # kaleido's own search, imported here since only exports need it.
    from choreographer.browsers.chromium import Chromium

    return Chromium.find_browser(skip_local=False) is not None


def export_image(figure: go.Figure, caption: str, kind: ImageFormat) -> bytes:
    """Render a figure with its caption on a white ground.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        In light mode.
    caption : str
    kind : {"png", "svg", "pdf"}
        PNG at twice the size in pixels.

    Returns
    -------
    bytes

    Raises
    ------
    ExportError
        If there is no Chrome or Chromium, or it fails.
    """
    if not images_available():
        raise ExportError(
            "PNG, SVG and PDF need Chrome or Chromium, which is not on this machine's path. "
            "Install it (Debian: apt-get install chromium), or take HTML or CSV."
        )
    # Imported here since only exports need it.
    from kaleido.errors import KaleidoError

    captioned = with_caption(figure, caption)
    try:
        return bytes(
            captioned.to_image(
                format=kind,
                width=WIDTH,
                height=captioned.layout.height,
                scale=_PNG_SCALE if kind == "png" else 1,
            )
        )
    except (KaleidoError, RuntimeError, ValueError, OSError) as error:
        raise ExportError(
            f"the browser could not render the figure ({error}). Try again, or take HTML."
        ) from error


def export_html(figure: go.Figure, caption: str) -> bytes:
    """Write a figure with its caption as one self-contained, interactive page.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    caption : str

    Returns
    -------
    bytes
        UTF-8.
    """
    page: str = with_caption(figure, caption).to_html(include_plotlyjs=True, full_html=True)
    return page.encode("utf-8")


def picture_html(png: bytes, caption: str) -> bytes:
    """Write a picture that holds its own caption as one self-contained page.

    Parameters
    ----------
    png : bytes
    caption : str
        Read by a screen reader.

    Returns
    -------
    bytes
        UTF-8.
    """
    encoded = base64.b64encode(png).decode()
    text = html.escape(caption, quote=True)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>CortexScale</title>'
        f'</head><body><img src="data:image/png;base64,{encoded}" alt="{text}" '
        'style="max-width:100%"></body></html>'
    )
    return page.encode("utf-8")


def export_csv(frame: pd.DataFrame, caption: str) -> bytes:
    """Write a figure's data, one row per mark, each with the caption.

    Parameters
    ----------
    frame : pandas.DataFrame
    caption : str

    Returns
    -------
    bytes
        UTF-8, with a header.
    """
    renamed = frame.rename(columns={"source": "citation"})
    return renamed.assign(caption=caption).to_csv(index=False).encode("utf-8")


def with_caption(figure: go.Figure, caption: str) -> go.Figure:
    """Put a caption under a copy of a figure, on a white ground.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    caption : str

    Returns
    -------
    plotly.graph_objects.Figure
        As much taller as the caption needs.
    """
    captioned = go.Figure(copy.deepcopy(figure))
    text = wrap(caption, 165)
    extra = _LINE_PIXELS * (text.count("<br>") + 1) + 14
    bottom = captioned.layout.margin.b or 60
    captioned.update_layout(
        paper_bgcolor="white",
        plot_bgcolor="white",
        height=(captioned.layout.height or 460) + extra,
        margin_b=bottom + extra,
    )
    captioned.add_annotation(
        text=text,
        x=0, xref="paper", xanchor="left", xshift=-60,
        y=0, yref="paper", yanchor="top", yshift=-bottom,
        align="left", showarrow=False,
        font={"size": _CAPTION_SIZE, "color": "#374151"},
    )  # fmt: skip
    return captioned
