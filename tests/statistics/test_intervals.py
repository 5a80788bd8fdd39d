import math

import numpy as np
import pytest
from scipy import stats

from backend.statistics import mean_interval, t_half_width

VALUES = np.random.default_rng(0).normal(0.3, 0.1, 10)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_mean_interval_equals_scipy(level):
    interval = mean_interval(VALUES, level)
    low, high = stats.t.interval(level, 9, VALUES.mean(), stats.sem(VALUES))
    assert interval == pytest.approx((VALUES.mean(), low, high))


def test_half_width_equals_scipy():
    expected = stats.t.ppf(0.975, 9) * stats.sem(VALUES)
    assert t_half_width(VALUES.std(ddof=1), 10) == pytest.approx(expected)


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.5])
    assert interval.mean == 0.5
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert math.isnan(t_half_width(0.1, 1))


def test_no_value_is_refused():
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])
