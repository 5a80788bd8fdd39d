from itertools import combinations

import numpy as np
import pytest
from scipy.stats import pearsonr

from backend.encoding import ceilings, presentations
from backend.encoding.ceilings import (
    ceiling_from_map,
    ceiling_from_repeats,
    ceiling_from_subjects,
    explainable_variance,
    normalise,
    spearman_brown,
    split_half_reliability,
)
from backend.encoding.scores import pearson_r
from backend.errors import InputError

N_TRS = 400
METHODS = ("split-half", "explainable-variance")


def simulated(
    n_repeats: int, signal_sd: float, n_trs: int = N_TRS, n_targets: int = 300, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Repeats of one signal in noise of unit variance, and the signal."""
    random = np.random.default_rng(seed)
    signal = random.normal(0, signal_sd, (n_trs, n_targets))
    repeats = signal + random.normal(size=(n_repeats, n_trs, n_targets))
    return repeats.astype(np.float32) + 7, signal


def naive_split_half(repeats: np.ndarray) -> float:
    """Mean correlation over all pairs of disjoint halves, of one target, taken to one repeat."""
    n = len(repeats)
    size = n // 2
    found = []
    for one in combinations(range(n), size):
        for other in combinations(range(n), size):
            if not set(one) & set(other):
                found.append(pearsonr(repeats[list(one)].mean(0), repeats[list(other)].mean(0))[0])
    r = np.mean(found)
    return r / (size - (size - 1) * r)


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5, 6])
def test_split_half_equals_averaging_and_correlating(n_repeats):
    repeats, _ = simulated(n_repeats, 0.7, 60, 4)
    expected = [naive_split_half(repeats[:, :, t].astype(np.float64)) for t in range(4)]
    np.testing.assert_allclose(split_half_reliability(repeats), expected, atol=1e-6)


@pytest.mark.parametrize("n_repeats", [2, 3, 4, 5, 6, 7, 8, 9, 10, 13])
def test_halves_are_disjoint_equal_and_all_or_a_hundred(n_repeats):
    first, second = ceilings._halves(n_repeats, np.random.default_rng(0))
    assert (first.sum(axis=1) == n_repeats // 2).all()
    assert (second.sum(axis=1) == n_repeats // 2).all()
    assert not (first * second).any()
    count = {2: 1, 3: 3, 4: 3, 5: 15, 6: 10, 7: 70, 8: 35}.get(n_repeats, 100)
    assert len(first) == count
    if count < 100:
        splits = {frozenset((tuple(a), tuple(b))) for a, b in zip(first, second, strict=True)}
        assert len(splits) == count


def test_explainable_variance_equals_the_bias_corrected_residual_formula():
    repeats, _ = simulated(5, 0.7, 80, 6)
    z = repeats.astype(np.float64)
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    ev = 1 - ((z - z.mean(axis=0)) ** 2).mean(axis=(0, 1))
    np.testing.assert_allclose(explainable_variance(z), ev - (1 - ev) / 4, atol=1e-6)
    # And, of z-scored repeats, it is the mean correlation of two of them.
    pairs = [pearson_r(z[i], z[j]) for i, j in combinations(range(5), 2)]
    np.testing.assert_allclose(explainable_variance(z), np.mean(pairs, axis=0), atol=1e-6)


def test_both_shares_of_variance_are_tied_by_spearman_and_brown():
    repeats, _ = simulated(5, 0.7, 80, 6)
    np.testing.assert_allclose(
        explainable_variance(repeats, "mean"),
        spearman_brown(explainable_variance(repeats, "single"), 5),
        atol=1e-6,
    )


def test_spearman_brown_there_and_back():
    r = np.array([0.05, 0.4, 0.9, np.nan])
    np.testing.assert_allclose(spearman_brown(r, 2), 2 * r / (1 + r), rtol=1e-6)
    np.testing.assert_allclose(spearman_brown(spearman_brown(r, 7), 1 / 7), r, rtol=1e-5)
    np.testing.assert_array_equal(spearman_brown([-0.5, -0.2], 5), [-np.inf, -5.0])
    with pytest.raises(InputError, match="factor of 0"):
        spearman_brown(r, 0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_repeats", [2, 5, 10])
@pytest.mark.parametrize("signal_sd", [0.5, 1.0, 2.0])
def test_planted_ceilings_are_recovered(method, n_repeats, signal_sd):
    repeats, signal = simulated(n_repeats, signal_sd)
    power = signal_sd**2
    single = ceiling_from_repeats(repeats, "single", method)
    mean = ceiling_from_repeats(repeats, "mean", method)
    assert single.dtype == np.float32
    assert single.mean() == pytest.approx(np.sqrt(power / (power + 1)), abs=0.01)
    assert mean.mean() == pytest.approx(np.sqrt(power / (power + 1 / n_repeats)), abs=0.01)
    # It is what the true signal reaches.
    assert mean.mean() == pytest.approx(pearson_r(signal, repeats.mean(axis=0)).mean(), abs=0.01)
    assert single.mean() == pytest.approx(pearson_r(signal, repeats[0]).mean(), abs=0.01)
    assert np.abs(single - np.sqrt(power / (power + 1))).max() < 0.2


@pytest.mark.parametrize("n_repeats", [2, 3, 10])
def test_noise_alone_has_no_reliability_on_average(n_repeats):
    repeats, _ = simulated(n_repeats, 0.0, 300, 2000)
    # Three standard errors of the mean over targets, one of a target's r being 1 / sqrt(300).
    tolerance = 3 / np.sqrt(300 * 2000)
    assert abs(split_half_reliability(repeats).mean()) < tolerance
    assert abs(explainable_variance(repeats).mean()) < tolerance


@pytest.mark.parametrize("method", METHODS)
def test_noise_alone_has_the_ceiling_of_the_docstring(method):
    repeats, _ = simulated(2, 0.0, 300, 2000)
    found = ceiling_from_repeats(repeats, "mean", method)
    assert found.mean() == pytest.approx(0.13, abs=0.01)
    assert (found > 0.1).mean() == pytest.approx(0.45, abs=0.03)
    assert (found == 0).mean() == pytest.approx(0.5, abs=0.05)


def test_a_repeat_with_another_gain_leaves_split_halves_alone():
    repeats, _ = simulated(2, 1.0)
    scaled = repeats * np.array([1.0, 5.0])[:, None, None]
    np.testing.assert_allclose(
        split_half_reliability(scaled), split_half_reliability(repeats), atol=1e-5
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_repeat_has_no_ceiling(method):
    repeats, _ = simulated(3, 1.0, 50, 3)
    repeats[1, :, 2] = 0.1
    found = ceiling_from_repeats(repeats, method=method)
    np.testing.assert_array_equal(np.isnan(found), [False, False, True])


def test_batches_of_targets_change_nothing(monkeypatch):
    repeats, _ = simulated(4, 1.0, 50, 9)
    whole = ceiling_from_repeats(repeats), ceiling_from_subjects(repeats)
    monkeypatch.setattr(presentations, "_BATCH_BYTES", 8 * 4 * 50 * 2)
    np.testing.assert_allclose(ceiling_from_repeats(repeats), whole[0], rtol=1e-6)
    np.testing.assert_allclose(ceiling_from_subjects(repeats), whole[1], rtol=1e-6)


def test_other_subjects_equal_correlating_with_their_mean():
    subjects, _ = simulated(4, 1.0, 60, 5)
    subjects = subjects * np.array([1, 10, 0.1, 3])[:, None, None]
    z = (subjects - subjects.mean(axis=1, keepdims=True)) / subjects.std(axis=1, keepdims=True)
    found = ceiling_from_subjects(subjects)
    for one in range(4):
        others = np.delete(z, one, axis=0).mean(axis=0)
        np.testing.assert_allclose(found.lower[one], pearson_r(z[one], others), atol=1e-5)
        np.testing.assert_allclose(found.upper[one], pearson_r(z[one], z.mean(axis=0)), atol=1e-5)
    assert (found.upper > found.lower).all()


def test_a_group_model_lies_between_the_bounds():
    subjects, signal = simulated(6, 1.0)
    found = ceiling_from_subjects(subjects)
    best = pearson_r(signal, subjects[0]).mean()
    assert found.lower[0].mean() < best < found.upper[0].mean()
    assert found.lower[0].mean() == pytest.approx(1 / np.sqrt(2 * (1 + 1 / 5)), abs=0.01)


def test_a_constant_subject_is_left_out():
    subjects, _ = simulated(4, 1.0, 50, 3)
    without = ceiling_from_subjects(subjects[1:])
    subjects[0, :, 1] = 0.1
    found = ceiling_from_subjects(subjects)
    assert np.isnan(found.lower[0, 1])
    assert np.isnan(found.upper[0, 1])
    np.testing.assert_allclose(found.lower[1:, 1], without.lower[:, 1], rtol=1e-5)
    assert np.isfinite(found.lower[1:]).all()


def test_a_given_map_is_taken_as_it_is():
    given = [0.5, np.nan, -0.1, 1.0]
    np.testing.assert_array_equal(ceiling_from_map(given, 4), np.float32(given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0.5, 0.5], r"shape \(2,\) was given for 3 targets"),
        ([50.0, 20.0, 1.0], "from 1 to 50.*percentages"),
        ([np.inf, 0.1, 0.2], "to inf"),
        ([0.0, -0.1, np.nan], "none of 3 values"),
    ],
)
def test_a_map_that_cannot_be_one_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        ceiling_from_map(given, 3)


def test_scores_are_shares_of_the_ceiling_and_what_is_left_out_is_counted():
    r = np.float32([[0.2, 0.2, 0.2, 0.2, 0.6], [-0.1, 0.0, 0.3, 0.1, np.nan]])
    found = normalise(r, np.float32([0.4, np.nan, 0.05, 0.0, 0.5]))
    expected = [[0.5, np.nan, np.nan, np.nan, 1.2], [-0.25, np.nan, np.nan, np.nan, np.nan]]
    np.testing.assert_allclose(found.ratio, expected, rtol=1e-6)
    assert found.ratio.dtype == np.float32
    assert found.n_left_out == 3
    assert normalise(r, np.float32([0.4, np.nan, 0.05, 0.0, 0.5]), floor=0.45).n_left_out == 4


def test_bad_normalisations_are_refused():
    with pytest.raises(InputError, match=r"\(2, 3\).*\(2,\)"):
        normalise(np.ones((2, 3)), np.ones(2))
    for floor in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(InputError, match="a floor of"):
            normalise(np.ones(2), np.ones(2), floor)


def test_bad_repeats_and_options_are_refused():
    repeats, _ = simulated(3, 1.0, 20, 2)
    for bad in (repeats[:1], repeats[:, :2], repeats[0]):
        with pytest.raises(InputError, match=r"repeats of shape .* at least 2 repeats and 3 TRs"):
            ceiling_from_repeats(bad)
    with pytest.raises(InputError, match="subjects of shape"):
        ceiling_from_subjects(repeats[:1])
    with pytest.raises(InputError, match="'both' was asked for"):
        ceiling_from_repeats(repeats, "both")
    with pytest.raises(InputError, match="'both' was asked for"):
        explainable_variance(repeats, "both")
    with pytest.raises(InputError, match="unknown method 'anova'"):
        ceiling_from_repeats(repeats, method="anova")
    repeats[2, 5, 1] = np.nan
    with pytest.raises(InputError, match=r"number 2 \(from 0\) of 3 repeats"):
        ceiling_from_repeats(repeats)
