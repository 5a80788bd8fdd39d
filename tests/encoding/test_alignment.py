import tracemalloc

import numpy as np
import pytest
from scipy.integrate import quad

from backend.encoding.alignment import (
    METHODS,
    check_story,
    check_tr,
    downsample,
    downsampling_matrix,
    resample,
    tr_midpoints,
    trim,
)
from backend.errors import InputError
from backend.stimuli import Words


def words_at(onsets, duration=0.2, story="fox"):
    onsets = np.asarray(onsets, dtype=np.float64)
    return Words(
        story=story,
        words=tuple(f"w{index}" for index in range(len(onsets))),
        onsets=onsets,
        offsets=onsets + duration,
        estimated=np.zeros(len(onsets), dtype=bool),
    )


def dense_lanczos(features, word_times, tr_times, window=3):
    """The field's definition, term by term and without a shortcut."""
    cutoff = 1 / np.mean(np.diff(tr_times))
    weights = np.zeros((len(tr_times), len(word_times)))
    for row, tr_time in enumerate(tr_times):
        for column, word_time in enumerate(word_times):
            x = (tr_time - word_time) * cutoff
            if x == 0:
                weights[row, column] = 1
            elif abs(x) <= window:
                pi_x = np.pi * x
                weights[row, column] = window * np.sin(pi_x) * np.sin(pi_x / window) / pi_x**2
    return weights @ features


def random_story(n_words=400, n_trs=120, tr=2.0, start=0.0, n_dims=7, seed=0):
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(start, start + n_trs * tr, n_words))
    return random.normal(size=(n_words, n_dims)), times, tr_midpoints(n_trs, tr, start)


def test_midpoints_lie_half_a_tr_after_each_start():
    np.testing.assert_allclose(tr_midpoints(3, 1.5, start=-4.0), [-3.25, -1.75, -0.25])


@pytest.mark.parametrize("tr", [0.7, 1.5, 2.0])
@pytest.mark.parametrize("start", [0.0, -7.3, 4.0])
@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_lanczos_equals_its_dense_definition(tr, start, window):
    features, times, trs = random_story(tr=tr, start=start)
    np.testing.assert_allclose(
        downsample(features, times, trs, tr, window=window),
        dense_lanczos(features, times, trs, window),
        atol=2e-5,
    )


def test_a_single_word_gives_the_samples_of_the_kernel():
    tr, trs = 2.0, tr_midpoints(40, 2.0)
    time = trs[20] + 0.3 * tr
    x = np.arange(40) - 20.3
    expected = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    got = downsample(np.ones((1, 1)), [time], trs, tr)[:, 0]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_word_in_the_middle_of_a_tr_is_in_that_tr_alone():
    trs = tr_midpoints(9, 2.0)
    got = downsample(np.full((1, 1), 3.0), [trs[4]], trs, 2.0)[:, 0]
    np.testing.assert_allclose(got, 3 * (np.arange(9) == 4), atol=1e-6)


@pytest.mark.parametrize("tr", [1.0, 2.0])
@pytest.mark.parametrize("period", [20, 40])
def test_a_steady_train_of_a_slow_sinusoid_comes_back_as_rate_times_the_sinusoid(tr, period):
    rate = 20.0
    times = np.arange(0, 200 * tr, 1 / rate)
    trs = tr_midpoints(200, tr)
    frequency = 1 / (period * tr)
    features = np.sin(2 * np.pi * frequency * times)[:, None]
    # The kernel is even: at a frequency, the train is multiplied by its Fourier transform there.
    gain, _ = quad(
        lambda x: np.sinc(x) * np.sinc(x / 3) * np.cos(2 * np.pi * x / period), -3, 3, limit=200
    )
    got = downsample(features, times, trs, tr)[5:-5, 0]
    expected = rate * tr * gain * np.sin(2 * np.pi * frequency * trs[5:-5])
    np.testing.assert_allclose(got, expected, atol=1e-3 * rate * tr)
    assert gain == pytest.approx(1, abs=0.02)


def test_lanczos_takes_out_what_is_faster_than_the_trs_can_show():
    tr, rate = 2.0, 20.0
    times = np.arange(0, 400, 1 / rate)
    fast = np.sin(2 * np.pi * 1.3 / tr * times)[:, None]
    got = downsample(fast, times, tr_midpoints(200, tr), tr)[5:-5]
    assert np.abs(got).max() < 0.02 * rate * tr


