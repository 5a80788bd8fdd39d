"""What exists: models, compressions, data sets, regions, citations, findings (from YAML)."""

from backend.catalog.entries import (
    Citation,
    Compression,
    DatasetEntry,
    Finding,
    ModelEntry,
    RoiEntry,
    StoryDatasetEntry,
    Weights,
)
from backend.catalog.load import (
    citations,
    compressions,
    dataset_with_checksum,
    datasets,
    findings,
    models,
    rois,
    story_datasets,
)

__all__ = [
    "Citation",
    "Compression",
    "DatasetEntry",
    "Finding",
    "ModelEntry",
    "RoiEntry",
    "StoryDatasetEntry",
    "Weights",
    "citations",
    "compressions",
    "dataset_with_checksum",
    "datasets",
    "findings",
    "models",
    "rois",
    "story_datasets",
]
