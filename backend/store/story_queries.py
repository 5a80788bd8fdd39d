"""Questions about runs on stories: regions, subjects, stories, and single targets."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.errors import StoreError
from backend.statistics import t_half_width
from backend.store.queries import METRICS
from backend.store.reader import ResultStore
from backend.store.selection import Selection

By = Literal["region", "subject", "story"]
_KEYS: dict[By, tuple[str, ...]] = {
    "region": ("roi", "hemisphere"),
    "subject": ("subject",),
    "story": ("held_out",),
}
_MAPS = ("r", "ceiling", "p", "q", "unique_r2")


def region_summary(store: ResultStore, run_id: str) -> pd.DataFrame:
    """Summarise a run region by region, each at its best layer.

    Parameters
    ----------
    store : ResultStore
    run_id : str

    Returns
    -------
    pandas.DataFrame
        One row per roi and hemisphere: n_targets, n_normalized, layer (the highest mean r on these
        same folds, which favours the model a little), r, sd, r_normalized, ceiling, baseline_r,
        unique_r2 with low and high (95% t interval over folds), beats: the interval lies above 0.
    """
    frame = store.query(
        """
        WITH means AS (
            SELECT roi, hemisphere, layer, any_value(n_targets) AS n_targets,
                   any_value(n_normalized) AS n_normalized, avg(r) AS r, stddev_samp(r) AS sd,
                   avg(r_normalized) AS r_normalized, avg(ceiling) AS ceiling,
                   avg(baseline_r) AS baseline_r, avg(unique_r2) AS unique_r2,
                   stddev_samp(unique_r2) AS unique_sd, count(unique_r2) AS n
            FROM roi_scores WHERE run_id = ? GROUP BY roi, hemisphere, layer
        )
        SELECT * FROM means
        QUALIFY row_number() OVER (PARTITION BY roi, hemisphere ORDER BY r DESC, layer) = 1
        ORDER BY roi, hemisphere
        """,
        [run_id],
    )
    half = _half_widths(frame["unique_sd"], frame["n"])
    frame["low"] = frame["unique_r2"] - half
    frame["high"] = frame["unique_r2"] + half
    return frame.drop(columns=["unique_sd", "n"]).assign(beats=frame["low"] > 0)


def layer_breakdown(
    store: ResultStore, selection: Selection, split: str, metric: str, by: By
) -> pd.DataFrame:
    """Take one model's layer curve apart by region, subject or story.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        Its first model and compression are taken, of several runs the latest for each subject.
        ``by`` itself does not filter: by region every region is there, by subject every subject.
    split : str
    metric : {"r", "r_normalized", "unique_r2"}
    by : {"region", "subject", "story"}

    Returns
    -------
    pandas.DataFrame
        Keys of ``by`` (roi and hemisphere, subject, or held_out), layer, n_layers (the deepest in
        the run), mean, low and high (95% t interval over folds; NaN for a story, which is one
        fold), dataset, subject, model, compression, split, evidence, source, n_samples, n_folds,
        context_length, run_id, roi, hemisphere.
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; accepted are {', '.join(METRICS)}")
    free: dict[str, object] = {"rois": (), "hemisphere": None} if by == "region" else {}
    if by == "subject":
        free = {"subjects": ()}
    where, parameters = selection.model_copy(update={**free, "split": split}).where(scores=True)
    keys = ", ".join(dict.fromkeys((*_KEYS[by], "subject", "roi", "hemisphere")))
    frame = store.query(
        f"""
        WITH latest AS (
            SELECT DISTINCT runs.* FROM runs JOIN roi_scores AS scores USING (run_id)
            WHERE {where}
            QUALIFY dense_rank() OVER (
                PARTITION BY subject ORDER BY model, compression <> 'none', compression,
                created_at DESC, run_id
            ) = 1
        ), means AS (
            SELECT {keys}, layer, avg(scores.{metric}) AS mean,
                   stddev_samp(scores.{metric}) AS sd, count(scores.{metric}) AS n, dataset, model,
                   compression, split, evidence, source, n_samples, n_folds, context_length, run_id
            FROM latest JOIN roi_scores AS scores USING (run_id)
            WHERE {where} AND scores.{metric} IS NOT NULL GROUP BY ALL
        )
        SELECT *, max(layer) OVER (PARTITION BY run_id) AS n_layers FROM means
        ORDER BY {keys}, layer
        """,
        [*parameters, *parameters],
    )
    frame = selection.of_layers(frame).reset_index(drop=True)
    half = _half_widths(frame["sd"], frame["n"])
    frame["low"], frame["high"] = frame["mean"] - half, frame["mean"] + half
    return frame.drop(columns=["sd", "n"])


def latest_story_run(store: ResultStore, compression: str) -> pd.Series | None:
    """Find the latest run on stories, with this compression where there is one.

    Parameters
    ----------
    store : ResultStore
    compression : str

    Returns
    -------
    pandas.Series or None
        Columns of ``runs``, and n_targets and n_layers; None where there is no run on stories.
    """
    rows = store.query(
        """
        SELECT runs.*, spaces.n_targets,
               (SELECT count(DISTINCT layer) FROM roi_scores AS s WHERE s.run_id = runs.run_id)
               AS n_layers
        FROM runs JOIN spaces USING (run_id) WHERE context_length IS NOT NULL
        ORDER BY compression <> ?, created_at DESC, run_id LIMIT 1
        """,
        [compression],
    )
    return None if rows.empty else rows.iloc[0]


def target_map(store: ResultStore, run_id: str, layer: int, what: str) -> NDArray[np.float32]:
    """Values of single targets in one layer of a run.

    Parameters
    ----------
    store : ResultStore
    run_id : str
    layer : int
    what : {"r", "ceiling", "p", "q", "unique_r2"}

    Returns
    -------
    ndarray of float32, shape (n_targets,)
        NaN where a value is not known.

    Raises
    ------
    StoreError
        If the run has no such map.
    """
    if what not in _MAPS:
        raise ValueError(f"unknown map {what!r}; accepted are {', '.join(_MAPS)}")
    rows = store.query(
        f"SELECT {what} AS value FROM target_scores WHERE run_id = ? AND layer = ?", [run_id, layer]
    )
    if rows.empty or rows["value"].iloc[0] is None:
        raise StoreError(f"the run {run_id} holds no map of {what} for layer {layer}.")
    return np.asarray(rows["value"].iloc[0], dtype=np.float32)


def space_of(store: ResultStore, run_id: str) -> pd.Series:
    """Where a run's targets are: space, kind, n_targets, mask, affine, transform.

    Parameters
    ----------
    store : ResultStore
    run_id : str

    Returns
    -------
    pandas.Series
        A row of ``spaces``.

    Raises
    ------
    StoreError
        If the run is not in the store.
    """
    rows = store.query("SELECT * EXCLUDE target_rois FROM spaces WHERE run_id = ?", [run_id])
    if rows.empty:
        raise StoreError(f"the store says nothing of the space of the run {run_id}.")
    return rows.iloc[0]


def _half_widths(deviations: pd.Series, counts: pd.Series) -> list[float]:
    return [t_half_width(sd, int(n)) for sd, n in zip(deviations, counts, strict=True)]
