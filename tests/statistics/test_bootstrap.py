import numpy as np
import pytest
from scipy import stats

from backend.errors import InputError
from backend.statistics import bootstrap, bootstrap_interval, crossed_bootstrap_interval
from tests.statistics.simulate import by_chance

VALUES = np.random.default_rng(0).gamma(1.5, 0.2, (12, 5))
ONE_UNKNOWN = VALUES.copy()
ONE_UNKNOWN[4, 2] = np.nan


def missed(interval, truth: float = 0.0) -> float:
    return float(((interval.low > truth) | (interval.high < truth)).mean())


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std], ids=lambda f: f.__name__)
@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_equals_scipy_on_the_same_resamples(statistic, method, level):
    interval = bootstrap_interval(VALUES, statistic, 500, seed=3, level=level, method=method)
    expected = [
        stats.bootstrap(
            (column,),
            statistic,
            n_resamples=500,
            confidence_level=level,
            method={"percentile": "percentile", "bca": "BCa"}[method],
            rng=np.random.default_rng(3),
        ).confidence_interval
        for column in VALUES.T
    ]
    np.testing.assert_allclose(interval.estimate, statistic(VALUES, axis=0))
    np.testing.assert_allclose(interval.low, [one.low for one in expected])
    np.testing.assert_allclose(interval.high, [one.high for one in expected])


def test_one_sided_resamples_leave_bca_uncorrected():
    def number_of_equals(values, axis):
        return np.array([len(column) - len(np.unique(column)) for column in values.T], dtype=float)

    given = bootstrap_interval(VALUES, number_of_equals, 200, method="bca")
    plain = bootstrap_interval(VALUES, number_of_equals, 200, method="percentile")
    np.testing.assert_array_equal(given.estimate, 0)
    assert (given.low > 0).all()
    np.testing.assert_array_equal(given.low, plain.low)
    np.testing.assert_array_equal(given.high, plain.high)


def test_trailing_axes_and_batches_change_nothing(monkeypatch):
    whole = bootstrap_interval(VALUES, n_boot=200, method="bca")
    monkeypatch.setattr(bootstrap, "_BATCH_BYTES", 8 * 200 * 2)
    folded = bootstrap_interval(VALUES[:, :4].reshape(12, 2, 2), n_boot=200, method="bca")
    assert folded.estimate.shape == folded.low.shape == (2, 2)
    np.testing.assert_array_equal(folded.low.ravel(), whole.low[:4])
    one = bootstrap_interval(VALUES[:, 0], n_boot=200, method="bca")
    assert one.high.shape == ()
    assert float(one.high) == pytest.approx(whole.high[0], rel=1e-12)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_equal_values_have_no_width(method):
    interval = bootstrap_interval(np.full(5, 0.25), method=method)
    assert tuple(interval) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_coverage(method):
    values = np.random.default_rng(1).normal(0.2, 0.1, (60, 2000))
    interval = bootstrap_interval(values, n_boot=1000, method=method)
    covered = 1 - missed(interval, 0.2)
    low, high = by_chance(0.945, 2000)  # sqrt(59 / 60) of the width
    assert low < covered < high


def crossed(n_subjects: int, n_stories: int, sds: tuple[float, float, float], n: int = 2000):
    """Scores of mean zero: subject effects, story effects, and what belongs to one cell."""
    random = np.random.default_rng(2)
    parts = ((n_subjects, 1, n), (1, n_stories, n), (n_subjects, n_stories, n))
    return sum(sd * random.normal(size=shape) for sd, shape in zip(sds, parts, strict=True))


def test_crossed_draws_are_those_of_loops():
    values = VALUES.reshape(3, 4, 5)
    random = np.random.default_rng(7)
    subjects = random.multinomial(3, [1 / 3] * 3, size=100)
    stories = random.multinomial(4, [1 / 4] * 4, size=100)
    draws = [
        values[np.repeat(range(3), s)][:, np.repeat(range(4), t)].mean(axis=(0, 1))
        for s, t in zip(subjects, stories, strict=True)
    ]
    interval = crossed_bootstrap_interval(values, n_boot=100, seed=7, level=0.8)
    np.testing.assert_allclose(interval.estimate, values.mean(axis=(0, 1)))
    np.testing.assert_allclose(interval.low, np.quantile(draws, 0.1, axis=0))
    np.testing.assert_allclose(interval.high, np.quantile(draws, 0.9, axis=0))


def test_crossed_coverage_is_that_of_the_docstring():
    rate = missed(crossed_bootstrap_interval(crossed(8, 10, (1, 1, 1)), n_boot=500))
    low, high = by_chance(0.07, 2000)
    assert low < rate < high
    assert missed(crossed_bootstrap_interval(crossed(8, 10, (0, 0, 1)), n_boot=500)) < 0.05


def test_ignoring_that_stories_are_shared_is_too_narrow():
    values = crossed(8, 10, (0.3, 1, 1))
    of_subjects_alone = bootstrap_interval(values.mean(axis=1), n_boot=500)
    assert missed(of_subjects_alone) > 0.3
    assert missed(crossed_bootstrap_interval(values, n_boot=500)) < 0.12


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (VALUES[:2], {}, "2 units"),
        (0.5, {}, "0 units"),
        (ONE_UNKNOWN, {}, "1 of 12 units.*number 4"),
        (VALUES, {"n_boot": 10}, "10 resamples"),
        (VALUES, {"level": 95}, "level 95"),
        (VALUES, {"method": "basic"}, "'basic'.*percentile and bca"),
    ],
)
def test_what_cannot_be_resampled_is_refused(values, options, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval(values, **options)


@pytest.mark.parametrize(
    ("shape", "message"), [((2, 5), "2 subjects"), ((5, 2), "2 stories"), ((5,), "0 stories")]
)
def test_crossed_needs_three_subjects_and_three_stories(shape, message):
    with pytest.raises(InputError, match=message):
        crossed_bootstrap_interval(np.ones(shape))
