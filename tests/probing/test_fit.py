import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

from backend.probing.erasure import Eraser, StateSums, fit_erasers, indicators
from backend.probing.fit import Design, predict_labels
from backend.probing.ridge import predict_path
from backend.probing.scores import score
from tests.probing.items import planted


def _score(states: np.ndarray, design: Design) -> float:
    designs = [design] * 2
    return score(predict_labels(states, designs), designs).score


def fit_leace(states: np.ndarray, design: Design) -> Eraser:
    return fit_erasers(states, indicators(design.labels, design.n_labels)).leace


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0, 4.0])
def test_a_planted_property_is_found_at_its_strength(strength: float) -> None:
    # Two normal distributions, `strength` standard deviations apart, are told apart this well.
    best = float(ndtr(strength / 2))
    states, design = planted(2000, 12, strength)
    assert _score(states, design) == pytest.approx(best, abs=0.03)


@pytest.mark.parametrize("n_labels", [2, 3])
def test_leace_removes_it_to_chance_and_random_directions_do_not(n_labels: int) -> None:
    states, design = planted(1200, 20, 3.0, n_labels=n_labels)
    found = _score(states, design)
    targets = indicators(design.labels, n_labels)
    erasers = fit_erasers(states, targets, n_random=5)
    leace = erasers.leace
    assert leace.rank == n_labels - 1
    removed = leace.erase(states)
    covariance = (removed - removed.mean(0)).T @ targets
    assert np.abs(covariance).max() / len(states) < 1e-5
    assert _score(removed, design) < 1 / n_labels + 0.03
    assert {each.rank for each in erasers.random} == {leace.rank}
    left = [_score(each.erase(states), design) for each in erasers.random]
    assert np.mean(left) > found - 0.1


def test_leace_changes_no_more_than_it_must() -> None:
    states, design = planted(1200, 20, 3.0)
    removed = fit_leace(states, design).erase(states)
    # A single direction of 20: the others stay as they were.
    assert np.linalg.matrix_rank(states - removed, tol=1e-2) == 1


def test_leace_on_more_dimensions_than_items() -> None:
    states, design = planted(60, 200, 3.0)
    removed = fit_leace(states, design).erase(states)
    means = [removed[design.labels == label].mean(axis=0) for label in (0, 1)]
    assert np.allclose(*means, atol=1e-4)


@pytest.mark.parametrize(("n_items", "n_dims"), [(60, 10), (40, 90)])
def test_ridge_is_scikit_learns(n_items: int, n_dims: int) -> None:
    import torch

    states, design = planted(n_items, n_dims, 1.0, n_labels=3)
    held_out = np.random.default_rng(1).normal(size=(30, n_dims)).astype(np.float32)
    scaler = StandardScaler().fit(states)
    for penalty in (1.0, 100.0):
        oracle = RidgeClassifier(alpha=penalty).fit(scaler.transform(states), design.labels)
        (predicted,) = predict_path(
            torch.as_tensor(states),
            torch.as_tensor(design.labels),
            torch.as_tensor(held_out),
            3,
            (penalty,),
        )
        assert np.array_equal(predicted.numpy(), oracle.predict(scaler.transform(held_out)))


def test_a_rare_label_weighs_as_much_as_a_common_one() -> None:
    states, design = planted(1000, 8, 2.0)
    kept = (design.labels == 0) | (np.arange(1000) % 20 == 1)
    folds, each = np.arange(kept.sum()) % 4, np.arange(kept.sum())
    rare = Design(design.labels[kept], folds, each, each, 2)
    predicted = predict_labels(states[kept], [rare])[0]
    recalls = [np.mean(predicted[rare.labels == label] == label) for label in (0, 1)]
    assert min(recalls) > 0.7


def test_a_constant_feature_is_left_alone() -> None:
    states, design = planted(200, 6, 4.0)
    states[:, 3] = 7.0
    assert _score(states, design) > 0.9


def test_the_same_seeds_give_the_same_predictions() -> None:
    states, design = planted(200, 6, 1.0)
    first, again = (predict_labels(states, [design] * 3) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


def test_sums_of_parts_are_the_sums_of_the_whole() -> None:
    states, _ = planted(200, 6, 1.0)
    parts = StateSums.of(states[:80]) + StateSums.of(states[80:])
    whole = StateSums.of(states)
    assert parts.n == whole.n
    assert np.allclose(parts.total, whole.total)
    assert np.allclose(parts.products, whole.products)
