"""What exists: models, compressions, data sets, citations, published findings (from YAML)."""

from backend.catalog.entries import Citation, Compression, DatasetEntry, Finding, ModelEntry
from backend.catalog.load import (
    citations,
    compressions,
    dataset_with_checksum,
    datasets,
    findings,
    models,
)

__all__ = [
    "Citation",
    "Compression",
    "DatasetEntry",
    "Finding",
    "ModelEntry",
    "citations",
    "compressions",
    "dataset_with_checksum",
    "datasets",
    "findings",
    "models",
]
