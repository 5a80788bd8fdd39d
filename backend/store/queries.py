"""Questions that pages and commands ask of the store, each answered by one tidy data frame."""

from collections.abc import Sequence

import pandas as pd

from backend.statistics import t_half_widths
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.store.summaries import METRICS as METRICS

# What else may differ between a compressed run and the one that it is paired with: targets that
# were left out, and p-values, leave the scores of regions as they are.
_BESIDES = '{"compression": null, "calibration": null, "targets": null, "permutations": null}'


def runs(store: ResultStore, selection: Selection = Selection()) -> pd.DataFrame:  # noqa: B008
    """List runs, newest first, each with its best layer.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        ``rois``, ``hemisphere`` and a range of layers narrow where the best layer is looked for.

    Returns
    -------
    pandas.DataFrame
        Columns of ``runs``, and ``best_layer``, ``best_r``, ``roi``: the layer with the highest
        mean r over folds, and the target on which it has it.
    """
    where, parameters = selection.where()
    within, values = selection.within_runs()
    layers, bounds = selection.within_layers()
    return store.query(
        f"""
        WITH means AS (
            SELECT run_id, layer, roi, r, max(layer) OVER (PARTITION BY run_id) AS n_layers
            FROM roi_means WHERE {within}
        ), best AS (
            SELECT run_id, arg_max(layer, r) AS best_layer, max(r) AS best_r,
                   arg_max(roi, r) AS roi
            FROM means WHERE {layers} GROUP BY run_id
        )
        SELECT runs.*, best.best_layer, best.best_r, best.roi
        FROM runs JOIN best USING (run_id) WHERE {where} ORDER BY created_at DESC, run_id
        """,
        [*values, *bounds, *parameters],
    )


def choices(store: ResultStore) -> pd.DataFrame:
    """List what can be selected.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    pandas.DataFrame
        One row per dataset, evidence, subject, model_family, model, compression, context_length,
        split, roi and hemisphere that has results, and n_runs, n_layers (the deepest layer) and
        has_ceiling: whether a noise ceiling is known. Measured data sets first.
    """
    return store.query(
        """
        SELECT dataset, evidence, subject, model_family, model, compression, context_length, split,
               roi, hemisphere, count(*) AS n_runs, max(n_layers) AS n_layers,
               bool_or(has_ceiling) AS has_ceiling
        FROM runs JOIN roi_best USING (run_id)
        GROUP BY ALL
        ORDER BY evidence, dataset, subject, roi, hemisphere, model, compression, split
        """
    )


def has_run(store: ResultStore, run_id: str) -> bool:
    """Whether a run is in the store.

    Parameters
    ----------
    store : ResultStore
    run_id : str

    Returns
    -------
    bool
    """
    return len(store.query("SELECT 1 FROM runs WHERE run_id = ?", [run_id])) > 0


def run_sources(store: ResultStore, run_ids: Sequence[str]) -> pd.DataFrame:
    """Say on what data, by which folds and from whom the results of runs and removals are.

    Parameters
    ----------
    store : ResultStore
    run_ids : sequence of str

    Returns
    -------
    pandas.DataFrame
        One row per run: run_id, dataset, subject, split, evidence, source, n_samples, n_folds,
        context_length.
    """
    marks = ", ".join("?" * len(run_ids))
    return store.query(
        f"""
        SELECT run_id, dataset, subject, split, evidence, source, n_samples, n_folds,
               context_length
        FROM (FROM runs UNION ALL BY NAME FROM removal_runs)
        WHERE run_id IN ({marks or "NULL"}) ORDER BY dataset, run_id
        """,
        list(run_ids),
    )


def series(store: ResultStore, selection: Selection) -> pd.DataFrame:
    """List the curves that :func:`layer_curves` would have, without their layers.

    Parameters
    ----------
    store : ResultStore
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        One row per run, roi and hemisphere: run_id, subject, model, compression, split,
        n_parameters, roi, hemisphere; in the same order.
    """
    where, parameters = selection.where()
    within, values = selection.within_runs()
    layers, bounds = selection.within_layers()
    return store.query(
        f"""
        WITH chosen AS (SELECT * FROM runs WHERE {where}),
        means AS (
            SELECT run_id, roi, hemisphere, layer, max(layer) OVER (PARTITION BY run_id) AS n_layers
            FROM roi_means SEMI JOIN chosen USING (run_id) WHERE {within} AND r_n > 0
        ), found AS (SELECT DISTINCT run_id, roi, hemisphere FROM means WHERE {layers})
        SELECT run_id, subject, model, compression, split, n_parameters, roi, hemisphere
        FROM chosen JOIN found USING (run_id)
        ORDER BY model, compression <> 'none', compression, split, run_id, roi, hemisphere
        """,
        [*parameters, *values, *bounds],
    )


