"""Questions about runs on stories: regions, subjects, stories, and single targets."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.errors import StoreError
from backend.statistics import t_half_widths
from backend.store.queries import METRICS
from backend.store.reader import ResultStore
from backend.store.selection import Selection

By = Literal["region", "subject", "story"]
_KEYS: dict[By, tuple[str, ...]] = {
    "region": ("roi", "hemisphere"),
    "subject": ("subject",),
    "story": ("held_out",),
}
# As roi_means, for each story by itself.
_MEANS_OF_STORIES = """(
    SELECT run_id, roi, hemisphere, layer, held_out, avg({0}) AS {0}, stddev_samp({0}) AS {0}_sd,
           count({0}) AS {0}_n
    FROM roi_scores SEMI JOIN latest USING (run_id) GROUP BY ALL
)"""
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
        SELECT roi, hemisphere, layer, n_targets, n_normalized, r, r_sd AS sd, r_normalized,
               ceiling, baseline_r, unique_r2, unique_r2_sd AS unique_sd, unique_r2_n AS n
        FROM roi_means WHERE run_id = ?
        QUALIFY row_number() OVER (PARTITION BY roi, hemisphere ORDER BY r DESC, layer) = 1
        ORDER BY roi, hemisphere
        """,
        [run_id],
    )
    half = t_half_widths(frame["unique_sd"], frame["n"])
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
    chosen = selection.model_copy(update={**free, "split": split})
    where, parameters = chosen.where()
    within, values = chosen.within_runs()
    keys = ", ".join(dict.fromkeys((*_KEYS[by], "subject", "roi", "hemisphere")))
    means = _MEANS_OF_STORIES.format(metric) if by == "story" else "roi_means"
    frame = store.query(
        f"""
        WITH latest AS (
            SELECT * FROM runs
            WHERE {where} AND run_id IN (SELECT run_id FROM roi_best WHERE {within})
            QUALIFY row_number() OVER (
                PARTITION BY subject ORDER BY model, compression <> 'none', compression,
                created_at DESC, run_id
            ) = 1
        )
        SELECT {keys}, layer, means.{metric} AS mean, {metric}_sd AS sd, {metric}_n AS n, dataset,
               model, compression, split, evidence, source, n_samples, n_folds, context_length,
               run_id, max(layer) OVER (PARTITION BY run_id) AS n_layers
        FROM latest JOIN {means} AS means USING (run_id)
        WHERE {within} AND {metric}_n > 0
        ORDER BY {keys}, layer
        """,
        [*parameters, *values, *values],
    )
    frame = selection.of_layers(frame).reset_index(drop=True)
    half = t_half_widths(frame["sd"], frame["n"])
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
        WITH latest AS (
            SELECT runs.*, spaces.n_targets
            FROM runs JOIN spaces USING (run_id) WHERE context_length IS NOT NULL
            ORDER BY compression <> ?, created_at DESC, run_id LIMIT 1
        )
        SELECT *, (SELECT count(DISTINCT layer) FROM roi_means AS means
                   WHERE means.run_id = latest.run_id) AS n_layers
        FROM latest
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
