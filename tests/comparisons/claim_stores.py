"""Simulated scores with planted effects, as frames and as stores."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from backend.catalog import compressions
from backend.comparisons.claims_material import Material, material_of
from backend.store.schema import MODEL_QUALITY
from backend.store.selection import Selection
from backend.store.shards import write_quality, write_run
from tests.helpers import make_config, make_tables

DATASET = "planted"
CALIBRATION = {"text": "demo", "sha256": "c" * 64}
MEASURED = Selection(dataset=DATASET, split="contiguous", evidence="measured")
REGIONS = ("AG_TPJ", "TP", "BA44", "AC")
SEMANTIC = ("AG_TPJ", "TP")
Effect = Callable[[str, str, str], float]


class Planted(NamedTuple):
    """A model of the simulation."""

    n_parameters: float
    family: str = "toy"


SIZES = {
    "toy-0.1b": Planted(0.125e9), "toy-0.4b": Planted(0.4e9), "toy-1b": Planted(1.2e9),
    "toy-3b": Planted(3.1e9), "toy-7b": Planted(7e9), "toy-14b": Planted(14e9),
}  # fmt: skip


def no_effect(model: str, compression: str, roi: str) -> float:
    return 0.0


def planted_scores(
    effect: Effect = no_effect,
    models: Mapping[str, Planted] = SIZES,
    compressions: Sequence[str] = ("none",),
    *,
    regions: Sequence[str] = REGIONS,
    subjects: Sequence[str] = ("average",),
    n_folds: int = 10,
    noise: float = 0.01,
    model_noise: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Scores of 0.4 at the middle of three layers, plus what is planted.

    What makes a fold easy is shared by all models; ``noise`` is the standard deviation of each
    run's own deviation from fold to fold, ``model_noise`` that from model to model under a
    compression.
    """
    random = np.random.default_rng(seed)
    easy = {(s, f): random.normal(0, 0.05) for s in subjects for f in range(n_folds)}
    rows = []
    for model, (size, family) in models.items():
        for compression in compressions:
            shift = random.normal(0, model_noise) if compression != "none" else 0.0
            for subject in subjects:
                for fold in range(n_folds):
                    # Half of the deviation is shared by the regions, half is each one's own.
                    own = shift + random.normal(0, noise) + easy[subject, fold]
                    regional = dict(
                        zip(regions, random.normal(0, noise, len(regions)), strict=True)
                    )
                    rows += [
                        {
                            "run_id": f"{model}/{compression}/{subject}", "subject": subject,
                            "model": model, "compression": compression, "roi": roi,
                            "model_family": family, "n_parameters": size, "fold": fold,
                            "unit": str(fold), "layer": layer,
                            "score": 0.4 + own + regional[roi] + effect(model, compression, roi)
                            - (0.1 if layer != 1 else 0.0),
                        }
                        for roi in regions
                        for layer in range(3)
                    ]  # fmt: skip
    return pd.DataFrame(rows).assign(
        dataset=DATASET, hemisphere="left", n_layers=2, weights=None, data="0"
    )


def planted_quality(
    cost: Callable[[str, str], float],
    models: Mapping[str, Planted] = SIZES,
    compressions: Sequence[str] = ("none",),
    noise: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Bits per byte of 1, times one plus what a compression costs."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {
                "quality_id": f"{model}-{compression}", "model": model, "model_fingerprint": None,
                "model_family": family, "n_parameters": int(size), "compression": compression,
                "corpus": "toy", "corpus_sha256": "0",
                "bits_per_byte": 1.0 + cost(model, compression)
                + (random.normal(0, noise) if compression != "none" else 0.0),
            }
            for model, (size, family) in models.items()
            for compression in compressions
        ]
    )  # fmt: skip


def material(scores: pd.DataFrame, quality: pd.DataFrame | None = None) -> Material:
    """What the tests of the claims read, without a store."""
    empty = pd.DataFrame(columns=MODEL_QUALITY.names)
    models = [rows for _, rows in scores.groupby("model")]
    return material_of(
        MEASURED, models, empty if quality is None else quality, pd.DataFrame({"config": []})
    )


def fill_store(
    folder: Path,
    scores: pd.DataFrame,
    quality: pd.DataFrame | None = None,
    evidence: str = "measured",
    **config: Any,
) -> None:
    """Write planted scores as runs."""
    regions = tuple(scores["roi"].unique())
    for _, rows in scores.groupby("run_id", sort=False):
        first = rows.iloc[0]
        needed = compressions()[first["compression"]].needs_calibration
        request = make_config(
            **{
                "calibration": CALIBRATION if needed else None,
                "dataset": DATASET, "evidence": evidence, "responses": regions,
                "ceilings": (None,) * len(regions), "hemisphere": "left",
                "model": first["model"], "compression": first["compression"],
                "subject": first["subject"], "n_folds": int(rows["fold"].max()) + 1, **config,
            }
        )  # fmt: skip
        tables = make_tables(
            request, model_family=first["model_family"], n_parameters=int(first["n_parameters"])
        )
        found = rows.set_index(["layer", "roi", "fold"])["score"]
        planted = [
            {**row, "r": found[row["layer"], row["roi"], row["fold"]], "r_normalized": None}
            for row in tables.roi_scores
        ]
        write_run(
            folder, request.run_id,
            tables.__class__(
                tables.runs, planted, tables.baseline_scores, tables.target_scores, tables.spaces
            ),
        )  # fmt: skip
    for row in [] if quality is None else quality.to_dict("records"):
        created = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
        write_quality(folder, str(row["quality_id"]), {**row, "created_at": created})
