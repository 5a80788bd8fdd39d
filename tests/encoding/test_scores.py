import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import r2_score

from backend.encoding.scores import pearson_r, r2


@pytest.fixture
def predicted_and_held_out() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    held_out = random.normal(3.0, 2.0, (60, 4)).astype(np.float32)
    predicted = (0.5 * held_out + random.normal(0, 1, (60, 4))).astype(np.float32)
    return predicted, held_out


def test_pearson_r_equals_scipy(predicted_and_held_out):
    predicted, held_out = predicted_and_held_out
    expected = [pearsonr(predicted[:, t], held_out[:, t])[0] for t in range(4)]
    np.testing.assert_allclose(pearson_r(predicted, held_out), expected, atol=1e-6)


def test_r2_equals_sklearn(predicted_and_held_out):
    predicted, held_out = predicted_and_held_out
    expected = r2_score(held_out, predicted, multioutput="raw_values")
    np.testing.assert_allclose(r2(predicted, held_out), expected, atol=1e-6)


def test_r2_scores_each_alternative_along_the_leading_axis(predicted_and_held_out):
    predicted, held_out = predicted_and_held_out
    both = r2(np.stack([predicted, 2 * predicted]), held_out)
    assert both.shape == (2, 4)
    np.testing.assert_array_equal(both[1], r2(2 * predicted, held_out))


def test_r2_of_the_held_out_mean_is_zero_and_of_worse_is_negative(predicted_and_held_out):
    _, held_out = predicted_and_held_out
    mean = np.tile(held_out.mean(axis=0), (60, 1))
    np.testing.assert_allclose(r2(mean, held_out), 0.0, atol=1e-6)
    assert (r2(-held_out, held_out) < -1).all()


def test_constant_prediction_correlates_zero():
    held_out = np.random.default_rng(0).normal(size=(20, 1))
    assert pearson_r(np.full((20, 1), 7.0), held_out) == 0.0


def test_prediction_constant_but_for_rounding_correlates_zero():
    held_out = np.random.default_rng(0).normal(size=(20, 1))
    rounding = np.full((20, 1), 0.1, dtype=np.float32)
    rounding[3] = np.nextafter(np.float32(0.1), np.float32(1))
    assert pearson_r(rounding, held_out) == 0.0


def test_constant_response_scores_zero():
    predicted = np.random.default_rng(0).normal(size=(20, 1))
    assert pearson_r(predicted, np.ones((20, 1))) == 0.0
    assert r2(predicted, np.ones((20, 1))) == 0.0
