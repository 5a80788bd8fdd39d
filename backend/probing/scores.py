"""What predictions are worth: balanced accuracy, over seeds, with intervals over clusters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.probing.fit import Design
from backend.statistics import bootstrap_interval

Values = NDArray[np.float64]
_RESAMPLES = 1000


@dataclass(frozen=True)
class Hits:
    """Which items were classified rightly.

    Attributes
    ----------
    clusters : ndarray of float64, shape (n_clusters,)
        What each cluster of items adds to the score; see :func:`cluster_scores`. The mean over
        seeds; clusters are in ascending order.
    score : float
    seed_sd : float
        Standard deviation over seeds; NaN of a single one.
    """

    clusters: Values
    score: float
    seed_sd: float


def score(predicted: NDArray[np.int64], designs: list[Design]) -> Hits:
    """Score predictions.

    Parameters
    ----------
    predicted : ndarray of int, shape (n_designs, n_items)
        As of :func:`backend.probing.fit.predict_labels`.
    designs : list of Design

    Returns
    -------
    Hits
        Chance is one over the number of labels, and the score of a probe that names the commonest.
    """
    by_seed = np.stack(
        [cluster_scores(row, design) for row, design in zip(predicted, designs, strict=True)]
    )
    scores = by_seed.mean(axis=1)
    spread = float(scores.std(ddof=1)) if len(scores) > 1 else float("nan")
    return Hits(by_seed.mean(axis=0), float(scores.mean()), spread)


def cluster_scores(predicted: NDArray[np.int64], design: Design) -> Values:
    """Share the balanced accuracy out among clusters of items.

    Parameters
    ----------
    predicted : ndarray of int, shape (n_items,)
    design : Design

    Returns
    -------
    ndarray of float64, shape (n_clusters,)
        Of the clusters that are held out. Their mean is the balanced accuracy, and the spread of
        that mean is the accuracy's: each holds the accuracy plus what its items' deviations from
        their labels' accuracies add, as a ratio is linearised, so that large clusters do not add
        by their size alone.
    """
    tested = design.tested
    labels = design.labels[tested]
    hits = (predicted[tested] == labels).astype(np.float64)
    counts = np.bincount(labels, minlength=design.n_labels)
    present = counts > 0
    recalls = np.bincount(labels, hits, minlength=design.n_labels) / np.maximum(counts, 1)
    clusters, of_item = np.unique(design.clusters[tested], return_inverse=True)
    deviations = (hits - recalls[labels]) / (present.sum() * counts[labels])
    added = np.zeros(len(clusters))
    np.add.at(added, of_item, deviations)
    return float(recalls[present].mean()) + len(clusters) * added


def interval(clusters: Values) -> tuple[Values, Values]:
    """Interval of the mean by resampling clusters.

    Parameters
    ----------
    clusters : ndarray of float64, shape (n_clusters, ...)
        Scores, or differences between two scores of the same clusters.

    Returns
    -------
    tuple of ndarray
        Bounds at 95%, of shape (...); NaN of fewer than three clusters.
    """
    if len(clusters) < 3:
        nothing = np.full(clusters.shape[1:], np.nan)
        return nothing, nothing
    found = bootstrap_interval(clusters, n_boot=_RESAMPLES)
    return found.low, found.high
