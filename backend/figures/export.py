"""Figures as files: PNG, SVG, PDF, HTML, and their data as CSV and Parquet."""

import base64
import copy
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.parquet as pq
from pypdf import PdfWriter

from backend.figures.captions import wrap
from backend.figures.lay_out import CAPTION_COLOUR, lay_out
from backend.figures.png import pixels_across, with_density
from backend.figures.render import ExportError, ImageFormat, Picture, images_available, render
from backend.figures.sizes import DOUBLE, PageSize
from backend.figures.theme import GROUND, Mode

__all__ = [
    "ExportError",
    "ImageFormat",
    "Order",
    "export_csv",
    "export_html",
    "export_image",
    "export_images",
    "export_parquet",
    "images_available",
    "picture_at",
    "picture_html",
    "with_caption",
]

_CAPTION_SIZE = 12
_LINE_PIXELS = 16
_SVG_SIZE = re.compile(rb'(<svg\b[^>]*?) width="([\d.]+)(?:pt)?" height="([\d.]+)(?:pt)?"')
_POINTS = 72


@dataclass(frozen=True)
class Order:
    """A figure that is to become a picture.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure
        In the same mode.
    caption : str
        Left out where it is empty.
    kind : {"png", "svg", "pdf"}
    size : PageSize
    mode : {"light", "dark"}
    """

    figure: go.Figure
    caption: str
    kind: ImageFormat
    size: PageSize
    mode: Mode = "light"


def export_image(
    figure: go.Figure, caption: str, kind: ImageFormat, size: PageSize = DOUBLE
) -> bytes:
    """Render a figure with its caption on a white ground.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        In light mode.
    caption : str
    kind : {"png", "svg", "pdf"}
    size : PageSize, optional
        Two columns at 300 dpi by default.

    Returns
    -------
    bytes
        Of that physical size: a PNG says its dpi, an SVG and a PDF's page are as wide.

    Raises
    ------
    ExportError
        If there is no Chrome or Chromium, or it fails.
    """
    (made,) = export_images([Order(figure, caption, kind, size)])
    return made


def export_images(orders: Sequence[Order]) -> list[bytes]:
    """Render several figures in one browser, which takes seconds to start.

    Parameters
    ----------
    orders : sequence of Order

    Returns
    -------
    list of bytes

    Raises
    ------
    ExportError
        If there is no Chrome or Chromium, or it fails.
    """
    laid_out = [lay_out(o.figure, o.size, o.caption, o.mode) for o in orders]
    made = render(
        [
            Picture(
                figure,
                order.kind,
                order.size.pixels / figure.layout.width if order.kind == "png" else 1.0,
            )
            for figure, order in zip(laid_out, orders, strict=True)
        ]
    )
    return [_sized(data, order, figure)
            for data, order, figure in zip(made, orders, laid_out, strict=True)]  # fmt: skip


def _sized(data: bytes, order: Order, figure: go.Figure) -> bytes:
    if order.kind == "png":
        return with_density(data, order.size.dpi)
    if order.kind == "svg":
        height = order.size.width_mm * figure.layout.height / figure.layout.width
        return _svg_at(data, order.size.width_mm, height)
    return data


def _svg_at(svg: bytes, width_mm: float, height_mm: float) -> bytes:
    """Give a drawing that has a view box its size on paper."""
    size = f'width="{width_mm:.2f}mm" height="{height_mm:.2f}mm"'.encode()
    return _SVG_SIZE.sub(rb"\1 " + size, svg, count=1)


def picture_at(data: bytes, kind: ImageFormat, size: PageSize) -> bytes:
    """Give a picture that was drawn at a width of its own the width that it has on paper.

    Parameters
    ----------
    data : bytes
    kind : {"png", "svg", "pdf"}
    size : PageSize

    Returns
    -------
    bytes
        The pixels of a PNG stay; how many make an inch follows from the width.
    """
    if kind == "png":
        return with_density(data, pixels_across(data) / (size.width_mm / 25.4))
    if kind == "svg":
        drawn = _SVG_SIZE.search(data)
        assert drawn is not None
        return _svg_at(data, size.width_mm, size.width_mm * float(drawn[3]) / float(drawn[2]))
    return _pdf_at(data, size.width_mm)


def _pdf_at(pdf: bytes, width_mm: float) -> bytes:
    """Scale the page of a PDF, with all that is on it."""
    writer = PdfWriter(io.BytesIO(pdf))
    (page,) = writer.pages
    page.scale_by(width_mm / 25.4 * _POINTS / float(page.mediabox.width))
    scaled = io.BytesIO()
    writer.write(scaled)
    return scaled.getvalue()


def export_html(figure: go.Figure, caption: str, mode: Mode = "light") -> bytes:
    """Write a figure with its caption as one self-contained, interactive page.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    caption : str
    mode : {"light", "dark"}
        Of the ground.

    Returns
    -------
    bytes
        UTF-8; the same for the same figure.
    """
    page: str = with_caption(figure, caption, mode).to_html(
        include_plotlyjs=True, full_html=True, div_id="figure"
    )
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
    return _tidy(frame).assign(caption=caption).to_csv(index=False).encode("utf-8")


def export_parquet(frame: pd.DataFrame, caption: str) -> bytes:
    """Write a figure's data likewise as Parquet, which keeps the types of columns.

    Parameters
    ----------
    frame : pandas.DataFrame
    caption : str
        In a column, and in the file's metadata.

    Returns
    -------
    bytes
    """
    tidy = _tidy(frame).assign(caption=pd.Categorical([caption] * len(frame)))
    table = pa.Table.from_pandas(tidy, preserve_index=False)
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"caption": caption}), file)
    return file.getvalue()


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns={"source": "citation"})


def with_caption(figure: go.Figure, caption: str, mode: Mode = "light") -> go.Figure:
    """Put a caption under a copy of a figure, as wide as a browser's window.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    caption : str
    mode : {"light", "dark"}
        Of the ground.

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
        paper_bgcolor=GROUND[mode],
        plot_bgcolor=GROUND[mode],
        height=(captioned.layout.height or 460) + extra,
        margin_b=bottom + extra,
    )
    captioned.add_annotation(
        text=text,
        x=0, xref="paper", xanchor="left", xshift=-60,
        y=0, yref="paper", yanchor="top", yshift=-bottom,
        align="left", showarrow=False,
        font={"size": _CAPTION_SIZE, "color": CAPTION_COLOUR[mode]},
    )  # fmt: skip
    return captioned
