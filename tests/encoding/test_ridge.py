import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from backend.encoding.folds import make_folds
from backend.encoding.ridge import ALPHAS, choose_alphas, fit_predict, ridge_path, standardise
from backend.encoding.scores import pearson_r
from tests.encoding import oracle


def simulated(n, n_dims, n_targets, seed=0):
    """Features of unequal scale, and targets of unequal signal."""
    random = np.random.default_rng(seed)
    features = random.normal(5, 1, (n, n_dims)) * random.uniform(0.1, 10, n_dims)
    weights = random.normal(size=(n_dims, n_targets)) / features.std(axis=0)[:, None]
    signal = features @ weights
    noise = random.normal(size=(n, n_targets)) * np.linspace(0.3, 4, n_targets)
    responses = signal / signal.std(axis=0) + noise
    return features.astype(np.float32), responses.astype(np.float32)


def held_out_r(features, responses, folds):
    return np.array(
        [pearson_r(fit_predict(features, responses, f), responses[f.test]) for f in folds]
    )


@pytest.mark.parametrize(("n", "n_dims"), [(150, 20), (60, 150)], ids=["n>p", "n<p"])
@pytest.mark.parametrize(
    ("n_targets", "split"), [(1, "contiguous"), (4, "contiguous"), (2, "shuffled")]
)
def test_scores_equal_grid_search_of_sklearn(n, n_dims, n_targets, split):
    features, responses = simulated(n, n_dims, n_targets)
    folds = make_folds(n, split, 3, gap=2)
    np.testing.assert_allclose(
        held_out_r(features, responses, folds),
        oracle.correlations(features, responses, folds, ALPHAS),
        atol=1e-3,
    )


def test_scores_equal_grid_search_of_sklearn_on_grouped_folds():
    features, responses = simulated(120, 30, 2)
    folds = make_folds(120, "grouped", 3, np.repeat(np.arange(10), 12))
    np.testing.assert_allclose(
        held_out_r(features, responses, folds),
        oracle.correlations(features, responses, folds, ALPHAS),
        atol=1e-3,
    )


def test_alphas_equal_grid_search_of_sklearn_target_by_target():
    features, responses = simulated(150, 20, 5)
    fold = make_folds(150, "contiguous", 3)[0]
    chosen = choose_alphas(features, responses, fold)
    assert list(chosen) == [oracle.grid_search(features, y, fold, ALPHAS)[0] for y in responses.T]
    assert len(set(chosen)) > 1


def test_scores_equal_grid_search_of_sklearn_on_the_real_file(pereira_layer_4):
    features, responses = pereira_layer_4
    folds = make_folds(len(features), "contiguous", 10, gap=8)
    np.testing.assert_allclose(
        held_out_r(features, responses, folds),
        oracle.correlations(features, responses, folds, ALPHAS),
        atol=1e-3,
    )


@pytest.mark.parametrize(("n", "n_dims"), [(80, 12), (40, 90)], ids=["n>p", "n<p"])
def test_ridge_path_equals_sklearn_at_each_alpha(n, n_dims):
    features, responses = simulated(n, n_dims, 3)
    features = StandardScaler().fit_transform(features).astype(np.float32)
    new = features[:7] + 0.5
    path = ridge_path(features, responses, new, [1.0, 100.0])
    for alpha, predicted in zip([1.0, 100.0], path, strict=True):
        expected = Ridge(alpha=alpha).fit(features, responses).predict(new)
        np.testing.assert_allclose(predicted, expected, atol=1e-3)


def test_each_target_is_fitted_as_if_alone():
    features, responses = simulated(100, 30, 4)
    fold = make_folds(100, "contiguous", 4)[1]
    together = fit_predict(features, responses, fold)
    alone = np.hstack([fit_predict(features, responses[:, [t]], fold) for t in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_held_out_responses_do_not_change_the_prediction():
    features, responses = simulated(100, 30, 2)
    fold = make_folds(100, "contiguous", 4)[1]
    before = fit_predict(features, responses, fold)
    changed = responses.copy()
    changed[fold.test] = 1e3
    np.testing.assert_array_equal(fit_predict(features, changed, fold), before)


def test_held_out_features_do_not_change_the_standardisation_of_others():
    features, responses = simulated(100, 30, 2)
    fold = make_folds(100, "contiguous", 4)[1]
    before = fit_predict(features, responses, fold)
    changed = features.copy()
    changed[fold.test[0]] = 1e3
    np.testing.assert_allclose(
        fit_predict(changed, responses, fold)[1:], before[1:], rtol=1e-5, atol=1e-5
    )


def test_a_large_offset_of_the_features_costs_no_precision():
    features, responses = simulated(150, 20, 1)
    folds = make_folds(150, "contiguous", 3)
    np.testing.assert_allclose(
        held_out_r(features + np.float32(1000), responses, folds),
        held_out_r(features, responses, folds),
        atol=1e-3,
    )


def test_predictions_are_32_bit():
    features, responses = simulated(60, 10, 2)
    predicted = fit_predict(features, responses, make_folds(60, "contiguous", 3)[0])
    assert predicted.dtype == np.float32
    assert predicted.shape == (20, 2)


def test_the_smallest_alpha_wins_a_tie():
    constant = np.ones((60, 3), dtype=np.float32)
    responses = np.random.default_rng(0).normal(size=(60, 1)).astype(np.float32)
    fold = make_folds(60, "contiguous", 3)[0]
    assert choose_alphas(constant, responses, fold) == min(ALPHAS)


def test_standardise_each_uses_the_training_part_alone():
    random = np.random.default_rng(0)
    train = random.normal(3, [1, 20], (50, 2)).astype(np.float32)
    test = random.normal(9, 5, (10, 2)).astype(np.float32)
    scaler = StandardScaler().fit(train)
    for mine, expected in zip(
        standardise(train, test), (scaler.transform(train), scaler.transform(test)), strict=True
    ):
        np.testing.assert_allclose(mine, expected, atol=1e-4)


def test_standardise_together_keeps_the_ratio_of_dimensions():
    random = np.random.default_rng(0)
    train = random.normal(0, [1, 20], (500, 2)).astype(np.float32)
    seen, _ = standardise(train, train, "together")
    assert seen[:, 1].std() / seen[:, 0].std() == pytest.approx(
        train[:, 1].std() / train[:, 0].std(), rel=1e-4
    )
    assert np.mean(seen.std(axis=0) ** 2) == pytest.approx(1.0, rel=1e-4)


def test_a_dimension_that_is_constant_in_training_is_only_centred():
    train = np.full((10, 1), 4.0, dtype=np.float32)
    seen, unseen = standardise(train, np.array([[6.0]], dtype=np.float32))
    np.testing.assert_array_equal(seen, 0.0)
    np.testing.assert_allclose(unseen, 2.0)
