"""``pycortex``: a map on a subject of the user's own pycortex filestore."""

import argparse
from pathlib import Path

from backend.commands.encode import shipped_store
from backend.commands.files import write_files
from backend.cortex.pycortex_maps import region_table
from backend.cortex.pycortex_store import (
    VARIABLE,
    Brain,
    available,
    default_filestore,
    find_brain,
    subjects,
    transforms,
)
from backend.cortex.webgl_viewer import check_folder
from backend.errors import InputError
from backend.figures.theme import Mode
from backend.paths import default_store
from backend.store.map_queries import MAPS
from backend.views.pycortex import file_picture, run_picture
from backend.views.sheet import ImageFormat

KINDS: tuple[ImageFormat, ...] = ("png", "svg", "pdf")
EPILOG = f"""examples:
  # what the filestore holds; S1 ships with pycortex
  python -m backend pycortex --list

  # a value for each vertex (numpy.save), the left hemisphere's first; figures and a 3-D viewer
  python -m backend pycortex map.npy --subject S1 --label "Pearson r" --threshold 0.1 \\
      --out figures --webgl

  # a volume on the grid of one of the subject's transforms
  python -m backend pycortex map.nii.gz --subject S1 --transform fullhead --out figures

  # a run of the store whose targets are the subject's vertices, or voxels of a mask
  python -m backend pycortex --run RUN_ID --layer 7 --subject UTS03 --transform UTS03_auto \\
      --filestore derivative/pycortex-db --out figures

What it writes: pycortex-SUBJECT.png, .svg and .pdf (quickflat, with curvature, the regions of
overlays.svg, a colour bar and a caption), .csv (the drawn numbers), with --regions the mean of each
region, and with --webgl a folder viewer/ for any browser; a folder that holds anything but an
earlier viewer is left alone. The viewer is opened through a server:

  python -m http.server --directory figures/viewer

The filestore is the one that pycortex ships, or the folder that {VARIABLE} or
--filestore names. pycortex keeps what it computes there: a subject's first map takes some 10 s, its
first viewer 20 s more.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "pycortex",
        help="draw a map on a subject of your own pycortex filestore; a WebGL viewer",
        description="Draw a map on a subject of a pycortex filestore, flat, and as a WebGL viewer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="MAP_FILE",
        help=".npy, .npz, .csv, .txt (vertices, or a mask's voxels), or .nii.gz (a volume)",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list subjects and transforms")
    parser.add_argument("--run", dest="run_id", metavar="RUN_ID", help="a run's map, not a file's")
    parser.add_argument("--layer", type=int, help="of the run (default: the best over targets)")
    parser.add_argument("--map", choices=MAPS, default="r", help="of the run (default: r)")
    parser.add_argument("--subject", help="of the filestore")
    parser.add_argument("--transform", help="of a volume, by which it lies on the surface")
    parser.add_argument("--filestore", type=Path, metavar="FOLDER", help=f"default: ${VARIABLE}, "
                        "else the one that pycortex ships")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="made if not there")
    parser.add_argument("--label", default="value", metavar="TEXT", help="what the colours mean")
    parser.add_argument(
        "--threshold", type=float, metavar="X",
        help="leave out values below X (of a run's p and q: above)",
    )  # fmt: skip
    parser.add_argument("--simulated", action="store_true", help="the map was made by a program")
    parser.add_argument("--dark", action="store_true", help="on a dark ground")
    parser.add_argument("--regions", action="store_true", help="also the mean of each region")
    parser.add_argument("--webgl", action="store_true", help="also a viewer for the browser")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="of --run; default: $CORTEXSCALE_STORE or runs/",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List, or draw and write."""
    problem = available()
    if problem:
        raise InputError(problem)
    filestore = (arguments.filestore or default_filestore()).expanduser()
    if arguments.list:
        return _list(filestore)
    _check(arguments)
    viewer = arguments.out / "viewer"
    if arguments.webgl:
        check_folder(viewer)
    brain = find_brain(filestore, arguments.subject, arguments.transform)
    _write(arguments, brain, viewer)
    return 0


def _list(filestore: Path) -> int:
    print(filestore)
    for subject in subjects(filestore):
        print(f"  {subject}: transforms {', '.join(transforms(filestore, subject)) or 'none'}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if (arguments.file is None) == (arguments.run_id is None):
        raise InputError("give either a MAP_FILE or --run RUN_ID (or --list).")
    for name in ("subject", "out"):
        if getattr(arguments, name) is None:
            raise InputError(f"--{name} is missing; see python -m backend pycortex --help.")


def _write(arguments: argparse.Namespace, brain: Brain, viewer: Path) -> None:
    if arguments.run_id:
        store = shipped_store(arguments.store or default_store())
        picture = run_picture(
            store, arguments.run_id, arguments.layer, arguments.map, brain, arguments.threshold
        )
    else:
        picture = file_picture(
            arguments.file, brain, label=arguments.label, threshold=arguments.threshold,
            evidence="simulated" if arguments.simulated else "measured",
        )  # fmt: skip
    stem = f"pycortex-{brain.subject}"
    mode: Mode = "dark" if arguments.dark else "light"
    files = {f"{stem}.{kind}": picture.image(mode, kind) for kind in KINDS}
    files[f"{stem}.csv"] = picture.table().to_csv(index=False).encode("utf-8")
    if arguments.regions:
        table = region_table(picture.drawn)
        files[f"{stem}-regions.csv"] = table.to_csv(index=False).encode("utf-8")
    write_files(arguments.out, files)
    if arguments.webgl:
        page = picture.viewer(viewer)
        print(f"{page}  open it with: python -m http.server --directory {viewer}")
