"""Figures to pictures by a headless browser, one browser for as many as there are."""

import asyncio
import logging
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

from backend.errors import CortexScaleError

ImageFormat = Literal["png", "svg", "pdf"]
_SECONDS = 90.0
# Else a PDF's figure would be shrunk to leave a margin, and its type with it.
_NO_MARGIN = "<style>@page { margin: 0 }</style>"
_UID = re.compile(rb'id="defs-([0-9a-f]+)"')
_DATE = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}")
_NO_DATE = rb"/\1 (D:19800101000000"


class ExportError(CortexScaleError):
    """A figure that cannot be turned into a file on this machine."""


@dataclass(frozen=True)
class Picture:
    """What is to be rendered.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure
        With width and height, in CSS pixels.
    kind : {"png", "svg", "pdf"}
    scale : float
        Pixels of a PNG for each CSS pixel.
    """

    figure: go.Figure
    kind: ImageFormat
    scale: float = 1.0


def images_available() -> bool:
    """Whether a browser is here that can render figures to PNG, SVG and PDF."""
    # kaleido's own search, imported here since only exports need it.
    from choreographer.browsers.chromium import Chromium

    return Chromium.find_browser(skip_local=False) is not None


def render(pictures: Sequence[Picture]) -> list[bytes]:
    """Render pictures one after another in one browser, which takes seconds to start.

    Parameters
    ----------
    pictures : sequence of Picture

    Returns
    -------
    list of bytes
        The same picture gives the same bytes, whenever it is rendered.

    Raises
    ------
    ExportError
        If there is no Chrome or Chromium, or it fails.
    """
    if not images_available():
        raise ExportError(
            "PNG, SVG and PDF need Chrome or Chromium, which is not on this machine's path. "
            "Install it (Debian: apt-get install chromium), or take HTML, CSV or Parquet."
        )
    # Imported here since only exports need it.
    from choreographer.errors import BrowserFailedError, ChromeNotFoundError
    from kaleido.errors import KaleidoError

    # Of messages of a browser that is being closed it logs tracebacks, and goes on; what fails is
    # raised.
    logging.getLogger("choreographer").setLevel(logging.CRITICAL)
    failures = (KaleidoError, BrowserFailedError, ChromeNotFoundError, RuntimeError, ValueError,
                OSError)  # fmt: skip
    try:
        # In a thread of its own, since the caller's may have an event loop that runs.
        with ThreadPoolExecutor(1) as thread:
            made = thread.submit(asyncio.run, _render(pictures)).result()
    except failures as error:
        raise ExportError(
            f"the browser could not render the figure ({error}). Try again, or take HTML."
        ) from error
    return [_settled(data, picture.kind) for data, picture in zip(made, pictures, strict=True)]


async def _render(pictures: Sequence[Picture]) -> list[bytes]:
    from kaleido import Kaleido, PageGenerator

    class Page(PageGenerator):  # type: ignore[misc]
        def generate_index(self) -> str:
            page = str(super().generate_index()).replace("</head>", f"{_NO_MARGIN}</head>")
            # Becomes the title of a PDF.
            return page.replace("Kaleido-fier", "CortexScale")

    # MathJax would be fetched from the network, and no figure has formulas.
    page = Page(mathjax=False)
    async with Kaleido(timeout=_SECONDS, page_generator=page) as browser:
        return [
            await browser.calc_fig(
                picture.figure,
                {
                    "format": picture.kind,
                    "width": picture.figure.layout.width,
                    "height": picture.figure.layout.height,
                    "scale": picture.scale,
                },
            )
            for picture in pictures
        ]


def _settled(data: bytes, kind: ImageFormat) -> bytes:
    """Take out what differs from one rendering to the next: dates, and names drawn at random."""
    if kind == "pdf":
        return _DATE.sub(_NO_DATE, data)
    uid = _UID.search(data) if kind == "svg" else None
    return data if uid is None else data.replace(uid[1], b"c0ffee"[: len(uid[1])])
