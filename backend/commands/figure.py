"""``figure``: the files of a view, as the app's export makes them, without the app."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from backend.commands.encode import shipped_store
from backend.commands.files import write_files
from backend.errors import InputError
from backend.exports.bundle import view_files, zipped
from backend.exports.files import (
    FORMATS,
    PREFIX,
    Choice,
    parse_formats,
    possible_formats,
    sheet_files,
)
from backend.exports.talk import talk_files
from backend.figures.sizes import DPIS, SLIDE, WIDTHS, page_size
from backend.paths import default_store
from backend.store.reader import ResultStore
from backend.views.files import read_views
from backend.views.sheets import sheets_of
from backend.views.tour import tour
from backend.views.view import View

EXAMPLES = """examples:
  # what a page of the app shows: copy its address, from the path on
  python -m backend figure "/scale?data=demo-cortex&regions=all" --out figures

  # for a paper: one column of 85 mm, text as text; pictures of pixels at 600 dpi
  python -m backend figure view.yaml --out figures --format pdf,png --width single --dpi 600

  # for a talk: 16:9 on a dark ground
  python -m backend figure talk.yaml --out slides --format png --width slide --dpi 150 --dark

  # the pictures of talk mode: of the built-in tour, or of a presenter's list
  python -m backend figure --talk --out slides --format png,svg --dpi 300 --dark
  python -m backend figure talk.yaml --talk --out slides

  # everything: figures, numbers, methods, BibTeX, configs and versions, in one zip per view
  python -m backend figure view.yaml --out bundle --zip

A view is a page and what is chosen on it. The app writes view.yaml (Export this page, saved views,
a presenter's list); one file may hold several views, which go to folders 1, 2, 3 ...

Widths: single 85 mm, one-half 114 mm, double 174 mm (Cell Press; they fit The Journal of
Neuroscience and Nature), slide (16:9), or a number of millimetres. Type is 7 to 8 points at any
width on paper. PNG says its dpi, and SVG and PDF are as wide as asked. Without Chrome or Chromium
there are no pictures; HTML, CSV and Parquet are written all the same.

Files of the same names are written over; nothing else in the folder is touched.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "figure",
        help="write the figures of a view: PNG, SVG, PDF, HTML, CSV, Parquet, or all in a zip",
        description="Write what a page of the app shows, from a saved view or a link, without the "
        "app.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "view", metavar="VIEW", nargs="?",
        help="a YAML file of views, or a link: /layers?...; with --talk, the built-in tour unless "
        "given",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if not there")
    parser.add_argument(
        "--format", default=",".join(FORMATS), metavar="LIST",
        help=f"of {','.join(FORMATS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--width", default="double",
        help=f"{', '.join(WIDTHS)}, {SLIDE}, or millimetres (default: double)",
    )  # fmt: skip
    parser.add_argument(
        "--dpi", type=int, default=300,
        help=f"of PNG, such as {', '.join(map(str, DPIS))} (default: 300)",
    )  # fmt: skip
    parser.add_argument("--no-caption", action="store_true", help="leave captions out of figures")
    parser.add_argument(
        "--talk", action="store_true",
        help="one picture per view, in the large type of talk mode's stage, and the list itself",
    )  # fmt: skip
    parser.add_argument("--dark", action="store_true", help="on a dark ground")
    parser.add_argument("--zip", action="store_true", help="one zip per view, with methods, BibTeX "
                        "and configs")  # fmt: skip
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="default: $CORTEXSCALE_STORE or runs/; precomputed results are always there",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the files of each view."""
    choice = Choice(
        parse_formats(arguments.format),
        page_size(arguments.width, arguments.dpi),
        "dark" if arguments.dark else "light",
        caption=not arguments.no_caption,
    )
    if arguments.talk and arguments.zip:
        raise InputError("--talk writes pictures and their list; leave out --zip.")
    if arguments.view is None and not arguments.talk:
        raise InputError("give a view: a YAML file, or a link such as /layers; or --talk.")
    possible = possible_formats(choice.formats)
    left_out = [name for name in choice.formats if name not in possible]
    if left_out:
        print(
            f"no {', '.join(left_out)}: that needs Chrome or Chromium, which is not on this "
            "machine's path (Debian: apt-get install chromium)"
        )
    if not possible:
        raise InputError("nothing is left to be written; ask for html, csv or parquet as well.")
    store = shipped_store(arguments.store or default_store())
    choice = replace(choice, formats=possible)
    if arguments.talk:
        return _write_talk(arguments, store, choice)
    views = _views(arguments.view)
    for number, view in enumerate(views, start=1):
        folder = arguments.out if len(views) == 1 else arguments.out / str(number)
        files = _files(view, store, choice, arguments.zip)
        write_files(folder, files)
    return 0


def _write_talk(arguments: argparse.Namespace, store: ResultStore, choice: Choice) -> int:
    views = tour(store) if arguments.view is None else _views(arguments.view)
    title = "Built-in tour" if arguments.view is None else Path(arguments.view).stem
    files, absent = talk_files(views, store, choice, title)
    for line in absent:
        print(line)
    write_files(arguments.out, files)
    return 0


def _views(given: str) -> Sequence[View]:
    """Read the views of a file, or the one behind a link."""
    path = Path(given).expanduser()
    if given.startswith(("/", "http://", "https://")) and not path.is_file():
        return [View.from_link(given)]
    views = read_views(path).views
    if not views:
        raise InputError(f"{given} holds no view.")
    return views


def _files(view: View, store: ResultStore, choice: Choice, bundle: bool) -> Mapping[str, bytes]:
    sheets = sheets_of(view, store)
    if not sheets:
        raise InputError(
            f"nothing in the store fits the view {view.link()}; open it in the app to see what "
            "would fill it, or list what is there with: python -m backend results"
        )
    if not bundle:
        return sheet_files(sheets, choice)
    return {f"{PREFIX}{view.page}.zip": zipped(view_files(view, sheets, store, choice))}
