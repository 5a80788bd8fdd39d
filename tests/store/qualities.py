"""Rows of what was measured of a model, as a finished measurement writes them."""

from datetime import UTC, datetime
from typing import Any


def make_quality(**changes: Any) -> dict[str, Any]:
    row = {
        "quality_id": "0123456789abcdef",
        "model": "tiny",
        "model_fingerprint": "f" * 16,
        "model_family": "toy",
        "n_parameters": 1000,
        "compression": "none",
        "calibration": None,
        "calibration_sha256": None,
        "bits_per_weight": 32.0,
        "sparsity": 0.0,
        "bytes_on_disk": 4000,
        "bytes_in_memory": 4100,
        "corpus": "demo-stories",
        "corpus_sha256": "0" * 64,
        "n_tokens": 5000,
        "n_bytes": 23000,
        "window_tokens": 256,
        "perplexity": 41.5,
        "bits_per_byte": 1.25,
        "tokens_per_second": 1234.5,
        "seconds_to_compress": None,
        "device": "CPU",
        "code_version": "0",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    unknown = set(changes) - set(row)
    assert not unknown, unknown
    return {**row, **changes}
