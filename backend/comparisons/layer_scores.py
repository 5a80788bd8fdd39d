"""Scores by layer of the runs that a selection shows: which runs, and their units."""

from collections.abc import Sequence

import pandas as pd

from backend.comparisons.scores import DESIGN
from backend.store.queries import METRICS
from backend.store.reader import ResultStore
from backend.store.selection import Selection

_OF_RUNS = (
    "run_id", "dataset", "subject", "model", "compression", "split", "evidence", "source",
    "n_samples", "context_length", "n_folds", "n_parameters", "bits_per_weight",
)  # fmt: skip


def layer_runs(store: ResultStore, selection: Selection, splits: Sequence[str]) -> pd.DataFrame:
    """List the runs of a selection; of runs that were made twice, the latest.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        Runs without a score in its regions are left out.
    splits : sequence of str
        In the order in which they are shown.

    Returns
    -------
    pandas.DataFrame
        One row per run: run_id, dataset, subject, model, compression, split, evidence, source,
        n_samples, context_length, n_folds, n_parameters, bits_per_weight, and design: equal for
        runs that differ in their subject alone. Full precision before compressions.
    """
    where, parameters = selection.where()
    within, values = selection.within_runs()
    frame = store.query(
        f"""
        SELECT {", ".join(_OF_RUNS)},
               concat_ws('|', model, compression, {DESIGN}) AS design
        FROM runs
        WHERE {where} AND split IN ({", ".join("?" * len(splits))})
              AND run_id IN (SELECT run_id FROM roi_best WHERE {within})
        QUALIFY row_number() OVER (
            PARTITION BY subject, split, design ORDER BY created_at DESC, run_id
        ) = 1
        ORDER BY model, compression <> 'none', compression, created_at, subject, run_id
        """,
        [*parameters, *splits, *values],
    )
    order = {split: place for place, split in enumerate(splits)}
    return frame.sort_values("split", key=lambda s: s.map(order), kind="stable", ignore_index=True)


def layer_scores(
    store: ResultStore, runs: pd.DataFrame, selection: Selection, metric: str = "r"
) -> pd.DataFrame:
    """Read the scores of some runs, layer by layer and fold by fold.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        As of :func:`layer_runs`.
    selection : Selection
        Its regions, hemisphere and range of layers narrow the scores.
    metric : {"r", "r_normalized", "unique_r2"}

    Returns
    -------
    pandas.DataFrame
        One row per run, roi, hemisphere, layer and fold: run_id, roi, hemisphere, layer, n_layers
        (the deepest in the run), unit (the held-out story, or the number of the fold), score,
        ceiling, unique_r2, and from ``runs`` subject, split and design. Rows without the metric are
        left out.
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; accepted are {', '.join(METRICS)}")
    within, values = selection.within_runs()
    ids = list(runs["run_id"])
    scores = store.query(
        f"""
        SELECT run_id, roi, hemisphere, layer,
               max(layer) OVER (PARTITION BY run_id) AS n_layers,
               coalesce(held_out, fold::VARCHAR) AS unit, {metric}::DOUBLE AS score,
               ceiling::DOUBLE AS ceiling, unique_r2::DOUBLE AS unique_r2
        FROM roi_scores
        WHERE run_id IN ({", ".join("?" * len(ids))}) AND {within} AND {metric} IS NOT NULL
        ORDER BY roi, hemisphere, layer, fold
        """,
        [*ids, *values],
    )  # fmt: skip
    # In the order of the runs.
    runs = runs[["run_id", "subject", "split", "design"]]
    return runs.merge(selection.of_layers(scores), on="run_id")


def baseline_units(
    store: ResultStore, runs: pd.DataFrame, selection: Selection, metric: str = "r"
) -> pd.DataFrame:
    """Read the scores of the baselines of some runs, fold by fold.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        As of :func:`layer_runs`.
    selection : Selection
        Its regions and hemisphere narrow the scores.
    metric : {"r", "r_normalized"}

    Returns
    -------
    pandas.DataFrame
        One row per split, subject, baseline, roi, hemisphere and fold: split, subject, baseline,
        roi, hemisphere, unit, score, the mean over runs: nuisance baselines know nothing of the
        model, and are the same in all of them.
    """
    within, values = selection.within_runs()
    ids = list(runs["run_id"])
    return store.query(
        f"""
        SELECT split, subject, baseline, roi, hemisphere,
               coalesce(held_out, fold::VARCHAR) AS unit, avg({metric}) AS score
        FROM baseline_scores JOIN runs USING (run_id)
        WHERE run_id IN ({", ".join("?" * len(ids))}) AND {within} AND {metric} IS NOT NULL
        GROUP BY ALL ORDER BY ALL
        """,
        [*ids, *values],
    )  # fmt: skip
