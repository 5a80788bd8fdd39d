"""Scores of one place in the cortex, a region or a single vertex, by layer and run."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from backend.statistics import t_half_width
from backend.store.reader import ResultStore

_RUN = (
    "run_id, dataset, subject, model, compression, split, evidence, source, n_samples, n_folds, "
    "n_parameters, context_length"
)


class Place(NamedTuple):
    """A region of one hemisphere, or a single target.

    Attributes
    ----------
    name : str
        On the screen.
    hemisphere : {"left", "right"}
    roi : str or None
        The region's short name; None for a target.
    targets : dict of int to int
        By the number of targets that a run has: the target's index among them. Empty for a region.
    """

    name: str
    hemisphere: str
    roi: str | None
    targets: dict[int, int]


def place_curves(store: ResultStore, runs: pd.DataFrame, place: Place) -> pd.DataFrame:
    """Predictivity of one place by layer.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        With run_id and n_targets, in the order of the answer.
    place : Place

    Returns
    -------
    pandas.DataFrame
        One row per run and layer: what captions take of ``runs``, place, hemisphere, layer, mean,
        low and high (95% t interval over folds; NaN for a single target, whose folds are not
        kept), ceiling. Runs that do not know the place are left out.
    """
    parts = [
        _of_region(store, run["run_id"], place)
        if place.roi is not None
        else _of_target(store, run["run_id"], place.targets.get(int(run["n_targets"])))
        for _, run in runs.iterrows()
    ]
    known = [part for part in parts if not part.empty]
    if not known:
        return pd.DataFrame()
    return pd.concat(known, ignore_index=True).assign(place=place.name, hemisphere=place.hemisphere)


def _of_region(store: ResultStore, run_id: str, place: Place) -> pd.DataFrame:
    frame = store.query(
        f"""
        SELECT {_RUN}, layer, avg(scores.r) AS mean, stddev_samp(scores.r) AS sd,
               count(scores.r) AS n, avg(scores.ceiling) AS ceiling
        FROM runs JOIN roi_scores AS scores USING (run_id)
        WHERE run_id = ? AND roi = ? AND hemisphere = ?
        GROUP BY ALL ORDER BY layer
        """,
        [run_id, place.roi, place.hemisphere],
    )
    half = [t_half_width(sd, int(n)) for sd, n in zip(frame["sd"], frame["n"], strict=True)]
    frame["low"], frame["high"] = frame["mean"] - half, frame["mean"] + half
    return frame.drop(columns=["sd", "n"])


def _of_target(store: ResultStore, run_id: str, target: int | None) -> pd.DataFrame:
    if target is None:
        return pd.DataFrame()
    frame = store.query(
        f"""
        SELECT {_RUN}, layer, scores.r[?] AS mean, scores.ceiling[?] AS ceiling
        FROM runs JOIN target_scores AS scores USING (run_id) WHERE run_id = ? ORDER BY layer
        """,
        # DuckDB counts from 1.
        [target + 1, target + 1, run_id],
    )
    return frame[frame["mean"].notna()].assign(low=np.nan, high=np.nan)
