"""Removals with falls that are known."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.jobs.removal_config import AnyRemovalConfig, RemovalConfig, StoryRemovalConfig
from backend.store.shards import write_removal

N_FOLDS = 10


def write_removed(
    store: Path,
    model: str = "tiny",
    falls: dict[str, float] | None = None,
    random: float = -0.02,
    full: float = 0.4,
    dataset: str = "toy",
    rois: tuple[str, ...] = ("left_ifg",),
    layers: tuple[int, ...] = (1, 2),
    n_parameters: int = 1_000_000,
    compression: str = "none",
    evidence: str = "measured",
    noise: float = 0.004,
    subject: str | None = None,
    labels: str | None = None,
) -> str:
    """Write removals that change r by ``falls``, and random ones that change it by ``random``.

    On stories where a subject is given, else on sentences.
    """
    falls = falls or {"syntax": -0.1, "reasoning": random}
    stated = {
        "dataset": dataset, "data_sha256": "0" * 64, "citation": "toy", "model": model,
        "compression": compression, "layers": layers, "phenomena": tuple(falls),
        "tasks_sha256": "0" * 64, "n_random": 2, "evidence": evidence,
    }  # fmt: skip
    config: AnyRemovalConfig = (
        RemovalConfig(
            **stated, sentence="sentence", responses=rois, ceilings=(None,) * len(rois),
            n_folds=N_FOLDS, gap=0,
        )
        if subject is None
        else StoryRemovalConfig(**stated, subject=subject, tr=2.0, labels=labels)
    )  # type: ignore[arg-type]  # fmt: skip
    drawn = np.random.default_rng(len(model))
    rows = []
    for layer in layers:
        for roi in rois:
            level = full + drawn.normal(0, 0.05, N_FOLDS)
            for phenomenon, fall in falls.items():
                removed = level + fall + drawn.normal(0, noise, N_FOLDS)
                chance = level + random + drawn.normal(0, noise, N_FOLDS)
                rows += [
                    {
                        "run_id": config.run_id, "layer": layer, "phenomenon": phenomenon,
                        "roi": roi, "hemisphere": "left", "fold": fold, "rank": 3,
                        "held_out": None if subject is None else f"story {fold}",
                        "probe_before": 0.8, "probe_after": 0.5, "r_full": level[fold],
                        "r_removed": removed[fold], "r_random": chance[fold],
                        "random_draws": [chance[fold]] * 2,
                    }
                    for fold in range(N_FOLDS)
                ]  # fmt: skip
    run = {
        "run_id": config.run_id, "dataset": dataset, "data_sha256": "0" * 64,
        "subject": subject or "s1", "modality": "fMRI",
        "model": model, "model_family": "toy", "n_parameters": n_parameters,
        "compression": compression, "bits_per_weight": 32.0, "sparsity": 0.0,
        "split": config.split, "n_folds": N_FOLDS, "n_samples": 100, "n_random": 2,
        "context_length": None if subject is None else 128, "labels": labels,
        "evidence": evidence, "source": "toy", "code_version": "0",
        "created_at": datetime.now(UTC), "seconds": 1.0, "device": "CPU",
        "config": config.model_dump_json(),
    }  # fmt: skip
    write_removal(store, config.run_id, {"removal_scores": rows, "removal_runs": [run]})
    return config.run_id
