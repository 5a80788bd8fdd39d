import numpy as np
import pytest
from himalaya.backend import set_backend
from himalaya.ridge import GroupRidgeCV

from backend.encoding.folds import make_folds
from backend.encoding.kernel_ridge import KernelFit, solve_kernel_ridge
from backend.encoding.kernels import level_kernel
from backend.encoding.scores import r2
from backend.encoding.variance import make_gammas, partition_variance, predict_bands
from backend.errors import InputError

ALPHAS = tuple(np.logspace(0, 5, 6))
N = 300
FOLD = make_folds(N, "contiguous", 3, gap=2)[1]


def band(n_dims, seed):
    """Features that are standardised by the training samples."""
    values = np.random.default_rng(seed).normal(size=(N, n_dims))
    inside = values[FOLD.train]
    return ((values - inside.mean(axis=0)) / inside.std(axis=0)).astype(np.float32)


def kernel(features):
    return features @ features.T


def signal(features, n_targets, seed):
    weights = np.random.default_rng(seed).normal(size=(features.shape[1], n_targets))
    values = features @ weights
    return values / values.std(axis=0)


def noise(n_targets, seed):
    return np.random.default_rng(seed).normal(size=(N, n_targets))


def fit_of(n_targets):
    """What a band alone might predict of so many targets."""
    n_test = len(FOLD.test)
    return KernelFit(np.zeros((n_test, n_targets), np.float32), *np.ones((2, n_targets)))


def test_planted_unique_variance_is_recovered():
    baseline, layer = band(4, 0), band(40, 1)
    n_targets = 200
    planted = np.repeat([0.0, 0.2, 0.5], [60, 70, 70])
    responses = (
        np.sqrt(0.3) * signal(baseline, n_targets, 2)
        + np.sqrt(planted) * signal(layer, n_targets, 3)
        + np.sqrt(0.7 - planted) * noise(n_targets, 4)
    ).astype(np.float32)
    result = partition_variance(
        {"baseline": kernel(baseline), "layer": kernel(layer)}, responses, FOLD, ALPHAS
    )
    found = {share: result.unique("layer")[planted == share].mean() for share in (0, 0.2, 0.5)}
    assert found[0] == pytest.approx(0.0, abs=0.02)
    # Weights of forty dimensions are not known exactly from two hundred samples.
    assert 0.08 < found[0.2] < 0.22
    assert 0.38 < found[0.5] < 0.52
    # A little more than was planted: without the baseline the layer is also fitted worse.
    assert 0.28 < result.unique("baseline").mean() < 0.38


def test_a_layer_that_is_a_copy_of_the_baseline_adds_nothing():
    baseline = band(10, 0)
    responses = (signal(baseline, 100, 1) + noise(100, 2)).astype(np.float32)
    kernels = {"baseline": kernel(baseline), "layer": 7 * kernel(baseline)}
    result = partition_variance(kernels, responses, FOLD, ALPHAS)
    assert result.joint.mean() > 0.4
    # Where two alphas are as good, rounding may choose another.
    np.testing.assert_allclose(result.unique("layer"), 0.0, atol=5e-3)
    np.testing.assert_allclose(result.unique("baseline"), 0.0, atol=5e-3)
    assert np.median(np.abs(result.unique("layer"))) < 1e-5


def test_a_few_baselines_keep_their_variance_beside_a_wide_layer():
    baseline, layer = band(2, 0), band(900, 1)
    responses = (signal(baseline, 50, 2) + noise(50, 3)).astype(np.float32)
    kernels = {"baseline": kernel(baseline), "layer": kernel(layer)}
    result = partition_variance(kernels, responses, FOLD, ALPHAS, remove=["layer"])
    # One penalty for all would shrink the two dimensions like the nine hundred.
    summed = predict_bands({"sum": kernel(np.hstack([baseline, layer]))}, responses, FOLD, ALPHAS)
    assert r2(summed, responses[FOLD.test]).mean() < result.joint.mean() - 0.1
    assert result.unique("layer").mean() == pytest.approx(0.0, abs=0.02)
    assert set(result.without) == {"layer"}


