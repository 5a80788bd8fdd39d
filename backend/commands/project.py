"""``project``: from a volume in MNI152 to fsaverage5, its regions and a flat map."""

import argparse
from pathlib import Path

import numpy as np

from backend import catalog
from backend.catalog.entries import Evidence
from backend.cortex.projection import project_volume, region_means
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_VERTICES, SPACE
from backend.errors import InputError

KINDS = ("png", "svg", "pdf")
EPILOG = """examples:
  python -m backend project noise_ceiling.nii.gz --mask mask.nii.gz --csv regions.csv
  python -m backend project noise_ceiling.nii.gz --figure ceiling.png --label "Pearson r"

what it does: samples the volume between fsaverage5's white and pial surfaces, leaving out voxels
without data, and averages over regions: 10 mm about published MNI coordinates, listed with their
sources in backend/catalog/rois.yaml.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "project",
        help="take a volume in MNI152 to the cortical surface and its regions",
        description="Project a volume in MNI152 to fsaverage5 and average it over regions.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.nii.gz", help="one volume, in MNI152")
    parser.add_argument(
        "--mask", type=Path, metavar="FILE",
        help="on the same grid, non-zero where there are data (default: where FILE is not 0)",
    )  # fmt: skip
    parser.add_argument(
        "--radius", type=float, metavar="MM", help="of every region (default: each its own, 10)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table as CSV")
    parser.add_argument(
        "--figure", type=Path, metavar="FILE", help="draw a flat map: .png, .svg or .pdf"
    )
    parser.add_argument(
        "--label", default="value", metavar="TEXT", help="what the flat map's colours mean"
    )
    parser.add_argument("--simulated", action="store_true", help="the volume was made by a program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Project, print the table, write what was asked for."""
    if arguments.figure and arguments.figure.suffix[1:].lower() not in KINDS:
        raise InputError(f"{arguments.figure} cannot be drawn: end it in .png, .svg or .pdf.")
    regions = surface_regions(arguments.radius)
    values = project_volume(arguments.file, arguments.mask)
    table = region_means(values, regions)
    table.insert(1, "title", [catalog.rois()[name].title for name in table["roi"]])
    missing = np.isnan(values)
    print(
        f"{arguments.file}: {np.sum(~missing)} of {values.size} vertices of {SPACE} have data "
        f"({np.sum(~missing[:N_VERTICES])} left, {np.sum(~missing[N_VERTICES:])} right)"
    )
    print(table.to_string(index=False, float_format="{:.3f}".format, na_rep="no data"))
    if arguments.csv:
        sources = [catalog.citations()[catalog.rois()[name].citation].text for name in table["roi"]]
        _write(arguments.csv, table.assign(citation=sources).to_csv(index=False).encode("utf-8"))
        print(f"{arguments.csv}: {len(table)} rows")
    if arguments.figure:
        _write(arguments.figure, _figure(values, arguments))
        print(f"{arguments.figure}: flat map")
    return 0


def _figure(values: np.ndarray, arguments: argparse.Namespace) -> bytes:
    # Only a command that draws waits for the drawing library.
    from backend.figures.flatmap import Panel, flatmap_bytes, flatmap_figure
    from backend.figures.map_scale import MapKind, scale_of

    evidence: Evidence = "simulated" if arguments.simulated else "measured"
    title = arguments.file.name
    scale = scale_of(MapKind(arguments.label, arguments.label), [values])
    figure = flatmap_figure([Panel(values, evidence)], scale, title=title)
    caption = f"{title} on {SPACE}, flat. Evidence: {evidence}."
    return flatmap_bytes(figure, arguments.figure.suffix[1:].lower(), caption)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
