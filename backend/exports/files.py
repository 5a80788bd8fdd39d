"""The files of figures: each sheet of a view in each format that is asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from backend.errors import InputError
from backend.figures.export import (
    Order,
    export_csv,
    export_html,
    export_images,
    export_parquet,
    images_available,
    picture_at,
    picture_html,
)
from backend.figures.render import ImageFormat
from backend.figures.sizes import DOUBLE, PageSize
from backend.figures.theme import Mode
from backend.views.sheet import Sheet

Format = Literal["png", "svg", "pdf", "html", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
IMAGE_FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
DATA_FORMATS: tuple[Format, ...] = ("csv", "parquet")
PREFIX = "cortexscale-"
"""At the beginning of the name of every file."""


@dataclass(frozen=True)
class Choice:
    """How figures are to be written.

    Attributes
    ----------
    formats : tuple of str
    size : PageSize
    mode : {"light", "dark"}
    caption : bool
        Whether captions stand under figures; a simulated one says so either way.
    """

    formats: tuple[Format, ...] = FORMATS
    size: PageSize = DOUBLE
    mode: Mode = "light"
    caption: bool = True


def parse_formats(text: str) -> tuple[Format, ...]:
    """Read a list of formats.

    Parameters
    ----------
    text : str
        Such as ``png,pdf,csv``.

    Returns
    -------
    tuple of str

    Raises
    ------
    InputError
        If one is none of ``FORMATS``.
    """
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise InputError(
            f"{(unknown or [text])[0]!r} is no format; accepted are {', '.join(FORMATS)}."
        )
    return tuple(name for name in FORMATS if name in names)


def possible_formats(formats: Sequence[Format]) -> tuple[Format, ...]:
    """Leave out what needs a browser where there is none.

    Parameters
    ----------
    formats : sequence of str

    Returns
    -------
    tuple of str
    """
    if images_available():
        return tuple(formats)
    return tuple(name for name in formats if name not in IMAGE_FORMATS)


def sheet_files(sheets: Sequence[Sheet], choice: Choice) -> dict[str, bytes]:
    """Write figures, all pictures by one browser.

    Parameters
    ----------
    sheets : sequence of Sheet
    choice : Choice

    Returns
    -------
    dict of str to bytes
        By file name, sheet by sheet.

    Raises
    ------
    ExportError
        If pictures are asked for and no browser is there to render them, or it fails.
    """
    kinds = [kind for kind in IMAGE_FORMATS if kind in choice.formats]
    plotted = [(sheet, kind) for sheet in sheets if sheet.build for kind in kinds]
    orders = [
        Order(
            # The type checker does not see that sheets without were left out.
            cast(Callable[..., object], sheet.build)(choice.mode),
            sheet.caption if choice.caption else "",
            kind,
            choice.size,
            choice.mode,
        )
        for sheet, kind in plotted
    ]
    rendered = export_images(orders) if orders else []
    pictures = {
        (sheet.key, kind): data for (sheet, kind), data in zip(plotted, rendered, strict=True)
    }
    files: dict[str, bytes] = {}
    for sheet in sheets:
        for name in choice.formats:
            data = _file(sheet, name, choice, pictures)
            if data is not None:
                files[file_name(sheet, name)] = data
    return files


def file_name(sheet: Sheet, name: Format) -> str:
    """Name a sheet's file."""
    return f"{PREFIX}{sheet.key}.{name}"


def _file(
    sheet: Sheet, name: Format, choice: Choice, pictures: Mapping[tuple[str, ImageFormat], bytes]
) -> bytes | None:
    if name == "csv":
        return export_csv(sheet.data, sheet.caption)
    if name == "parquet":
        return export_parquet(sheet.data, sheet.caption)
    if sheet.draw is not None:
        if name == "html":
            return picture_html(sheet.draw(choice.mode, "png", None), sheet.caption)
        return picture_at(sheet.draw(choice.mode, name, choice.size), name, choice.size)
    if sheet.build is None:
        return None
    if name == "html":
        return export_html(sheet.build(choice.mode), sheet.caption, choice.mode)
    return pictures[sheet.key, name]
