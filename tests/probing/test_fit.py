import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

from backend.probing.erasure import fit_leace, fit_random
from backend.probing.fit import Design, predict_labels
from backend.probing.ridge import predict_path
from backend.probing.scores import score
from tests.probing.items import planted


def _score(states: np.ndarray, design: Design) -> float:
    designs = [design] * 2
    return score(predict_labels(states, designs), designs).score


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
    leace = fit_leace(states, design.labels)
    assert leace.rank == n_labels - 1
    removed = leace.erase(states)
    indicators = design.labels[:, None] == np.arange(n_labels)
    covariance = (removed - removed.mean(0)).T @ (indicators - indicators.mean(0))
    assert np.abs(covariance).max() / len(states) < 1e-5
    assert _score(removed, design) < 1 / n_labels + 0.03
    random = fit_random(states, leace.rank, seed=1)
    assert random.rank == leace.rank
    assert _score(random.erase(states), design) > found - 0.1


def test_leace_changes_no_more_than_it_must() -> None:
    states, design = planted(1200, 20, 3.0)
    removed = fit_leace(states, design.labels).erase(states)
    # A single direction of 20: the others stay as they were.
    assert np.linalg.matrix_rank(states - removed, tol=1e-2) == 1


def test_leace_on_more_dimensions_than_items() -> None:
    states, design = planted(60, 200, 3.0)
    removed = fit_leace(states, design.labels).erase(states)
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
