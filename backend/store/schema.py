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

MODEL_QUALITY = pa.schema(
    [
        ("quality_id", _text),
        ("model", _text),
        ("model_fingerprint", _text),
        ("model_family", _text),
        ("n_parameters", _whole),
        ("compression", _text),
        ("calibration", _text),
        ("calibration_sha256", _text),
        ("bits_per_weight", pa.float64()),
        ("sparsity", pa.float64()),
        ("bytes_on_disk", _whole),
        ("bytes_in_memory", _whole),
        ("corpus", _text),
        ("corpus_sha256", _text),
        ("n_tokens", _whole),
        ("n_bytes", _whole),
        ("window_tokens", pa.int32()),
        ("perplexity", pa.float64()),
        ("bits_per_byte", pa.float64()),
        ("tokens_per_second", pa.float64()),
        ("seconds_to_compress", pa.float64()),
        ("device", _text),
        ("code_version", _text),
        ("created_at", pa.timestamp("us", tz="UTC")),
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

PROBE_RUNS = pa.schema(
    [
        ("run_id", _text),
        ("kind", _text),
        ("dataset", _text),
        ("data_sha256", _text),
        ("model", _text),
        ("model_fingerprint", _text),
        ("model_family", _text),
        ("n_parameters", _whole),
        ("compression", _text),
        ("bits_per_weight", pa.float64()),
        ("sparsity", pa.float64()),
        ("n_seeds", pa.int32()),
        ("evidence", _text),
        ("source", _text),
        ("code_version", _text),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("seconds", pa.float64()),
        ("reading_seconds", pa.float64()),
        ("device", _text),
        ("warnings", pa.list_(_text)),
        ("config", _text),
    ]
)

PROBE_SCORES = pa.schema(
    [
        ("run_id", _text),
        ("layer", pa.int32()),
        ("phenomenon", _text),
        ("task", _text),
        ("title", _text),
        ("n_items", pa.int32()),
        ("n_clusters", pa.int32()),
        ("chance", _real),
        ("score", _real),
        ("low", _real),
        ("high", _real),
        ("seed_sd", _real),
        ("control_score", _real),
        ("selectivity", _real),
        ("selectivity_low", _real),
        ("selectivity_high", _real),
        ("length_score", _real),
        ("keyword_score", _real),
        ("gain", _real),
        ("gain_low", _real),
        ("gain_high", _real),
        ("cluster_scores", _reals),
    ]
)

PROBE_EXAMPLES = pa.schema(
    [
        ("run_id", _text),
        ("layer", pa.int32()),
        ("task", _text),
        ("text", _text),
        ("label", _text),
        ("predicted", _text),
        ("is_right", pa.bool_()),
    ]
)

REMOVAL_RUNS = pa.schema(
    [
        ("run_id", _text),
        ("dataset", _text),
        ("data_sha256", _text),
        ("subject", _text),
        ("modality", _text),
        ("model", _text),
        ("model_fingerprint", _text),
        ("model_family", _text),
        ("n_parameters", _whole),
        ("compression", _text),
        ("bits_per_weight", pa.float64()),
        ("sparsity", pa.float64()),
        ("split", _text),
        ("n_folds", pa.int32()),
        ("n_samples", _whole),
        ("n_random", pa.int32()),
        ("context_length", _whole),
        ("labels", _text),
        ("warnings", pa.list_(_text)),
        ("evidence", _text),
        ("source", _text),
        ("code_version", _text),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("seconds", pa.float64()),
        ("device", _text),
        ("config", _text),
    ]
)

REMOVAL_SCORES = pa.schema(
    [
        ("run_id", _text),
        ("layer", pa.int32()),
        ("phenomenon", _text),
        ("roi", _text),
        ("hemisphere", _text),
        ("fold", pa.int32()),
        ("held_out", _text),
        ("rank", pa.int32()),
        ("probe_before", _real),
        ("probe_after", _real),
        ("r_full", _real),
        ("r_removed", _real),
        ("r_random", _real),
        ("random_draws", _reals),
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

PROBE_TABLES: Mapping[str, pa.Schema] = {
    "probe_scores": PROBE_SCORES,
    "probe_examples": PROBE_EXAMPLES,
    "probe_runs": PROBE_RUNS,
}
"""Tables that a run of probes writes, in the same manner, ``probe_runs`` last. The layer is empty
where a model's probabilities are scored and not its states."""

REMOVAL_TABLES: Mapping[str, pa.Schema] = {
    "removal_scores": REMOVAL_SCORES,
    "removal_runs": REMOVAL_RUNS,
}
"""Tables that a run of removals writes, ``removal_runs`` last."""

WHOLES: tuple[Mapping[str, pa.Schema], ...] = (RUN_TABLES, PROBE_TABLES, REMOVAL_TABLES)
"""Tables that count together: a run that is missing in one of them is read from none."""

TABLES: Mapping[str, pa.Schema] = {
    **RUN_TABLES,
    **PROBE_TABLES,
    **REMOVAL_TABLES,
    "model_quality": MODEL_QUALITY,
}
"""All tables of which a store holds shards. A model's quality belongs to no run: it is measured
once for a model, a compression and a text."""


def key_of(table: str) -> str:
    """Name the column that a table's shards are named by.

    Parameters
    ----------
    table : str

    Returns
    -------
    str
    """
    return "quality_id" if table == "model_quality" else "run_id"


REQUIRED: Mapping[str, tuple[str, ...]] = {
    "roi_scores": ("run_id", "layer", "roi", "fold", "r"),
    "baseline_scores": ("run_id", "baseline", "roi", "fold", "r"),
    "target_scores": ("run_id", "layer", "space", "r"),
    "spaces": ("run_id", "space", "kind"),
    "runs": (
        "run_id", "dataset", "model", "compression", "split", "n_folds", "n_samples", "evidence",
        "source", "created_at", "config",
    ),
    "probe_scores": ("run_id", "phenomenon", "task", "score", "chance"),
    "probe_examples": ("run_id", "task", "text", "label", "predicted"),
    "probe_runs": ("run_id", "kind", "dataset", "model", "compression", "created_at", "config"),
    "removal_scores": (
        "run_id", "layer", "phenomenon", "roi", "fold", "r_full", "r_removed", "r_random",
    ),
    "removal_runs": ("run_id", "dataset", "model", "compression", "split", "evidence", "source",
                     "created_at", "config"),
    "model_quality": ("quality_id", "model", "compression", "corpus", "created_at"),
}  # fmt: skip
"""Columns without which a row says nothing. A shard of an older version may lack the others, which
are then empty."""


def schema_fault(name: str, found: pa.Schema) -> str | None:
    """Say what keeps a shard from being read as one of the store's tables.

    Parameters
    ----------
    name : str
        The table's.
    found : pyarrow.Schema
        The shard's.

    Returns
    -------
    str or None
        None if nothing does. Columns that the table does not have are left alone.
    """
    missing = [column for column in REQUIRED[name] if column not in found.names]
    if missing:
        return f"the column {missing[0]} is missing"
    for field in TABLES[name]:
        if field.name not in found.names:
            continue
        holds, wanted = _kind(found.field(field.name).type), _kind(field.type)
        if holds != wanted:
            return f"the column {field.name} holds {holds}, not {wanted}"
    return None


def _kind(data_type: pa.DataType) -> str:
    """Name a type regardless of its width, which a query does not depend on."""
    is_a = pa.types
    if is_a.is_list(data_type) or is_a.is_large_list(data_type):
        return f"lists of {_kind(data_type.value_type)}"
    if is_a.is_integer(data_type):
        return "whole numbers"
    if is_a.is_floating(data_type):
        return "numbers"
    if is_a.is_boolean(data_type):
        return "truths"
    if is_a.is_string(data_type) or is_a.is_large_string(data_type):
        return "text"
    return str(data_type)
