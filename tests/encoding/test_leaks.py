import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.stats import binomtest, ttest_1samp

from backend.encoding.leaks import LEVEL, leak_warning
from backend.encoding.ridge import fit_predict
from backend.encoding.scores import pearson_r
from backend.encoding.story_folds import make_story_folds
from backend.features.story_baselines import oasm_features

LENGTHS = (50, 40, 60)
STORIES = [name for name, n in zip(("wolf", "fox", "tin"), LENGTHS, strict=True) for _ in range(n)]
ALPHAS = (1.0, 10.0, 100.0, 1000.0)


def oasm_scores(split, seed, **options):
    """Held-out r of OASM on responses that hold nothing but slow noise, story by story."""
    noise = np.random.default_rng(seed).normal(size=(sum(LENGTHS), 12))
    parts = np.split(noise, np.cumsum(LENGTHS)[:-1])
    slow = np.vstack([gaussian_filter1d(part, 2.0, axis=0) for part in parts]).astype(np.float32)
    features = oasm_features(LENGTHS)
    return np.array(
        [
            pearson_r(fit_predict(features, slow, fold, ALPHAS, "together"), slow[fold.test])
            for fold in make_story_folds(STORIES, split, seed=seed, **options)
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_folds_of_slow_responses_are_reported(seed):
    warning = leak_warning(oasm_scores("shuffled", seed, n_folds=4))
    assert warning is not None
    assert "These folds leak" in warning
    assert "Hold out whole stories" in warning


@pytest.mark.parametrize("seed", range(4))
def test_folds_of_whole_stories_are_not(seed):
    scores = oasm_scores("leave-story-out", seed)
    np.testing.assert_array_equal(scores, 0)
    assert leak_warning(scores) is None


def test_blocks_with_a_gap_are_seldom_reported():
    reported = [
        leak_warning(oasm_scores("contiguous", seed, n_folds=4, gap=8)) is not None
        for seed in range(8)
    ]
    assert sum(reported) <= 1


def test_scores_at_chance_are_reported_as_often_as_the_level_says():
    random = np.random.default_rng(0)
    n = 2000
    reported = sum(
        leak_warning(random.normal(0, 0.1, (8, 1)) + random.normal(0, 0.1, (8, 5))) is not None
        for _ in range(n)
    )
    assert binomtest(reported, n, LEVEL).pvalue > 0.01


def test_p_is_that_of_scipy_over_the_folds_means():
    scores = np.random.default_rng(1).normal(0.2, 0.1, (6, 30))
    p = ttest_1samp(scores.mean(axis=1), 0, alternative="greater").pvalue
    warning = leak_warning(scores)
    assert f"p = {p:.2g}" in warning
    assert f"mean r = {scores.mean():.3f} over 6 folds" in warning


@pytest.mark.parametrize("n_folds", [1, 2])
def test_one_or_two_folds_are_judged_by_their_mean(n_folds):
    assert leak_warning(np.full((n_folds, 5), 0.09)) is None
    assert "mean r = 0.300" in leak_warning(np.full((n_folds, 5), 0.3))


def test_scores_without_any_spread_are_judged_by_their_sign():
    assert leak_warning(np.zeros((5, 3))) is None
    assert leak_warning(np.full((5, 3), -0.25)) is None
    assert leak_warning(np.full((5, 3), 0.25)) is not None


def test_targets_without_a_score_are_left_out():
    scores = np.random.default_rng(1).normal(0.3, 0.05, (6, 4))
    with_gaps = np.hstack([scores, np.full((6, 1), np.nan)])
    assert leak_warning(with_gaps) == leak_warning(scores)
    assert leak_warning(np.full((6, 4), np.nan)) is None