@pytest.mark.parametrize("method", METHODS)
def test_words_one_tr_later_move_by_one_row(method):
    features, times, trs = random_story(n_trs=60, n_words=150)
    times += 10.0
    trs = tr_midpoints(90, 2.0)
    now = downsample(features, times, trs, 2.0, method)
    later = downsample(features, times + 2.0, trs, 2.0, method)
    np.testing.assert_allclose(later[1:], now[:-1], atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_only_the_difference_between_the_two_clocks_counts(method):
    features, times, trs = random_story(n_words=150)
    np.testing.assert_allclose(
        downsample(features, times + 13.37, trs + 13.37, 2.0, method),
        downsample(features, times, trs, 2.0, method),
        atol=1e-5,
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_linear(method):
    one, times, trs = random_story(seed=1)
    other = random_story(seed=2)[0]
    np.testing.assert_allclose(
        downsample(2 * one - 3 * other, times, trs, 2.0, method),
        2 * downsample(one, times, trs, 2.0, method)
        - 3 * downsample(other, times, trs, 2.0, method),
        atol=1e-4,
    )


@pytest.mark.parametrize(("tr", "start"), [(2.0, 0.0), (1.5, -9.0), (0.7, 3.0)])
def test_sum_keeps_every_word(tr, start):
    features, times, trs = random_story(tr=tr, start=start)
    got = downsample(features, times, trs, tr, "sum")
    np.testing.assert_allclose(got.sum(axis=0), features.sum(axis=0), atol=1e-3)
    counts = downsample(np.ones((len(times), 1)), times, trs, tr, "sum")[:, 0]
    edges = start + np.arange(len(trs) + 1) * tr
    np.testing.assert_array_equal(counts, np.histogram(times, edges)[0])


def test_sum_mean_and_last_of_a_tr():
    trs = tr_midpoints(3, 2.0)
    values = np.array([[1.0], [2.0], [6.0], [4.0]])
    times = [0.1, 1.0, 1.9, 5.0]
    expected = {"sum": [9, 0, 4], "mean": [3, 0, 4], "last": [6, 0, 4]}
    for method, column in expected.items():
        np.testing.assert_allclose(downsample(values, times, trs, 2.0, method)[:, 0], column)


def test_last_is_the_last_in_time_whatever_the_order():
    values = np.array([[6.0], [1.0], [2.0]])
    got = downsample(values, [1.9, 0.1, 1.0], tr_midpoints(2, 2.0), 2.0, "last")
    np.testing.assert_allclose(got[:, 0], [6, 0])


@pytest.mark.parametrize("tr", [0.1, 0.7, 1.5, 2.0])
def test_a_word_on_an_edge_belongs_to_the_tr_that_begins_there(tr):
    edges = np.arange(50) * tr
    matrix = downsampling_matrix(edges, tr_midpoints(50, tr), tr, "sum").toarray()
    np.testing.assert_array_equal(matrix, np.eye(50))


@pytest.mark.parametrize("method", ["sum", "mean", "last"])
def test_words_outside_the_recording_are_left_out(method):
    trs = tr_midpoints(4, 2.0, start=2.0)
    got = downsample(np.ones((4, 1)), [1.9, 2.0, 9.9, 10.0], trs, 2.0, method)
    np.testing.assert_array_equal(got[:, 0], [1, 0, 0, 1])


def test_lanczos_lets_a_word_reach_three_trs_and_no_further():
    trs = tr_midpoints(4, 2.0)
    matrix = downsampling_matrix([-5.1, -4.9, 12.9, 13.1], trs, 2.0).toarray()
    np.testing.assert_array_equal((matrix != 0).sum(axis=0), [0, 1, 1, 0])


def test_the_matrix_is_sparse():
    _, times, trs = random_story(n_words=3000, n_trs=600)
    assert downsampling_matrix(times, trs, 2.0).nnz <= 6 * 3000


def test_half_precision_on_disk_gives_what_the_same_values_in_memory_give(tmp_path):
    features, times, trs = random_story(n_words=2000, n_trs=700, n_dims=11)
    half = features.astype(np.float16)
    np.save(tmp_path / "layer.npy", half)
    mapped = np.load(tmp_path / "layer.npy", mmap_mode="r")
    got = downsample(mapped, times, trs, 2.0)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, dense_lanczos(half.astype(float), times, trs), atol=1e-4)


def test_a_layer_on_disk_is_never_held_whole(tmp_path):
    n_words, n_trs, n_dims = 20_000, 4000, 128
    times = np.linspace(0, 2 * n_trs, n_words, endpoint=False)
    np.save(tmp_path / "layer.npy", np.ones((n_words, n_dims), dtype=np.float16))
    mapped = np.load(tmp_path / "layer.npy", mmap_mode="r")
    matrix = downsampling_matrix(times, tr_midpoints(n_trs, 2.0), 2.0)
    tracemalloc.start()
    result = resample(matrix, mapped)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * result.nbytes < n_words * n_dims * 4


def test_words_out_of_order_give_the_same_rows():
    features, times, trs = random_story(n_words=1500, n_trs=600)
    order = np.random.default_rng(3).permutation(len(times))
    for method in METHODS:
        np.testing.assert_allclose(
            downsample(features[order], times[order], trs, 2.0, method),
            downsample(features, times, trs, 2.0, method),
            atol=1e-5,
        )


def test_a_row_that_is_missing_is_refused():
    features, times, trs = random_story()
    with pytest.raises(InputError, match=r"\(399, 7\).*for 400 words"):
        downsample(features[:-1], times, trs, 2.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(value):
    features, times, trs = random_story()
    features[200, 3] = value
    with pytest.raises(InputError, match="not finite around .* half precision"):
        resample(downsampling_matrix(times, trs, 2.0), features)


def test_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="lanczos, mean, sum, last"):
        downsampling_matrix([1.0], tr_midpoints(3, 2.0), 2.0, "median")


@pytest.mark.parametrize("window", [0, -1, 2.5])
def test_impossible_windows_are_refused(window):
    with pytest.raises(InputError, match="whole number from 1"):
        downsampling_matrix([1.0], tr_midpoints(3, 2.0), 2.0, window=window)


def test_trs_of_another_length_are_refused():
    with pytest.raises(InputError, match="not 1.5 s apart"):
        downsampling_matrix([1.0], tr_midpoints(3, 2.0), 1.5)


def test_words_without_a_time_are_refused():
    with pytest.raises(InputError, match="1 of 2 words have no finite time"):
        downsampling_matrix([1.0, np.nan], tr_midpoints(3, 2.0), 2.0)


def test_a_tr_in_milliseconds_is_refused_with_what_was_meant():
    with pytest.raises(InputError, match="did you mean 2.0"):
        check_tr(2000)
    with pytest.raises(InputError, match="did you mean 0.72"):
        check_tr(720)


@pytest.mark.parametrize("tr", [0, -2, np.nan, np.inf])
def test_impossible_trs_are_refused(tr):
    with pytest.raises(InputError, match="seconds from a volume to the next"):
        check_tr(tr)


def test_a_story_that_fits_its_recording_needs_no_remark():
    assert check_story(words_at(np.arange(0, 90, 0.5)), 50, 2.0) == ()
    assert check_story(words_at(np.arange(0, 90, 0.5)), 55, 2.0, start=-10.0) == ()


def test_words_after_the_recording_are_counted():
    (warning,) = check_story(words_at(np.arange(0, 90, 0.5)), 40, 2.0)
    assert "'fox': 20 of 180 words come after it ends and are lost" in warning
    assert "from 0.0 to 80.0 s" in warning


def test_words_before_the_recording_are_counted():
    (warning,) = check_story(words_at(np.arange(0, 90, 0.5)), 50, 2.0, start=4.0)
    assert "8 of 180 words come before the recording starts" in warning


def test_a_recording_longer_than_its_story_is_told():
    (warning,) = check_story(words_at(np.arange(0, 90, 0.5)), 60, 2.0)
    assert "30.3 s were recorded after its last word" in warning
    (warning,) = check_story(words_at(np.arange(25, 90, 0.5)), 50, 2.0)
    assert "25.0 s were recorded before its first word" in warning


def test_words_in_milliseconds_never_meet_the_recording():
    with pytest.raises(InputError, match="no word falls inside .* times are in seconds"):
        check_story(words_at(np.arange(1000, 90_000, 500.0)), 50, 2.0)


@pytest.mark.parametrize(
    ("onsets", "n_trs", "tr", "start", "message"),
    [
        ([1.0], 1, 2.0, 0.0, "1 TR was recorded; at least 2"),
        ([], 50, 2.0, 0.0, "'fox' has no words"),
        ([1.0], 50, 1500.0, 0.0, "did you mean 1.5"),
        ([1.0, np.nan], 50, 2.0, 0.0, "1 of 2 words have no finite time"),
        ([1.0], 50, 2.0, np.inf, "starts at inf"),
    ],
)
def test_impossible_stories_are_refused(onsets, n_trs, tr, start, message):
    with pytest.raises(InputError, match=message):
        check_story(words_at(onsets), n_trs, tr, start)


def test_trimming_leaves_the_middle():
    np.testing.assert_array_equal(trim(20), np.arange(5, 15))
    np.testing.assert_array_equal(trim(6, head=0, tail=0), np.arange(6))
    np.testing.assert_array_equal(trim(6, head=2, tail=3), [2])


def test_trimming_all_is_refused():
    with pytest.raises(InputError, match="leaves nothing of a run of 10"):
        trim(10)
    with pytest.raises(InputError, match="0 or more"):
        trim(10, head=-1)
