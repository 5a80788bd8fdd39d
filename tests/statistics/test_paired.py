import numpy as np
import pytest
from scipy import stats

from backend.errors import InputError
from backend.statistics import mean_interval, paired_difference
from tests.statistics.simulate import by_chance

UNITS = ("s1", "s2", "s3", "s4", "s5")


def scores(n: int = 5, n_targets: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(0.30, 0.1, (n, n_targets)), random.normal(0.25, 0.1, (n, n_targets))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_equals_scipy(level):
    a, b = scores()
    found = paired_difference(a, b, UNITS, level)
    expected = stats.ttest_rel(a, b)
    bounds = expected.confidence_interval(level)
    np.testing.assert_allclose(found.p, expected.pvalue)
    np.testing.assert_allclose(found.low, bounds.low)
    np.testing.assert_allclose(found.high, bounds.high)
    np.testing.assert_allclose(found.mean, (a - b).mean(axis=0))
    assert found.units == UNITS


def test_one_number_per_unit():
    a, b = scores()
    found = paired_difference(a[:, 0], b[:, 0], UNITS)
    assert float(found.p) == pytest.approx(stats.ttest_rel(a[:, 0], b[:, 0]).pvalue)
    assert (found.mean, found.low, found.high) == pytest.approx(mean_interval(a[:, 0] - b[:, 0]))


def test_rows_of_one_unit_count_once():
    a, b = scores(10)
    found = paired_difference(a, b, [name for name in UNITS for _ in range(2)])
    once = paired_difference(
        a.reshape(5, 2, -1).mean(axis=1), b.reshape(5, 2, -1).mean(axis=1), UNITS
    )
    np.testing.assert_allclose(found.p, once.p)
    np.testing.assert_allclose(found.differences, once.differences)


def test_equal_runs_do_not_differ_and_a_constant_shift_does():
    a, _ = scores()
    same = paired_difference(a, a, UNITS)
    np.testing.assert_array_equal(same.p, 1)
    shifted = paired_difference(np.full(5, 0.5), np.full(5, 0.25), UNITS)
    assert (shifted.p, shifted.low, shifted.high) == (0, 0.25, 0.25)


@pytest.mark.parametrize("n", [3, 6, 20])
def test_false_positives(n):
    random = np.random.default_rng(n)
    subjects = random.normal(0.3, 0.1, (n, 1))
    a, b = subjects + random.normal(0, 0.02, (2, n, 5000))
    found = paired_difference(a, b, range(n))
    low, high = by_chance(0.05, 5000)
    assert low < (found.p < 0.05).mean() < high
    np.testing.assert_array_equal(found.p < 0.05, (found.low > 0) | (found.high < 0))


def test_what_cannot_be_paired_is_refused():
    a, b = scores()
    with pytest.raises(InputError, match=r"\(5, 4\) and \(4, 4\)"):
        paired_difference(a, b[1:], UNITS)
    with pytest.raises(InputError, match="4 units were named for 5 rows"):
        paired_difference(a, b, UNITS[1:])
    with pytest.raises(InputError, match="2 units were given"):
        paired_difference(a, b, ["s1", "s1", "s1", "s2", "s2"])
    with pytest.raises(InputError, match="level 95"):
        paired_difference(a, b, UNITS, level=95)
    a[2, 1] = np.nan
    with pytest.raises(InputError, match="1 of 5 units hold NaN.*number 2"):
        paired_difference(a, b, UNITS)
