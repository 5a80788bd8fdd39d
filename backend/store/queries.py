"""Questions that pages and commands ask of the store, each answered by one tidy data frame."""

import pandas as pd

from backend.statistics import mean_interval, t_half_width
from backend.store.reader import ResultStore
from backend.store.selection import Selection

METRICS = ("r", "r_normalized", "unique_r2")


def runs(store: ResultStore, selection: Selection = Selection()) -> pd.DataFrame:  # noqa: B008
    """List runs, newest first, each with its best layer.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        ``roi`` narrows the best layer to one target.

    Returns
    -------
    pandas.DataFrame
        Columns of ``runs``, and ``best_layer``, ``best_r``, ``roi``: the layer with the highest
        mean r over folds, and the target on which it has it.
    """
    where, parameters = selection.where()
    roi = "AND roi = ?" if selection.roi else ""
    return store.query(
        f"""
        WITH means AS (
            SELECT run_id, layer, roi, avg(r) AS r FROM roi_scores WHERE true {roi}
            GROUP BY run_id, layer, roi
        ), best AS (
            SELECT run_id, arg_max(layer, r) AS best_layer, max(r) AS best_r,
                   arg_max(roi, r) AS roi
            FROM means GROUP BY run_id
        )
        SELECT runs.*, best.best_layer, best.best_r, best.roi
        FROM runs JOIN best USING (run_id) WHERE {where} ORDER BY created_at DESC, run_id
        """,
        [*([selection.roi] if selection.roi else []), *parameters],
    )


def layer_curves(store: ResultStore, selection: Selection, metric: str = "r") -> pd.DataFrame:
    """Mean of a metric over folds, by layer, with a 95% t interval.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    metric : {"r", "r_normalized", "unique_r2"}

    Returns
    -------
    pandas.DataFrame
        One row per run, roi and layer: run_id, dataset, model, compression, split, evidence,
        source, n_samples, n_folds, n_parameters, bits_per_weight, roi, layer, metric, mean, sd,
        low, high, ceiling. Rows without the metric (no known ceiling) are left out.
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; accepted are {', '.join(METRICS)}")
    where, parameters = selection.where()
    roi = "AND roi = ?" if selection.roi else ""
    frame = store.query(
        f"""
        SELECT run_id, dataset, model, compression, split, evidence, source, n_samples, n_folds,
               n_parameters, bits_per_weight, roi, layer, '{metric}' AS metric,
               avg(scores.{metric}) AS mean, stddev_samp(scores.{metric}) AS sd,
               count(scores.{metric}) AS n, any_value(scores.ceiling) AS ceiling
        FROM runs JOIN roi_scores AS scores USING (run_id)
        WHERE {where} {roi} AND scores.{metric} IS NOT NULL
        GROUP BY ALL ORDER BY model, compression, split, run_id, roi, layer
        """,
        [*parameters, *([selection.roi] if selection.roi else [])],
    )
    return _with_interval(frame)


def baseline_scores(store: ResultStore, selection: Selection) -> pd.DataFrame:
    """Mean r of each baseline over folds, with a 95% t interval.

    Parameters
    ----------
    store : ResultStore
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        One row per run, roi and baseline: run_id, dataset, model, compression, split, evidence,
        source, n_samples, n_folds, roi, baseline, mean, mean_normalized, sd, low, high.
    """
    where, parameters = selection.where()
    roi = "AND roi = ?" if selection.roi else ""
    frame = store.query(
        f"""
        SELECT run_id, dataset, model, compression, split, evidence, source, n_samples, n_folds,
               roi, baseline, avg(scores.r) AS mean, avg(scores.r_normalized) AS mean_normalized,
               stddev_samp(scores.r) AS sd, count(*) AS n
        FROM runs JOIN baseline_scores AS scores USING (run_id)
        WHERE {where} {roi}
        GROUP BY ALL ORDER BY model, compression, split, run_id, roi, baseline
        """,
        [*parameters, *([selection.roi] if selection.roi else [])],
    )
    return _with_interval(frame)


def gains_over_baselines(store: ResultStore, selection: Selection) -> pd.DataFrame:
    """What the best layer adds to the strongest baseline, paired over folds.

    Parameters
    ----------
    store : ResultStore
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        One row per run and roi: run_id, model, compression, split, roi, layer, r, strongest
        (baseline's name), strongest_r, gain, low, high, beats (True when the interval of the
        paired gain lies above 0). The layer is the best on these same folds, which favours the
        model a little.
    """
    where, parameters = selection.where()
    roi = "AND roi = ?" if selection.roi else ""
    frame = store.query(
        f"""
        WITH chosen AS (SELECT * FROM runs WHERE {where}),
        layers AS (
            SELECT run_id, roi, layer, avg(r) AS r FROM roi_scores SEMI JOIN chosen USING (run_id)
            WHERE true {roi} GROUP BY ALL
        ), best AS (
            SELECT run_id, roi, arg_max(layer, r) AS layer, max(r) AS r FROM layers GROUP BY ALL
        ), floors AS (
            SELECT run_id, roi, baseline, avg(r) AS r FROM baseline_scores
            SEMI JOIN chosen USING (run_id) GROUP BY ALL
        ), floor AS (
            SELECT run_id, roi, arg_max(baseline, r) AS strongest, max(r) AS strongest_r
            FROM floors GROUP BY ALL
        )
        SELECT chosen.run_id, chosen.model, chosen.compression, chosen.split, best.roi, best.layer,
               best.r, floor.strongest, floor.strongest_r,
               list(s.r - b.r ORDER BY s.fold) AS differences
        FROM chosen JOIN best USING (run_id)
        JOIN floor ON floor.run_id = best.run_id AND floor.roi = best.roi
        JOIN roi_scores AS s
            ON s.run_id = best.run_id AND s.roi = best.roi AND s.layer = best.layer
        JOIN baseline_scores AS b
            ON b.run_id = best.run_id AND b.roi = best.roi AND b.baseline = floor.strongest
            AND b.fold = s.fold
        GROUP BY ALL ORDER BY chosen.model, chosen.compression, chosen.split, best.roi
        """,
        [*parameters, *([selection.roi] if selection.roi else [])],
    )
    intervals = [mean_interval(values) for values in frame.pop("differences")]
    frame["gain"] = [interval.mean for interval in intervals]
    frame["low"] = [interval.low for interval in intervals]
    frame["high"] = [interval.high for interval in intervals]
    frame["beats"] = frame["low"] > 0
    return frame


def published(store: ResultStore, metric: str | None = None) -> pd.DataFrame:
    """Published figures, each with its citation key and whether it was reviewed.

    Parameters
    ----------
    store : ResultStore
    metric : str, optional

    Returns
    -------
    pandas.DataFrame
        See ``PUBLISHED`` in :mod:`backend.store.schema`.
    """
    condition, parameters = ("WHERE metric = ?", [metric]) if metric else ("", [])
    return store.query(f"SELECT * FROM published {condition} ORDER BY ALL", parameters)


def _with_interval(frame: pd.DataFrame) -> pd.DataFrame:
    half = [t_half_width(sd, int(n)) for sd, n in zip(frame["sd"], frame["n"], strict=True)]
    frame["low"] = frame["mean"] - half
    frame["high"] = frame["mean"] + half
    return frame.drop(columns="n")
