"""Models that were both probed and encoded, with planted changes of each."""

from pathlib import Path

import numpy as np

from backend.store.shards import RunTables, write_run
from tests.comparisons.probe_stores import write_probed
from tests.helpers import make_config, make_tables

DATASET, SPLIT = "toy", "contiguous"
METHOD = "magnitude-70"


def write_both(
    store: Path,
    model: str,
    competence: tuple[float, float],
    predictivity: tuple[float, float],
    seed: int = 0,
    n_parameters: int = 1_000_000,
    syntax: float | None = None,
) -> None:
    """Write a model at full precision and compressed: its competence, and its r past layer 0."""
    random = np.random.default_rng(seed)
    shared = random.normal(0, 0.02, 10)
    for compression, level, r in zip(("none", METHOD), competence, predictivity, strict=True):
        by = None if syntax is None else {"syntax": syntax}
        write_probed(
            store, model, compression, none=level, n_parameters=n_parameters, by_phenomenon=by
        )
        config = make_config(
            dataset=DATASET, model=model, compression=compression, responses=("left_ifg",),
            ceilings=(None,), n_folds=10,
        )  # fmt: skip
        made = make_tables(config, n_parameters=n_parameters)
        scores = [
            {**row, "r": r + shared[row["fold"]] + random.normal(0, 0.004)}  # type: ignore[index, call-overload]
            for row in made.roi_scores
        ]
        write_run(
            store,
            config.run_id,
            RunTables(made.runs, scores, made.baseline_scores, made.target_scores, made.spaces),
        )
