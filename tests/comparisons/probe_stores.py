"""Probes with scores that are known."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.jobs.config import ProbingConfig
from backend.store.shards import write_probes

TASKS = {"order": "discourse", "continuity": "discourse", "clause": "syntax", "agreement": "syntax"}
LAYERS = (0, 1, 2)


def write_probed(
    store: Path,
    model: str,
    compression: str = "none",
    none: float = 0.8,
    twin: float | None = None,
    noise: float = 0.02,
    n_parameters: int = 1_000_000,
    by_phenomenon: dict[str, float] | None = None,
    text: str = "a text",
) -> str:
    """Write a run of probes whose scores past the embeddings are ``none``, or by phenomenon."""
    if twin is not None:
        write_probed(store, f"{model}:random", none=twin)
    config = ProbingConfig(
        dataset="bundled", data_sha256="0" * 64, citation="toy", model=model,
        compression=compression,
    )  # fmt: skip
    random = np.random.default_rng(len(model) + len(compression))
    rows, examples = [], []
    for task, phenomenon in TASKS.items():
        level = (by_phenomenon or {}).get(phenomenon, none)
        for layer in LAYERS:
            spread = random.normal(0, noise, 32)
            clusters = (level if layer else 0.55) + spread - spread.mean()
            rows.append(_row(config.run_id, task, phenomenon, layer, clusters))
        examples += [
            {
                "run_id": config.run_id, "layer": 2, "task": task, "text": text, "label": "a",
                "predicted": says, "is_right": says == "a",
            }
            for says in "ab"
        ]  # fmt: skip
    run = {
        "run_id": config.run_id, "kind": "bundled", "dataset": "bundled", "data_sha256": "0" * 64,
        "model": model, "model_family": "toy", "n_parameters": n_parameters,
        "compression": compression, "bits_per_weight": 32.0, "sparsity": 0.0, "n_seeds": 1,
        "evidence": "measured", "source": "toy", "code_version": "0",
        "created_at": datetime.now(UTC), "seconds": 1.0, "reading_seconds": 0.5, "device": "CPU",
        "warnings": [], "config": config.model_dump_json(),
    }  # fmt: skip
    write_probes(
        store,
        config.run_id,
        {"probe_scores": rows, "probe_examples": examples, "probe_runs": [run]},
    )
    return config.run_id


def _row(
    run_id: str, task: str, phenomenon: str, layer: int, clusters: np.ndarray
) -> dict[str, object]:
    score, half = float(clusters.mean()), 1.96 * float(clusters.std() / np.sqrt(len(clusters)))
    return {
        "run_id": run_id, "layer": layer, "phenomenon": phenomenon, "task": task, "title": task,
        "n_items": 400, "n_clusters": len(clusters), "chance": 0.5, "score": score,
        "low": score - half, "high": score + half, "seed_sd": 0.01, "control_score": 0.6,
        "selectivity": score - 0.6, "selectivity_low": score - 0.6 - half,
        "selectivity_high": score - 0.6 + half, "length_score": 0.52, "keyword_score": 0.5,
        "gain": score - 0.52, "gain_low": score - 0.52 - half, "gain_high": score - 0.52 + half,
        "cluster_scores": clusters.tolist(),
    }  # fmt: skip
