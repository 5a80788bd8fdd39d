import numpy as np
import pytest
from nilearn.glm.first_level import compute_regressor
from scipy.stats import gamma

from backend.encoding.alignment import tr_midpoints
from backend.encoding.delays import check_delays, convolve_hrf, delay
from backend.errors import InputError

# Shape and scale of each gamma density, and the weight of the undershoot (Glover 1999; SPM).
GAMMAS = {"glover": ((6 / 0.9, 0.9), (12 / 0.9, 0.9), 0.48), "spm": ((6, 1), (16, 1), 0.167)}


def numbers(n_trs=30, n_dims=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n_trs, n_dims)).astype(np.float32)


def response_to_a_block(model, tr, n_trs):
    """Integral of the response function over the block that began at zero, in closed form."""
    (peak, peak_scale), (under, under_scale), ratio = GAMMAS[model]

    def area(seconds):
        seconds = np.clip(seconds, 0, 32)
        return gamma.cdf(seconds, peak, scale=peak_scale) - ratio * gamma.cdf(
            seconds, under, scale=under_scale
        )

    middles = (np.arange(n_trs) + 0.5) * tr
    return (area(middles) - area(middles - tr)) / area(32)


def test_rows_of_a_delay_are_earlier_rows():
    features = numbers()
    delayed = delay(features, (1, 3))
    assert delayed.shape == (30, 8)
    assert delayed.dtype == np.float32
    np.testing.assert_array_equal(delayed[1:, :4], features[:-1])
    np.testing.assert_array_equal(delayed[3:, 4:], features[:-3])


def test_nothing_is_heard_before_the_story():
    delayed = delay(numbers(), (1, 3))
    np.testing.assert_array_equal(delayed[:1, :4], 0)
    np.testing.assert_array_equal(delayed[:3, 4:], 0)


def test_four_delays_are_the_default_and_zero_is_no_delay():
    features = numbers()
    assert delay(features).shape == (30, 16)
    np.testing.assert_array_equal(delay(features, [0]), features)


def test_a_delay_beyond_the_story_is_all_zero():
    np.testing.assert_array_equal(delay(numbers(n_trs=3), (3, 7)), np.zeros((3, 8)))


@pytest.mark.parametrize("delays", [(), (1, 1), (-1, 2), (1.5,)])
def test_impossible_delays_are_refused(delays):
    with pytest.raises(InputError, match="distinct whole numbers of TRs from 0"):
        check_delays(delays)


@pytest.mark.parametrize("model", ["glover", "spm"])
@pytest.mark.parametrize("tr", [0.8, 1.5, 2.0])
def test_one_tr_gives_the_closed_form_of_its_response(model, tr):
    block = np.zeros((60, 1))
    block[4] = 1.0
    got = convolve_hrf(block, tr, model)[:, 0]
    np.testing.assert_array_equal(got[:4], 0.0)
    expected = response_to_a_block(model, tr, 56)
    np.testing.assert_allclose(got[4:], expected, atol=0.02 * expected.max())


@pytest.mark.parametrize("model", ["glover", "spm"])
@pytest.mark.parametrize("tr", [0.8, 1.5, 2.0])
def test_equals_nilearn_on_a_train_of_blocks(model, tr):
    values = np.random.default_rng(0).normal(size=60)
    middles = tr_midpoints(60, tr)
    blocks = np.array([np.arange(60) * tr, np.full(60, tr), values])
    expected, _ = compute_regressor(blocks, model, middles)
    got = convolve_hrf(values[:, None], tr, model)
    np.testing.assert_allclose(got, expected, atol=0.02 * np.abs(expected).max())
    assert np.corrcoef(got[:, 0], expected[:, 0])[0, 1] > 0.9995


@pytest.mark.parametrize("model", ["glover", "spm"])
def test_what_lasts_comes_back_as_it_is(model):
    got = convolve_hrf(np.full((40, 2), 3.0), 2.0, model)
    np.testing.assert_allclose(got[20:], 3.0, atol=1e-5)


def test_the_response_is_linear_and_keeps_its_shape_over_time():
    one, other = numbers(seed=1), numbers(seed=2)
    np.testing.assert_allclose(
        convolve_hrf(one - 2 * other, 1.5),
        convolve_hrf(one, 1.5) - 2 * convolve_hrf(other, 1.5),
        atol=1e-5,
    )
    later = np.vstack([np.zeros((2, 4)), one[:-2]])
    np.testing.assert_allclose(convolve_hrf(later, 1.5)[2:], convolve_hrf(one, 1.5)[:-2], atol=1e-6)


def test_a_story_shorter_than_the_response_is_cut_short():
    features = numbers(n_trs=30)
    np.testing.assert_allclose(
        convolve_hrf(features[:3], 2.0), convolve_hrf(features, 2.0)[:3], atol=1e-6
    )


def test_unknown_response_function_is_refused():
    with pytest.raises(InputError, match="accepted are glover and spm"):
        convolve_hrf(numbers(), 2.0, "boxcar")
    with pytest.raises(InputError, match="did you mean 2.0"):
        convolve_hrf(numbers(), 2000, "spm")
