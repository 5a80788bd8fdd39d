"""What lies beside a recording, and what that says of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.datasets.bids_names import BidsFile, read_json
from backend.datasets.volumes import header_tr


def citation(description: Mapping[str, Any], name: str) -> str:
    """Make a reference of what a data set says of itself.

    Parameters
    ----------
    description : mapping of str to object
        dataset_description.json.
    name : str

    Returns
    -------
    str
    """
    doi = description.get("DatasetDOI")
    sources = description.get("SourceDatasets")
    if not doi and isinstance(sources, list) and sources and isinstance(sources[0], dict):
        doi = sources[0].get("DOI") or sources[0].get("URL")
    return f"{name}, {doi}" if doi else f"{name} (BIDS derivatives), no citation given"


def sidecar_of(file: BidsFile) -> Path:
    """Name the JSON file beside a recording; it may not exist."""
    return file.path.with_name(file.path.name.removesuffix(file.ending) + ".json")


def other_side(file: BidsFile) -> Path | None:
    """Name the right hemisphere's file; None of a recording that is no surface."""
    if "hemi" not in file.entities:
        return None
    return file.path.with_name(file.path.name.replace("_hemi-L", "_hemi-R"))


def stated_tr(file: BidsFile) -> float | None:
    """Read the TR that a recording's sidecar, or else its header, states, in seconds."""
    stated = read_json(sidecar_of(file)).get("RepetitionTime")
    if isinstance(stated, int | float) and not isinstance(stated, bool) and stated > 0:
        return float(stated)
    return header_tr(file.path) if file.kind == "volume" else None


def off_middle(file: BidsFile) -> float:
    """Seconds by which the time that slices were corrected to lies off the middle of a TR."""
    sidecar = read_json(sidecar_of(file))
    start, tr = sidecar.get("StartTime"), sidecar.get("RepetitionTime")
    if sidecar.get("SliceTimingCorrected") is not True:
        return 0.0
    if not isinstance(start, int | float) or not isinstance(tr, int | float):
        return 0.0
    return float(start) - float(tr) / 2
