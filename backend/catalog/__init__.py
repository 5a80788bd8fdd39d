"""What exists: models, compressions, data sets, regions, citations, findings, claims (YAML)."""

from backend.catalog.claims import ClaimEntry, PlannedRun, Window, published_claims
from backend.catalog.entries import (
    Citation,
    Compression,
    DatasetEntry,
    Finding,
    ModelEntry,
    RoiEntry,
    Stage,
    StoryDatasetEntry,
    Weights,
)
from backend.catalog.load import (
    citations,
    compressions,
    dataset_with_checksum,
    datasets,
    findings,
    hierarchy,
    models,
    places,
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
    "Stage",
    "StoryDatasetEntry",
    "Weights",
    "Window",
    "citations",
    "compressions",
    "dataset_with_checksum",
    "datasets",
    "findings",
    "hierarchy",
    "models",
    "places",
    "published_claims",
    "rois",
    "story_datasets",
]