@pytest.mark.parametrize("n_bands", [2, 3])
def test_predictions_equal_himalayas_group_ridge(n_bands):
    bands = [band(n_dims, seed) for seed, n_dims in enumerate([5, 30, 60][:n_bands])]
    planted = sum(signal(features, 40, 10 + seed) for seed, features in enumerate(bands))
    responses = (planted + noise(40, 20) * np.linspace(0.3, 5, 40)).astype(np.float32)
    kernels = {str(index): kernel(features) for index, features in enumerate(bands)}
    predicted = predict_bands(kernels, responses, FOLD, ALPHAS, n_gammas=12)

    set_backend("numpy")
    # The same weights, on explicit features whose kernels have a diagonal of mean 1000.
    scaled = [
        features.astype(np.float64)
        * np.sqrt(1000 / np.diagonal(kernel(features))[FOLD.train].mean())
        for features in bands
    ]
    # Its solver divides by the weights' roots, so that none may be zero.
    gammas = np.maximum(make_gammas(n_bands, 12, 0), 1e-10).astype(np.float64)
    model = GroupRidgeCV(
        groups="input",
        solver_params={
            "n_iter": gammas,
            "alphas": np.asarray(ALPHAS),
            "progress_bar": False,
            "warn": False,
        },
        cv=list(FOLD.inner),
    )
    mean = responses[FOLD.train].mean(axis=0)
    model.fit([x[FOLD.train] for x in scaled], responses[FOLD.train].astype(np.float64) - mean)
    expected = model.predict([x[FOLD.test] for x in scaled]) + mean
    truth = responses[FOLD.test]
    difference = np.abs(r2(predicted, truth) - r2(expected, truth))
    # Where two candidates are as good, rounding in 32 bits may choose the other.
    assert np.median(difference) < 1e-4
    assert difference.max() < 5e-3


def test_what_sets_predict_alone_is_not_fitted_again(monkeypatch):
    kernels = {
        "layer": level_kernel(kernel(band(20, 1)), FOLD.train),
        "baseline": level_kernel(kernel(band(3, 0)), FOLD.train),
    }
    responses = (signal(band(20, 1), 10, 2) + noise(10, 3)).astype(np.float32)
    first = partition_variance(kernels, responses, FOLD, ALPHAS, remove=["layer"])
    alone = {
        name: solve_kernel_ridge(kernel, responses, FOLD, ALPHAS)
        for name, kernel in kernels.items()
    }
    fitted = []

    def count(kernel, *given):
        fitted.append(kernel)
        return solve_kernel_ridge(kernel, *given)

    monkeypatch.setattr("backend.encoding.variance.solve_kernel_ridge", count)
    second = partition_variance(kernels, responses, FOLD, ALPHAS, remove=["layer"], alone=alone)
    # Mixtures of both alone.
    assert len(fitted) == len(make_gammas(2, 0, 0)) - 2
    np.testing.assert_allclose(first.unique("layer"), second.unique("layer"), atol=1e-5)


def test_the_joint_model_may_leave_each_band_out():
    for n_bands in (2, 3, 4):
        gammas = make_gammas(n_bands, 20, 0)
        np.testing.assert_allclose(gammas.sum(axis=1), 1.0, rtol=1e-5)
        for left_out in range(n_bands):
            assert (gammas[:, left_out] == 0).any()
        np.testing.assert_array_equal(gammas, make_gammas(n_bands, 20, 0))


def test_constant_targets_and_constant_features_score_zero():
    responses = noise(5, 0).astype(np.float32)
    responses[:, 1] = 0.1
    kernels = {"flat": np.zeros((N, N), np.float32), "layer": kernel(band(8, 1))}
    result = partition_variance(kernels, responses, FOLD, ALPHAS)
    assert result.joint[1] == 0
    assert np.isfinite(result.joint).all()
    # A share that goes to nothing only scales the layer, as alphas between those given would.
    np.testing.assert_allclose(result.unique("flat"), 0.0, atol=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kernels": {"layer": np.eye(N, dtype=np.float32)}}, "among 1 feature sets"),
        ({"remove": ["oasm"]}, "'oasm' cannot be taken out; there are a, b"),
        ({"alone": {"a": fit_of(3)}}, r"array of \(100, 3\), but .* 100 held-out .* of 2 targets"),
        ({"responses": np.full((N, 2), np.nan, np.float32)}, "sample 0 of target 0"),
        ({"responses": np.zeros((9, 2), np.float32)}, "kernel of 300 samples"),
    ],
)
def test_bad_input_says_what_is_wrong(changes, message):
    given = {
        "kernels": {"a": kernel(band(3, 0)), "b": kernel(band(3, 1))},
        "responses": noise(2, 2).astype(np.float32),
        "fold": FOLD,
        "alphas": ALPHAS,
    }
    with pytest.raises(InputError, match=message):
        partition_variance(**{**given, **changes})


def test_a_model_without_bands_is_refused():
    with pytest.raises(InputError, match="no feature sets"):
        predict_bands({}, noise(2, 2).astype(np.float32), FOLD, ALPHAS)
