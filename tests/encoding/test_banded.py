import numpy as np
import pytest

from backend.encoding.banded import BandedFold, BandKernels
from backend.encoding.folds import make_folds
from backend.encoding.ridge import ALPHAS, choose_alphas, fit_predict
from tests.encoding import oracle

SOME_ALPHAS = ALPHAS[::2]
N = 120


@pytest.fixture(scope="module")
def bands() -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [
        (random.normal(2, 1, (N, n_dims)) * scale).astype(np.float32)
        for n_dims, scale in ((3, 10.0), (160, 1.0), (8, 0.1))
    ]


@pytest.fixture(scope="module")
def responses(bands: list[np.ndarray]) -> np.ndarray:
    """A target for each band, one of all bands, and one of none."""
    random = np.random.default_rng(4)
    parts = []
    for band in bands:
        part = (band - band.mean(axis=0)) @ random.normal(size=band.shape[1])
        parts.append(part / part.std())
    columns = [*parts, sum(parts), np.zeros(N)]
    noise = random.normal(size=(N, len(columns))) * [0.5, 0.3, 1.0, 1.0, 1.0]
    return (np.column_stack(columns) + noise + 7).astype(np.float32)


@pytest.fixture(scope="module")
def fold():
    return make_folds(N, "contiguous", 4, gap=2)[1]


@pytest.fixture(scope="module")
def fitted(bands, responses, fold) -> BandedFold:
    model = BandedFold(responses, fold, SOME_ALPHAS)
    for band in bands:
        model = model.extend(BandKernels.of(band, fold))
    return model


@pytest.mark.parametrize("which", [0, 1], ids=["n>p", "n<p"])
def test_one_band_equals_ridge(bands, responses, fold, which):
    model = BandedFold(responses, fold).extend(BandKernels.of(bands[which], fold))
    np.testing.assert_array_equal(model.chosen[0], choose_alphas(bands[which], responses, fold))
    np.testing.assert_allclose(
        model.predict(), fit_predict(bands[which], responses, fold), atol=1e-3
    )


def test_alphas_equal_a_search_that_tries_each(bands, responses, fold, fitted):
    expected = [oracle.greedy_alphas(bands, y, fold, SOME_ALPHAS) for y in responses.T]
    np.testing.assert_allclose(fitted.chosen.T, expected)


def test_targets_differ_in_their_alphas(fitted):
    assert len({tuple(column) for column in fitted.chosen.T}) >= 4


def test_prediction_equals_the_dense_solution_at_the_chosen_alphas(bands, responses, fold, fitted):
    expected = np.column_stack(
        [
            oracle.dense_bands(bands, y, fold.train, fold.test, fitted.chosen[:, target])
            for target, y in enumerate(responses.T)
        ]
    )
    np.testing.assert_allclose(fitted.predict(), expected, atol=2e-3)


def test_extending_leaves_the_smaller_model_as_it_was(bands, responses, fold):
    first = BandedFold(responses, fold, SOME_ALPHAS).extend(BandKernels.of(bands[0], fold))
    before = first.predict()
    first.extend(BandKernels.of(bands[1], fold))
    np.testing.assert_array_equal(first.predict(), before)
    assert first.chosen.shape == (1, responses.shape[1])


def test_each_target_is_fitted_as_if_alone(bands, responses, fold, fitted):
    for target in range(responses.shape[1]):
        alone = BandedFold(responses[:, [target]], fold, SOME_ALPHAS)
        for band in bands:
            alone = alone.extend(BandKernels.of(band, fold))
        np.testing.assert_allclose(alone.predict()[:, 0], fitted.predict()[:, target], atol=1e-3)


def test_without_a_band_the_training_mean_is_predicted(responses, fold):
    predicted = BandedFold(responses, fold).predict()
    np.testing.assert_allclose(
        predicted, np.tile(responses[fold.train].mean(axis=0), (len(fold.test), 1)), rtol=1e-5
    )


def test_held_out_responses_do_not_change_the_prediction(bands, responses, fold, fitted):
    changed = responses.copy()
    changed[fold.test] = -50
    model = BandedFold(changed, fold, SOME_ALPHAS)
    for band in bands:
        model = model.extend(BandKernels.of(band, fold))
    np.testing.assert_array_equal(model.predict(), fitted.predict())


def test_a_band_of_noise_after_the_true_one_is_shrunk_away(bands, responses, fold):
    noise = np.random.default_rng(9).normal(size=(N, 200)).astype(np.float32)
    model = BandedFold(responses[:, [0]], fold)
    for band in (bands[0], noise):
        model = model.extend(BandKernels.of(band, fold))
    assert model.chosen[1, 0] > 100 * model.chosen[0, 0]
