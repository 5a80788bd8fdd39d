"""What exists: models, compressions, data sets, regions, citations, findings, claims (YAML)."""

from backend.catalog.claims import ClaimEntry, PlannedRun, Window, published_claims
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
    "ClaimEntry",
    "Compression",
    "DatasetEntry",
    "Finding",
    "ModelEntry",
    "PlannedRun",
    "RoiEntry",
    "StoryDatasetEntry",
    "Weights",
    "Window",
    "citations",
    "compressions",
    "dataset_with_checksum",
    "datasets",
    "findings",
    "models",
    "published_claims",
    "rois",
    "story_datasets",
]
