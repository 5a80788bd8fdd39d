"""What a compressed model takes, and which compressions nothing else beats at their price."""

import json
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from backend.comparisons.compression_methods import FULL, in_order, method
from backend.comparisons.scores import Units, by_unit

Cost = Literal["bits_per_weight", "bytes_in_memory", "bytes_on_disk", "perplexity"]
COSTS: tuple[Cost, ...] = ("bits_per_weight", "bytes_in_memory", "bytes_on_disk", "perplexity")
_MEASURED = [
    "bytes_on_disk", "bytes_in_memory", "perplexity", "tokens_per_second", "seconds_to_compress",
    "device", "corpus",
]  # fmt: skip


def corpora(quality: pd.DataFrame, model: str) -> list[str]:
    """List the texts on which a model was measured, those with most compressions first.

    Parameters
    ----------
    quality : pandas.DataFrame
        As of :func:`backend.store.queries.model_quality`.
    model : str

    Returns
    -------
    list of str
    """
    counts = quality[quality["model"] == model].groupby("corpus")["compression"].nunique()
    return sorted(counts.index, key=lambda name: (-counts[name], name))


def measured_costs(
    frame: pd.DataFrame, quality: pd.DataFrame, model: str, corpus: str | None
) -> pd.DataFrame:
    """Put what was measured of a model's compressions beside what its runs say of them.

    Parameters
    ----------
    frame : pandas.DataFrame
        As of :func:`backend.comparisons.scores.comparable_scores`.
    quality : pandas.DataFrame
        As of :func:`backend.store.queries.model_quality`.
    model : str
    corpus : str or None
        The text of which perplexity is told: values on two texts are not comparable.

    Returns
    -------
    pandas.DataFrame
        One row per compression of the model in ``frame``: compression, group, bits_per_weight,
        sparsity, and of the measurement bytes_on_disk, bytes_in_memory, perplexity,
        tokens_per_second, seconds_to_compress, device and corpus, which are missing where nothing
        was measured on the same weights and with the same calibration text.
    """
    runs = frame[frame["model"] == model].drop_duplicates("compression")
    known = quality[(quality["model"] == model) & (quality["corpus"] == corpus)]
    rows = []
    for run in runs.itertuples():
        fitting = known[
            (known["compression"] == run.compression)
            & _same_or_unknown(known["model_fingerprint"], _text(run.weights))
            & _same_or_unknown(known["calibration_sha256"], _calibration_hash(run.calibration))
        ]
        measured = fitting[_MEASURED].iloc[-1].to_dict() if len(fitting) else {}
        rows.append(
            {
                "compression": run.compression,
                "group": method(str(run.compression)).group,
                "bits_per_weight": run.bits_per_weight,
                "sparsity": run.sparsity,
                **measured,
            }
        )
    columns = ["compression", "group", "bits_per_weight", "sparsity", *_MEASURED]
    costs = pd.DataFrame(rows, columns=columns).set_index("compression")
    return costs.loc[in_order(costs.index)].reset_index()


def _same_or_unknown(column: pd.Series, value: str | None) -> pd.Series:
    return column.isna() | (column == value) | (value is None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _calibration_hash(calibration: object) -> str | None:
    """Hash of a run's calibration text, from the request as JSON."""
    stated = json.loads(calibration) if isinstance(calibration, str) else None
    return stated.get("sha256") if isinstance(stated, dict) else None


def known_costs(costs: pd.DataFrame) -> list[Cost]:
    """List the costs that are known of at least two compressions, full precision among them."""
    full = costs["compression"] == FULL
    return [
        cost
        for cost in COSTS
        if costs[cost].notna().sum() > 1 and costs.loc[full, cost].notna().any()
    ]


def trade_off(
    full: pd.DataFrame, judged: pd.DataFrame, costs: pd.DataFrame, cost: Cost, units: Units
) -> pd.DataFrame:
    """Set predictivity against a cost.

    Parameters
    ----------
    full : pandas.DataFrame
        Scores of one model at full precision, in one response, at one layer of each fold; see
        :func:`backend.comparisons.scores.at_layer`.
    judged : pandas.DataFrame
        Its compressions; see :func:`backend.comparisons.compression.verdicts`.
    costs : pandas.DataFrame
        See :func:`measured_costs`.
    cost : {"bits_per_weight", "bytes_in_memory", "bytes_on_disk", "perplexity"}
    units : {"folds", "subjects"}

    Returns
    -------
    pandas.DataFrame
        One row per method of known cost: compression, group, cost, score, low, high, verdict,
        on_front. A score is full precision's mean and the mean paired difference from it, so that
        a method which lacks a unit is not judged by which one; low and high are those of the
        difference, and missing at full precision.
    """
    base = float(by_unit(full, "score", units)["score"].mean())
    points = judged[["compression", "group", "mean", "low", "high", "verdict"]].copy()
    for column in ("mean", "low", "high"):
        points[column] += base
    first = {"compression": FULL, "group": method(FULL).group, "mean": base, "verdict": FULL}
    points = pd.concat([pd.DataFrame([first]), points], ignore_index=True)
    points["cost"] = points["compression"].map(costs.set_index("compression")[cost]).astype(float)
    points = points.dropna(subset="cost").rename(columns={"mean": "score"})
    return points.assign(on_front=pareto_front(points["cost"], points["score"]))


def pareto_front(cost: ArrayLike, score: ArrayLike) -> NDArray[np.bool_]:
    """Find the points that no other beats: none costs as little and scores as high.

    Parameters
    ----------
    cost, score : array-like of shape (n_points,)
        The lower the cost and the higher the score, the better.

    Returns
    -------
    ndarray of bool, shape (n_points,)
        Points that are equal in both do not beat each other.
    """
    x, y = np.asarray(cost, dtype=np.float64), np.asarray(score, dtype=np.float64)
    as_good = (x[None] <= x[:, None]) & (y[None] >= y[:, None])
    better = (x[None] < x[:, None]) | (y[None] > y[:, None])
    beaten: NDArray[np.bool_] = np.any(as_good & better, axis=1)
    return ~beaten
