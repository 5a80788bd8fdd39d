"""Files of a figure or of a whole page: made when they are asked for, not when a page is drawn."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import streamlit as st

from backend.exports.bundle import view_files, zipped
from backend.exports.files import (
    DATA_FORMATS,
    IMAGE_FORMATS,
    PREFIX,
    Choice,
    Format,
    possible_formats,
    sheet_files,
)
from backend.figures.render import images_available
from backend.figures.sizes import DPIS, SLIDE, WIDTHS, page_size
from backend.store.reader import ResultStore
from backend.views.sheet import Sheet
from backend.views.sheets import sheets_of
from backend.views.view import View

NO_BROWSER = (
    "PNG, SVG and PDF need Chrome or Chromium on the machine that runs the app "
    "(Debian: apt-get install chromium). HTML, CSV and Parquet work without it."
)
_TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
    "gif": "image/gif",
    "mp4": "video/mp4",
}
_TITLES = {
    "single": "85 mm", "one-half": "114 mm", "double": "174 mm", SLIDE: "16:9 slide",
}  # fmt: skip
_WIDTH_HELP = (
    "One, one and a half and two columns (Cell Press; they fit The Journal of Neuroscience and "
    "Nature). Type is 7 to 8 points at each."
)
_ICON = ":material/download:"


def export_control(sheet: Sheet) -> None:
    """Offer a figure's files: two at a click, the others behind a button.

    Parameters
    ----------
    sheet : Sheet
    """
    has_figure = sheet.build is not None or sheet.draw is not None
    with st.container(horizontal=True, key=f"downloads-{sheet.key}", gap="small"):
        for name in ("png", "csv") if has_figure else DATA_FORMATS:
            _quick(sheet, name)
        if has_figure:
            _other_files(sheet)


# On its own: whatever opens, is chosen or closes here draws this again and no other. A file that
# was asked for while all of a page was drawn again would never come.
@st.fragment
def _other_files(sheet: Sheet) -> None:
    more = st.popover(
        "Export", icon=":material/ios_share:", key=f"export-{sheet.key}",
        # Its widgets are drawn when it is opened: a page should not wait for them.
        on_change="rerun",
    )  # fmt: skip
    if more.open:
        with more:
            _choose_file(sheet)


def _quick(sheet: Sheet, name: Format) -> None:
    blocked = NO_BROWSER if name in IMAGE_FORMATS and not images_available() else None
    _button(
        sheet.key, name.upper(), name, partial(_one_file, sheet, Choice((name,))), blocked,
        f"{sheet.key}-{name}",
    )  # fmt: skip


def _choose_file(sheet: Sheet) -> None:
    key = sheet.key
    formats: list[Format] = list(possible_formats(("pdf", "svg", "png", "html", "parquet")))
    name = st.segmented_control(
        "Format", formats, default=formats[0], required=True, format_func=str.upper,
        key=f"{key}-format",
    )  # fmt: skip
    size, caption, label = page_size("double"), True, f"Download {name.upper()}"
    if name in IMAGE_FORMATS:
        width = st.segmented_control(
            "Width", [*WIDTHS, SLIDE], default="double", required=True,
            format_func=_TITLES.__getitem__, key=f"{key}-width", help=_WIDTH_HELP,
        )  # fmt: skip
        dpi = 300
        if name == "png":
            dpi = st.segmented_control(
                "Dots per inch", DPIS, default=300, required=True, key=f"{key}-dpi"
            )
            # What the button gives is what it says, while a new choice is on its way.
            label += f", {dpi} dpi"
        label += f", {_TITLES[width]}"
        size = page_size(width, dpi)
        caption = st.checkbox("Caption under the figure", value=True, key=f"{key}-caption")
    if not images_available():
        st.caption(NO_BROWSER)
    choice = Choice((name,), size, caption=caption)
    make = partial(_one_file, sheet, choice)
    _button(key, label, name, make, None, f"{key}-file")


def _one_file(sheet: Sheet, choice: Choice) -> bytes:
    (content,) = sheet_files([sheet], choice).values()
    return content


def _button(
    key: str, label: str, kind: str, make: Callable[[], bytes], blocked: str | None, name: str
) -> None:
    st.download_button(
        label,
        data=make,
        file_name=f"{PREFIX}{key}.{kind}",
        mime=_TYPES[kind],
        key=name,
        on_click="ignore",
        disabled=blocked is not None,
        help=blocked,
        icon=_ICON,
    )


def download_row(
    key: str,
    files: Mapping[str, Callable[[], bytes]],
    disabled: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Draw a row of buttons for files of a page's own.

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
            _button(key, kind.upper(), kind, make, disabled.get(kind), f"{key}-{kind}")


def export_page(view: View, store: ResultStore) -> None:
    """Offer all of a page in one zip: figures, numbers, methods, BibTeX, requests and versions.

    Parameters
    ----------
    view : View
        What the page shows.
    store : ResultStore
    """
    with st.container(horizontal=True, horizontal_alignment="right", key="export-page"):
        st.download_button(
            "Export this page",
            data=partial(_bundle, view, store),
            file_name=f"{PREFIX}{view.page}.zip",
            mime=_TYPES["zip"],
            key="page-zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            help="Every figure in every format, the numbers, a methods paragraph, BibTeX, and the "
            "requests and versions that make all of it again, in one zip.",
        )


def _bundle(view: View, store: ResultStore) -> bytes:
    choice = Choice(possible_formats(Choice().formats))
    return zipped(view_files(view, sheets_of(view, store), store, choice))
