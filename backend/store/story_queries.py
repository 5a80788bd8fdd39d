"""Questions about runs on stories."""

import pandas as pd

from backend.statistics import t_half_widths
from backend.store.reader import ResultStore


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