def layer_curves(
    store: ResultStore,
    selection: Selection,
    metric: str = "r",
    run_ids: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Mean of a metric over folds, by layer, with a 95% t interval.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    metric : {"r", "r_normalized", "unique_r2"}
    run_ids : sequence of str, optional
        Of these runs only.

    Returns
    -------
    pandas.DataFrame
        One row per run, roi, hemisphere and layer: run_id, dataset, subject, model, compression,
        split, evidence, source, n_samples, context_length, n_folds, n_parameters,
        bits_per_weight, roi, hemisphere, layer, n_layers (the deepest in the run), metric, mean,
        sd, low, high, ceiling. Rows without the metric (no known ceiling) are left out.
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; accepted are {', '.join(METRICS)}")
    where, parameters = _among(run_ids, *selection.where(scores=True))
    frame = store.query(
        f"""
        SELECT run_id, dataset, subject, model, compression, split, evidence, source, n_samples,
               context_length, n_folds, n_parameters, bits_per_weight, roi, hemisphere, layer,
               '{metric}' AS metric, means.{metric} AS mean, {metric}_sd AS sd, {metric}_n AS n,
               {metric}_ceiling AS ceiling, max(layer) OVER (PARTITION BY run_id) AS n_layers
        FROM runs JOIN roi_means AS means USING (run_id)
        WHERE {where} AND {metric}_n > 0
        ORDER BY model, compression, split, run_id, roi, hemisphere, layer
        """,
        parameters,
    )
    return _with_interval(selection.of_layers(frame))


def baseline_scores(
    store: ResultStore, selection: Selection, run_ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """Mean r of each baseline over folds, with a 95% t interval.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    run_ids : sequence of str, optional
        Of these runs only.

    Returns
    -------
    pandas.DataFrame
        One row per run, roi, hemisphere and baseline: run_id, dataset, model, compression, split,
        evidence, source, n_samples, n_folds, roi, hemisphere, baseline, mean, mean_normalized, sd,
        low, high.
    """
    where, parameters = _among(run_ids, *selection.where(scores=True))
    frame = store.query(
        f"""
        SELECT run_id, dataset, model, compression, split, evidence, source, n_samples, n_folds,
               roi, hemisphere, baseline, avg(scores.r) AS mean,
               avg(scores.r_normalized) AS mean_normalized, stddev_samp(scores.r) AS sd,
               count(*) AS n
        FROM runs JOIN baseline_scores AS scores USING (run_id)
        WHERE {where}
        GROUP BY ALL ORDER BY model, compression, split, run_id, roi, hemisphere, baseline
        """,
        parameters,
    )
    return _with_interval(frame)


def gains_over_baselines(store: ResultStore, selection: Selection) -> pd.DataFrame:
    """Compare the best layer with the nuisance baselines, and name the strongest baseline.

    Parameters
    ----------
    store : ResultStore
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        One row per run, roi and hemisphere: run_id, model, compression, split, roi, hemisphere,
        layer (with the highest mean r on these same folds, which favours the model a little), r,
        strongest (the baseline with the highest mean r), strongest_r, unique_r2 (mean over folds)
        with low and high (95% t interval), and beats: the interval lies above 0.
    """
    where, parameters = selection.where()
    within, values = selection.within_runs()
    layers, bounds = selection.within_layers()
    frame = store.query(
        f"""
        WITH chosen AS (SELECT * FROM runs WHERE {where}),
        layers AS (
            SELECT run_id, roi, hemisphere, layer, r, unique_r2, unique_r2_sd AS sd,
                   unique_r2_n AS n, max(layer) OVER (PARTITION BY run_id) AS n_layers
            FROM roi_means SEMI JOIN chosen USING (run_id) WHERE {within}
        ), best AS (
            SELECT * FROM layers WHERE {layers}
            QUALIFY row_number() OVER (PARTITION BY run_id, roi, hemisphere ORDER BY r DESC) = 1
        ), floors AS (
            SELECT run_id, roi, hemisphere, baseline, avg(r) AS r FROM baseline_scores
            SEMI JOIN chosen USING (run_id) GROUP BY ALL
        ), floor AS (
            SELECT run_id, roi, hemisphere, arg_max(baseline, r) AS strongest,
                   max(r) AS strongest_r
            FROM floors GROUP BY ALL
        )
        SELECT chosen.run_id, chosen.model, chosen.compression, chosen.split, roi, hemisphere,
               best.layer, best.r, floor.strongest, floor.strongest_r, best.unique_r2 AS mean,
               best.sd, best.n
        FROM chosen JOIN best USING (run_id) JOIN floor USING (run_id, roi, hemisphere)
        ORDER BY chosen.model, chosen.compression, chosen.split, chosen.run_id, roi, hemisphere
        """,
        [*parameters, *values, *bounds],
    )
    frame = _with_interval(frame).rename(columns={"mean": "unique_r2"})
    return frame.assign(beats=frame["low"] > 0)


def compression_changes(store: ResultStore, selection: Selection, split: str) -> pd.DataFrame:
    """Pair each compressed run with its model at full precision, fold by fold.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set, a subject and a response: a roi, and where there are two, a hemisphere.
    split : str

    Returns
    -------
    pandas.DataFrame
        One row per model and compression other than none: model, compression, layer (the best at
        full precision) and differences, the list of differences in r over folds. Only runs whose
        requests differ in nothing but the compression are paired; of several, the latest.
    """
    where, parameters = selection.model_copy(update={"split": split}).where()
    within, values = selection.within_runs()
    layers, bounds = selection.within_layers()
    return store.query(
        f"""
        WITH chosen AS (
            SELECT run_id, created_at, model, compression,
                   -- The request but for the compression: the same weights, data and folds.
                   json_merge_patch(config, '{_BESIDES}')::VARCHAR AS request
            FROM runs WHERE {where}
            QUALIFY row_number() OVER (
                PARTITION BY model, compression, request ORDER BY created_at DESC
            ) = 1
        ), scores AS (
            SELECT chosen.*, layer, fold, r FROM chosen JOIN roi_scores USING (run_id)
            WHERE {within}
        ), means AS (
            SELECT run_id, layer, avg(r) AS r, max(layer) OVER (PARTITION BY run_id) AS n_layers
            FROM scores WHERE compression = 'none' GROUP BY run_id, layer
        ), best AS (
            SELECT run_id, arg_max(layer, r) AS best_layer FROM means WHERE {layers}
            GROUP BY run_id
        ), pairs AS (
            SELECT c.model, c.compression, best_layer AS layer, c.created_at AS created,
                   f.created_at AS full_created, c.run_id AS run, f.run_id AS full_run,
                   list(c.r - f.r ORDER BY c.fold) AS differences
            FROM best JOIN scores AS f ON f.run_id = best.run_id AND f.layer = best_layer
            JOIN scores AS c USING (model, request, layer, fold)
            WHERE c.compression <> 'none' GROUP BY ALL
        )
        SELECT model, compression, layer, differences FROM pairs
        QUALIFY row_number() OVER (
            PARTITION BY model, compression ORDER BY created DESC, full_created DESC, run, full_run
        ) = 1
        ORDER BY model, compression
        """,
        [*parameters, *values, *bounds],
    )


def model_quality(store: ResultStore) -> pd.DataFrame:
    """List what was measured of models: perplexity, size, speed.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    pandas.DataFrame
        Columns of ``model_quality``; of measurements of one model, compression, calibration and
        text the latest.
    """
    return store.query(
        """
        SELECT * FROM model_quality
        QUALIFY row_number() OVER (
            PARTITION BY model, model_fingerprint, compression, calibration_sha256, corpus_sha256
            ORDER BY created_at DESC, quality_id
        ) = 1
        ORDER BY corpus, model, compression
        """
    )


def published(store: ResultStore, metric: str | None = None) -> pd.DataFrame:
    """List published figures, each with its citation key and whether it was reviewed.

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


def _among(
    run_ids: Sequence[str] | None, where: str, parameters: list[object]
) -> tuple[str, list[object]]:
    if run_ids is None:
        return where, parameters
    return f"{where} AND run_id IN (SELECT unnest(?::VARCHAR[]))", [*parameters, list(run_ids)]


def _with_interval(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the 95% t interval, and put each model's full precision before its compressions."""
    frame = frame.sort_values("compression", key=lambda names: names != "none", kind="stable")
    frame = frame.sort_values("model", kind="stable").reset_index(drop=True)
    half = t_half_widths(frame["sd"], frame["n"])
    frame["low"] = frame["mean"] - half
    frame["high"] = frame["mean"] + half
    return frame.drop(columns="n")
