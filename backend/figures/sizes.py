"""How wide a figure is on paper or on a slide, and how large its type is there."""

import math
from dataclasses import dataclass

from backend.errors import InputError

WIDTHS: dict[str, float] = {"single": 85.0, "one-half": 114.0, "double": 174.0}
"""Widths in millimetres of one, one and a half, and two columns. They are Cell Press's, and fit
into those of The Journal of Neuroscience (85, 116, 176) and Nature (89 and 183)."""
SLIDE = "slide"
_SLIDE_MM = (338.667, 190.5)
DPIS = (150, 300, 600)
_MM = (40.0, 400.0)
_DPI = (72, 1200)
_CSS_PIXEL_MM = 25.4 / 96


@dataclass(frozen=True)
class PageSize:
    """A figure's place on paper or on a slide.

    Attributes
    ----------
    width_mm : float
    dpi : int
        Of pictures made of pixels.
    height_mm : float or None
        None lets the figure decide.
    scale : float
        Of everything that is drawn, type above all, beside its size on a page of the app.
    type_points : tuple of (float, float)
        Smallest and largest type.
    caption_points : float
        Type of the caption.
    """

    width_mm: float
    dpi: int = 300
    height_mm: float | None = None
    # Text of 13 pixels, a figure's smallest, becomes 7 points, as journals ask.
    scale: float = 7 * 96 / 72 / 13
    type_points: tuple[float, float] = (7.0, 8.0)
    caption_points: float = 7.0

    @property
    def width(self) -> float:
        """Width in CSS pixels, in which figures are laid out."""
        return self.width_mm / _CSS_PIXEL_MM

    @property
    def height(self) -> float | None:
        """Height in CSS pixels."""
        return None if self.height_mm is None else self.height_mm / _CSS_PIXEL_MM

    @property
    def pixels(self) -> int:
        """Pixels across, at the size's dpi."""
        return round(self.width_mm / 25.4 * self.dpi)

    @property
    def name(self) -> str:
        """What :func:`page_size` reads."""
        return f"{self.width_mm:g}" if self.height_mm is None else SLIDE


DOUBLE = PageSize(WIDTHS["double"])


def page_size(width: str, dpi: int = 300) -> PageSize:
    """Read a width as people give it.

    Parameters
    ----------
    width : str
        ``single``, ``one-half``, ``double``, ``slide`` (16:9), or millimetres.
    dpi : int

    Returns
    -------
    PageSize

    Raises
    ------
    InputError
        If it is none of these, or out of range.
    """
    if not _DPI[0] <= dpi <= _DPI[1]:
        raise InputError(
            f"{dpi} dpi is not possible; give {_DPI[0]} to {_DPI[1]}, such as "
            f"{', '.join(map(str, DPIS))}."
        )
    if width == SLIDE:
        return PageSize(
            _SLIDE_MM[0], dpi, _SLIDE_MM[1],
            scale=1.4, type_points=(14.0, 22.0), caption_points=10.0,
        )  # fmt: skip
    return PageSize(WIDTHS[width] if width in WIDTHS else _millimetres(width), dpi)


def _millimetres(text: str) -> float:
    try:
        width = float(text)
    except ValueError:
        width = math.nan
    if not _MM[0] <= width <= _MM[1]:
        names = ", ".join([*WIDTHS, SLIDE])
        raise InputError(
            f"{text!r} is no width; give {names}, or {_MM[0]:g} to {_MM[1]:g} millimetres."
        )
    return width


def stage_size(width: float, height: float) -> PageSize:
    """Give a figure its place on a stage of 1280 x 720 pixels, in type for the last row.

    Parameters
    ----------
    width, height : float
        In CSS pixels.

    Returns
    -------
    PageSize
        Type of 15 pixels on a page becomes 20.
    """
    return PageSize(
        width * _CSS_PIXEL_MM, 96, height * _CSS_PIXEL_MM,
        scale=4 / 3, type_points=(13.0, 18.0), caption_points=10.0,
    )  # fmt: skip


def narrow_size(width: float) -> PageSize:
    """Give a figure its place in a narrow window.

    Parameters
    ----------
    width : float
        In CSS pixels.

    Returns
    -------
    PageSize
        Type of 15 pixels on a page becomes 13.
    """
    return PageSize(width * _CSS_PIXEL_MM, 96, scale=0.87, type_points=(9.0, 11.25))
