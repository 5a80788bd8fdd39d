import numpy as np
import pytest

from backend.datasets.story_recording import Region
from backend.jobs.story_scores import (
    Ceilings,
    SetScores,
    repeats_of_folds,
    score_region,
    target_regions,
)
from tests.story_helpers import make_space

REGION = Region("AC", "left", np.array([0, 1, 2]))
R = np.array([[0.1, 0.2, 0.6, 0.9]], dtype=np.float32)
CEILING = np.array([0.05, 0.4, 0.8, 0.9], dtype=np.float32)


def test_targets_under_the_floor_are_left_out_of_the_normalized_mean_and_counted() -> None:
    score = score_region(SetScores(R), 0, REGION, Ceilings(CEILING, 0.1), 1)
    assert score.r == pytest.approx(0.3)
    assert score.n_targets == 3
    assert score.n_normalized == 2
    assert score.r_normalized == pytest.approx((0.2 / 0.4 + 0.6 / 0.8) / 2)
    assert score.ceiling == pytest.approx(0.6)


def test_without_a_ceiling_nothing_is_normalized() -> None:
    score = score_region(SetScores(R), 0, REGION, Ceilings(None, 0.1), 1)
    assert (score.r_normalized, score.ceiling, score.n_normalized) == (None, None, 0)


def test_a_ceiling_that_is_undefined_is_below_any_floor() -> None:
    ceilings = Ceilings(np.array([np.nan, 0.0, 0.8, 0.9], dtype=np.float32), 0.01)
    score = score_region(SetScores(R), 0, REGION, ceilings, 1)
    assert score.n_normalized == 1
    assert score.r_normalized == pytest.approx(0.75)


def test_a_region_where_no_target_reaches_the_floor_has_no_normalized_score() -> None:
    score = score_region(SetScores(R), 0, REGION, Ceilings(CEILING, 0.85), 1)
    assert (score.r_normalized, score.n_normalized) == (None, 0)


@pytest.mark.parametrize("n_repeats", [1, 2, 5])
def test_the_ceiling_of_a_mean_is_that_of_a_simulation(n_repeats: int) -> None:
    random = np.random.default_rng(0)
    signal = random.standard_normal(200_000)
    runs = 0.5 * signal + np.sqrt(0.75) * random.standard_normal((n_repeats, len(signal)))
    single = Ceilings(np.array([0.5], dtype=np.float32), 0.1)
    raised = single.of_mean(n_repeats)
    assert raised is not None
    assert raised[0] == pytest.approx(np.corrcoef(signal, runs.mean(axis=0))[0, 1], abs=0.01)


def test_unique_variance_is_averaged_over_the_targets_that_have_it() -> None:
    unique = np.array([[np.nan, 0.02, 0.04, 0.5]], dtype=np.float32)
    score = score_region(SetScores(R, unique), 0, REGION, Ceilings(None, 0.1), 1)
    assert score.unique_r2 == pytest.approx(0.03)
    nothing = np.full_like(unique, np.nan)
    assert score_region(SetScores(R, nothing), 0, REGION, Ceilings(None, 0.1), 1).unique_r2 is None


def test_a_target_in_two_regions_names_both() -> None:
    named = target_regions(make_space())
    assert named[0] == "left AC"
    assert named[3] == "left AC; left TP"
    assert named[11] == ""


def test_a_fold_counts_the_fewest_repeats_it_holds_out() -> None:
    labels = ["a", "a", "b", "b"]
    tests = [np.array([0, 1]), np.array([2, 3]), np.array([1, 2])]
    assert repeats_of_folds(labels, tests, {"a": 1, "b": 3}) == (1, 3, 1)
