"""Means over folds, which most questions are about: one definition, kept or computed."""

METRICS = ("r", "r_normalized", "unique_r2")

_KEYS = ("run_id", "layer", "roi", "hemisphere")
_OF_A_METRIC = (
    "avg({0}) AS {0}, stddev_samp({0}) AS {0}_sd, count({0}) AS {0}_n, "
    "avg(ceiling) FILTER ({0} IS NOT NULL) AS {0}_ceiling"
)


def roi_means(rows: str) -> str:
    """Write the query that averages ``roi_scores`` over folds.

    Parameters
    ----------
    rows : str
        SQL of a table, view or query in parentheses with the columns of ``roi_scores``.

    Returns
    -------
    str
        Its answer has run_id, layer, roi, hemisphere, n_targets, n_normalized, baseline_r, ceiling,
        and for each metric m: m (mean), m_sd, m_n (folds that have it) and m_ceiling (mean ceiling
        of those folds).
    """
    metrics = ", ".join(_OF_A_METRIC.format(metric) for metric in METRICS)
    return (
        f"SELECT {', '.join(_KEYS)}, any_value(n_targets) AS n_targets, "
        f"any_value(n_normalized) AS n_normalized, avg(baseline_r) AS baseline_r, "
        f"avg(ceiling) AS ceiling, {metrics} FROM {rows} GROUP BY {', '.join(_KEYS)}"
    )


def roi_best(means: str) -> str:
    """Write the query that finds each response's best layer.

    Parameters
    ----------
    means : str
        SQL with the columns of :func:`roi_means`.

    Returns
    -------
    str
        Its answer has run_id, roi, hemisphere, layer (with the highest mean r), r, n_layers (the
        deepest), and has_ceiling.
    """
    return (
        "SELECT run_id, roi, hemisphere, arg_max(layer, r) AS layer, max(r) AS r, "
        f"max(layer) AS n_layers, count(ceiling) > 0 AS has_ceiling FROM {means} "
        "GROUP BY run_id, roi, hemisphere"
    )


SUMMARIES = ("roi_means", "roi_best")
"""Their names as tables and views."""
