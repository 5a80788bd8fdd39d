import numpy as np
import pytest
from scipy.stats import t
from statsmodels.stats.weightstats import ttost_paired

from backend.errors import InputError
from backend.statistics import mean_interval, tost
from tests.statistics.simulate import by_chance

MARGIN = 0.02


def differences(mean: float, n: int = 8, n_runs: int | None = None, seed: int = 0) -> np.ndarray:
    shape = n if n_runs is None else (n_runs, n)
    return np.random.default_rng(seed).normal(mean, 0.01, shape)


@pytest.mark.parametrize("mean", [-0.03, -0.02, 0.0, 0.01, 0.05])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_equals_statsmodels(mean, alpha):
    d = differences(mean)
    found = tost(d, MARGIN, alpha)
    p, _, _ = ttost_paired(d, np.zeros_like(d), -MARGIN, MARGIN)
    assert found.p == pytest.approx(p)
    assert found.equivalent == (p < alpha)
    assert (found.mean, found.low, found.high) == pytest.approx(mean_interval(d, 1 - 2 * alpha))
    assert found.equivalent == (found.low > -MARGIN and found.high < MARGIN)
    assert (found.margin, found.alpha, found.n_units) == (MARGIN, alpha, 8)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("n", [6, 20])
def test_differences_as_large_as_the_margin_pass_in_one_of_twenty(side, n):
    rate = np.mean([tost(d, MARGIN).equivalent for d in differences(side * MARGIN, n, 4000)])
    low, high = by_chance(0.05, 4000)
    assert low < rate < high


def test_power_is_that_of_the_closed_form():
    # Known spread would give 2 Phi(...) - 1; of n = 200 the t distribution is as good as normal.
    n, sd = 200, 0.1
    random = np.random.default_rng(1)
    rate = np.mean([tost(d, MARGIN).equivalent for d in random.normal(0, sd, (2000, n))])
    power = 2 * t.cdf(MARGIN / (sd / np.sqrt(n)) - t.ppf(0.95, n - 1), n - 1) - 1
    low, high = by_chance(power, 2000)
    assert low < rate < high


def test_few_noisy_units_show_nothing():
    found = tost([-0.1, 0.0, 0.1], MARGIN)
    assert found.mean == 0
    assert not found.equivalent


def test_equal_differences():
    assert tost([0.0, 0.0, 0.0], MARGIN).p == 0
    assert tost([0.0, 0.0, 0.0], MARGIN).equivalent
    assert tost([0.25, 0.25, 0.25], MARGIN).p == 1
    assert tost([0.25, 0.25, 0.25], 0.25).p == 1


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([0.1, 0.2, 0.3], {"margin": 0.0}, "margin of 0.0"),
        ([0.1, 0.2, 0.3], {"margin": -0.1}, "margin of -0.1"),
        ([0.1, 0.2, 0.3], {"margin": float("nan")}, "margin of nan"),
        ([0.1, 0.2, 0.3], {"margin": 0.1, "alpha": 0.5}, "alpha 0.5"),
        ([0.1, 0.2], {"margin": 0.1}, "2 units were given; at least 3"),
        ([0.1, np.nan, 0.3], {"margin": 0.1}, "1 of 3 units hold NaN"),
        ([[0.1, 0.2, 0.3]], {"margin": 0.1}, r"shape \(1, 3\)"),
    ],
)
def test_what_cannot_be_tested_is_refused(given, options, message):
    with pytest.raises(InputError, match=message):
        tost(given, **options)
