import numpy as np
import pytest

from backend.probing.fit import Design
from backend.probing.scores import cluster_scores, interval, score


def _design(labels: np.ndarray, clusters: np.ndarray) -> Design:
    each = np.arange(len(labels))
    return Design(labels, np.zeros(len(labels), dtype=int), each, clusters, int(labels.max()) + 1)


def test_clusters_average_to_the_balanced_accuracy() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(3, 300, p=[0.7, 0.2, 0.1])
    predicted = np.where(random.random(300) < 0.6, labels, random.integers(0, 3, 300))
    design = _design(labels, random.integers(0, 40, 300))
    expected = np.mean([(predicted[labels == k] == k).mean() for k in range(3)])
    assert cluster_scores(predicted, design).mean() == pytest.approx(expected)
    assert score(predicted[None], [design]).score == pytest.approx(expected)


def test_clusters_of_unequal_size_do_not_widen_a_certain_score() -> None:
    labels = np.arange(100) % 2
    clusters = np.minimum(np.arange(100) // 2, 9)
    low, high = interval(cluster_scores(labels, _design(labels, clusters)))
    assert low == high == 1.0


def test_intervals_cover_when_items_of_a_cluster_are_alike() -> None:
    covered = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        clusters = np.repeat(np.arange(40), 10)
        labels = np.tile([0, 1], 200)
        # Half of the clusters are always right, the others by chance: 0.75 in the long run.
        easy = (random.random(40) < 0.5)[clusters]
        right = easy | (random.random(400) < 0.5)
        predicted = np.where(right, labels, 1 - labels)
        low, high = interval(cluster_scores(predicted, _design(labels, clusters)))
        covered += low <= 0.75 <= high
    assert covered >= 88


def test_a_probe_that_names_the_commonest_label_is_at_chance() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    design = _design(labels, np.arange(100))
    assert score(np.zeros((1, 100), dtype=int), [design]).score == 0.5
