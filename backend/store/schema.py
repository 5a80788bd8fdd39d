"""The tables of the store, as Arrow schemas."""

from collections.abc import Mapping

import pyarrow as pa

_text, _real, _whole = pa.string(), pa.float32(), pa.int64()
_reals = pa.list_(pa.float32())

RUNS = pa.schema(
    [
        ("run_id", _text),
        ("dataset", _text),
        ("subject", _text),
        ("modality", _text),
        ("model", _text),
        ("model_family", _text),
        ("n_parameters", _whole),
        ("compression", _text),
        ("bits_per_weight", pa.float64()),
        ("sparsity", pa.float64()),
        ("context_length", _whole),
        ("delays", pa.list_(pa.int32())),
        ("split", _text),
        ("n_folds", pa.int32()),
        ("n_samples", _whole),
        ("n_words", _whole),
        ("evidence", _text),
        ("source", _text),
        ("code_version", _text),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("seconds", pa.float64()),
        ("extraction_seconds", pa.float64()),
        ("fit_seconds", pa.float64()),
        ("peak_memory_bytes", _whole),
        ("device", _text),
        ("warnings", pa.list_(_text)),
        ("config", _text),
    ]
)

ROI_SCORES = pa.schema(
    [
        ("run_id", _text),
        ("layer", pa.int32()),
        ("roi", _text),
        ("hemisphere", _text),
        ("fold", pa.int32()),
        ("held_out", _text),
        ("n_targets", pa.int32()),
        ("r", _real),
        ("r_normalized", _real),
        ("n_normalized", pa.int32()),
        ("ceiling", _real),
        ("baseline_r", _real),
        ("unique_r2", _real),
    ]
)

BASELINE_SCORES = pa.schema(
    [
        ("run_id", _text),
        ("baseline", _text),
        ("roi", _text),
        ("hemisphere", _text),
        ("fold", pa.int32()),
        ("held_out", _text),
        ("r", _real),
        ("r_normalized", _real),
        ("r2", _real),
    ]
)

TARGET_SCORES = pa.schema(
    [
        ("run_id", _text),
        ("layer", pa.int32()),
        ("space", _text),
        ("r", _reals),
        ("ceiling", _reals),
        ("p", _reals),
        ("q", _reals),
        ("unique_r2", _reals),
    ]
)

SPACES = pa.schema(
    [
        ("run_id", _text),
        ("space", _text),
        ("kind", _text),
        ("n_targets", pa.int32()),
        ("mask", _text),
        ("affine", pa.list_(pa.float64())),
        ("transform", _text),
        ("target_rois", pa.list_(_text)),
    ]
)

PUBLISHED = pa.schema(
    [
        ("citation", _text),
        ("reviewed", pa.bool_()),
        ("dataset", _text),
        ("model", _text),
        ("n_parameters", _whole),
        ("layer", pa.int32()),
        ("split", _text),
        ("metric", _text),
        ("value", pa.float64()),
        ("sem", pa.float64()),
        ("n", pa.int32()),
        ("unit_of_n", _text),
    ]
)

RUN_TABLES: Mapping[str, pa.Schema] = {
    "roi_scores": ROI_SCORES,
    "baseline_scores": BASELINE_SCORES,
    "target_scores": TARGET_SCORES,
    "spaces": SPACES,
    "runs": RUNS,
}
"""Tables that a run writes, in the order of writing: a run counts once its row in ``runs`` is
there, so whatever a killed task left in the others is never read."""
