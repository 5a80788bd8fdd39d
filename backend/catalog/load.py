"""Read the catalogue's YAML files, once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml

from backend.catalog.entries import (
    Citation,
    Compression,
    DatasetEntry,
    Entry,
    Family,
    Finding,
    ModelEntry,
    RoiEntry,
    Stage,
    StoryDatasetEntry,
)

FOLDER = Path(__file__).parent
T = TypeVar("T", bound=Entry)


def _read(name: str, entry: type[T]) -> Mapping[str, T]:
    raw = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {key: entry.model_validate(value) for key, value in raw.items()}


@cache
def models() -> Mapping[str, ModelEntry]:
    """Return the language models that can be chosen by name."""
    return _read("models.yaml", ModelEntry)


@cache
def compressions() -> Mapping[str, Compression]:
    """Return the compressions that can be chosen by name."""
    return _read("compressions.yaml", Compression)


@cache
def datasets() -> Mapping[str, DatasetEntry]:
    """Return the data sets that are recognised by name or by content."""
    return _read("datasets.yaml", DatasetEntry)


@cache
def citations() -> Mapping[str, Citation]:
    """Return the references behind data sets, figures and findings."""
    return _read("citations.yaml", Citation)


@cache
def families() -> Mapping[str, Family]:
    """Return the families of language models."""
    return _read("families.yaml", Family)


@cache
def findings() -> Mapping[str, Finding]:
    """Return the published findings that the Overview shows."""
    return _read("findings.yaml", Finding)


@cache
def rois() -> Mapping[str, RoiEntry]:
    """Return the regions of interest, by short name."""
    return _read("rois.yaml", RoiEntry)


@cache
def hierarchy() -> Mapping[str, Stage]:
    """Return the stages in which regions work on speech, the earliest first."""
    stages = _read("hierarchy.yaml", Stage)
    return dict(sorted(stages.items(), key=lambda item: item[1].place))


@cache
def places() -> Mapping[str, int]:
    """Return each region's place in that order, by its short name; regions of a stage share one."""
    return {roi: stage.place for stage in hierarchy().values() for roi in stage.rois}


@cache
def story_datasets() -> Mapping[str, StoryDatasetEntry]:
    """Return the data sets of stories that can be chosen by name."""
    return _read("story_datasets.yaml", StoryDatasetEntry)


def dataset_with_checksum(sha256: str) -> tuple[str, DatasetEntry] | None:
    """Find the catalogued data set with this content.

    Parameters
    ----------
    sha256 : str
        Of a file's bytes.

    Returns
    -------
    tuple of (str, DatasetEntry) or None
        Its name and entry; None for a file that the catalogue does not know.
    """
    for name, entry in datasets().items():
        if entry.sha256 == sha256:
            return name, entry
    return None
