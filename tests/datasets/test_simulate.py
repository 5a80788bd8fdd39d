import numpy as np
import pytest

from backend.datasets.simulate import autocorrelated_noise, leading_signal, simulate_response
from backend.encoding.folds import make_folds
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r

SEEDS = range(5)


def mean_r(features, response, split="contiguous", n_folds=10):
    responses = response[:, None].astype(np.float32)
    folds = make_folds(len(features), split, n_folds)
    return np.mean(
        [pearson_r(fit_predict(features, responses, f), responses[f.test])[0] for f in folds]
    )


@pytest.mark.parametrize("ceiling", [0.3, 0.75, 1.0])
def test_response_and_signal_correlate_by_exactly_the_ceiling(ceiling):
    random = np.random.default_rng(0)
    signal = random.normal(5, 3, 200)
    response = simulate_response(signal, signal + random.normal(size=200), ceiling)
    assert np.corrcoef(signal, response)[0, 1] == pytest.approx(ceiling, abs=1e-9)


def test_leading_signal_is_uncorrelated_with_what_it_is_without():
    random = np.random.default_rng(0)
    confounds = random.normal(size=(200, 2))
    features = random.normal(size=(200, 10)) + confounds @ random.normal(size=(2, 10))
    signal = leading_signal(features, confounds, 3, seed=1)
    for confound in confounds.T:
        assert np.corrcoef(signal, confound)[0, 1] == pytest.approx(0.0, abs=1e-9)


def test_leading_signal_does_not_depend_on_the_sign_of_singular_vectors():
    features = np.random.default_rng(0).normal(size=(100, 6))
    without = np.arange(100.0)[:, None]
    flipped = features * np.array([1, -1, 1, 1, -1, 1])
    np.testing.assert_allclose(
        leading_signal(features, without, 3, seed=1),
        leading_signal(flipped, without, 3, seed=1),
        atol=1e-9,
    )


def test_noise_of_neighbours_correlates_as_asked():
    noise = autocorrelated_noise(20_000, 0.8, seed=0)
    assert np.corrcoef(noise[:-1], noise[1:])[0, 1] == pytest.approx(0.8, abs=0.02)
    assert noise.mean() == pytest.approx(0.0, abs=1e-9)
    assert noise.std() == pytest.approx(1.0)


@pytest.mark.parametrize("ceiling", [0.4, 0.7, 0.9])
def test_the_known_r_of_a_linear_signal_is_recovered(ceiling):
    random = np.random.default_rng(0)
    features = random.normal(size=(2000, 20)).astype(np.float32)
    features[:, :3] *= 4
    signal = leading_signal(features, np.ones((2000, 1)), 3, seed=1)
    response = simulate_response(signal, random.normal(size=2000), ceiling)
    # A fold of 200 samples leaves its r a standard error of at most 0.06, ten of them 0.02.
    assert mean_r(features, response) == pytest.approx(ceiling, abs=0.04)


@pytest.mark.parametrize("split", ["contiguous", "shuffled"])
def test_pure_noise_scores_within_its_chance_interval_of_zero(split):
    n = 300
    scores = []
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        features = random.normal(size=(n, 40)).astype(np.float32)
        scores.append(mean_r(features, random.normal(size=n), split))
    # Ten independent correlations of 30 samples: variance 1 / 29 each.
    standard_error = 1 / np.sqrt(10 * 29)
    assert np.abs(scores).max() < 3 * standard_error
    assert abs(np.mean(scores)) < 2.5 * standard_error / np.sqrt(len(scores))


def test_autocorrelated_noise_scores_zero_on_contiguous_folds():
    scores = []
    for seed in SEEDS:
        features = np.random.default_rng(seed).normal(size=(300, 40)).astype(np.float32)
        scores.append(mean_r(features, autocorrelated_noise(300, 0.8, seed + 100)))
    assert abs(np.mean(scores)) < 0.1
