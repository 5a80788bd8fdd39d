"""Both fits are those of independent solvers, and intervals cover what was planted."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from backend.comparisons.scaling_fits import EXPONENTS, ScalingFit, aicc, fit_scaling
from backend.errors import InputError

SIZES = np.geomspace(1e5, 1e10, 12)


def by_form(sizes: np.ndarray, scores: np.ndarray, **options: int) -> dict[str, ScalingFit]:
    return {fit.form: fit for fit in fit_scaling(sizes, scores, **options).fits}


def saturated(sizes: np.ndarray, roof: float, a: float, b: float) -> np.ndarray:
    return roof - a * sizes**-b


def noisy(curve: np.ndarray, n_units: int, sd: float, seed: int = 0) -> np.ndarray:
    """Scores of units that differ in ease, the same for all models, and by noise."""
    random = np.random.default_rng(seed)
    ease = random.normal(0, 0.05, n_units)
    return curve[:, None] + ease + random.normal(0, sd, (len(curve), n_units))


def scipy_rss(sizes: np.ndarray, means: np.ndarray) -> float:
    """Least sum of squares that scipy finds from several starts, within the same bounds."""
    steps = np.log(sizes) - np.log(sizes).mean()

    def residuals(values: np.ndarray) -> np.ndarray:
        roof, gap, exponent = values
        return means - (roof - gap * np.exp(-exponent * steps))

    found = [
        optimize.least_squares(
            residuals,
            (means.max(), 0.1, start),
            bounds=([-np.inf, 0, EXPONENTS[0]], [np.inf, np.inf, EXPONENTS[1]]),
            xtol=1e-14, ftol=1e-14, gtol=1e-14, x_scale="jac",
        )
        for start in (0.02, 0.1, 0.4, 1.0, 3.0)
    ]  # fmt: skip
    return float(min(2 * fit.cost for fit in found))


def test_the_log_linear_fit_is_that_of_statsmodels() -> None:
    scores = noisy(0.1 + 0.03 * np.log10(SIZES), 8, 0.02)
    fit = by_form(SIZES, scores)["log-linear"]
    ols = sm.OLS(scores.mean(axis=1), sm.add_constant(np.log10(SIZES))).fit()
    assert [fit.coefficients[name].mean for name in ("intercept", "slope")] == pytest.approx(
        list(ols.params)
    )
    assert fit.rss == pytest.approx(ols.ssr)
    # Both count the variance; statsmodels' log-likelihood has constants that AICc leaves out.
    n, k = len(SIZES), 3
    constant = n * (1 + math.log(2 * math.pi))
    by_likelihood = -2 * ols.llf - constant + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    assert fit.aicc == pytest.approx(by_likelihood)


def test_the_slopes_interval_is_over_units_and_blind_to_their_ease() -> None:
    scores = noisy(0.1 + 0.03 * np.log10(SIZES), 8, 0.005)
    slope = by_form(SIZES, scores)["log-linear"].coefficients["slope"]
    slopes = [stats.linregress(np.log10(SIZES), unit).slope for unit in scores.T]
    low, high = stats.t.interval(0.95, 7, np.mean(slopes), stats.sem(slopes))
    assert (slope.low, slope.high) == pytest.approx((low, high))
    easier = scores + np.linspace(-1, 1, 8)
    assert by_form(SIZES, easier)["log-linear"].coefficients["slope"] == pytest.approx(slope)


@pytest.mark.parametrize("seed", range(12))
def test_the_saturating_fit_leaves_over_no_more_than_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = np.sort(10 ** random.uniform(5, 10, random.integers(6, 20)))
    curve = saturated(sizes / 1e5, 0.4, random.uniform(0.1, 0.3), random.uniform(0.05, 1.5))
    scores = noisy(curve, 5, random.choice([0.001, 0.02, 0.1]), seed)
    fit = by_form(sizes, scores, n_boot=10)["saturating"]
    assert fit.rss <= scipy_rss(sizes, scores.mean(axis=1)) * (1 + 1e-5) + 1e-12


@pytest.mark.parametrize(("roof", "a", "b"), [(0.4, 8.0, 0.3), (0.25, 150.0, 0.6), (0.6, 1.0, 0.1)])
def test_the_saturating_fit_recovers_what_was_planted(roof: float, a: float, b: float) -> None:
    scores = np.repeat(saturated(SIZES, roof, a, b)[:, None], 3, axis=1)
    fit = by_form(SIZES, scores, n_boot=10)["saturating"]
    found = {name: interval.mean for name, interval in fit.coefficients.items()}
    assert found["roof"] == pytest.approx(roof, rel=1e-3)
    assert found["exponent"] == pytest.approx(b, rel=1e-3)
    assert found["gap"] * fit.reference ** found["exponent"] == pytest.approx(a, rel=2e-2)
    assert not fit.at_bound
    curve = saturated(fit.line["size"].to_numpy(), roof, a, b)
    assert fit.line["value"].to_numpy() == pytest.approx(curve, abs=1e-4)


def test_aicc_by_hand() -> None:
    # 8 ln(0.5 / 8) + 2 * 3 + 2 * 3 * 4 / (8 - 3 - 1)
    assert aicc(0.5, 8, 3) == pytest.approx(-22.180709777918249 + 6 + 6)
    with pytest.raises(InputError, match="4 points are too few for AICc with 3 parameters"):
        aicc(0.5, 4, 3)


def test_weights_follow_the_difference_in_aicc_and_the_better_form_is_first() -> None:
    fits = fit_scaling(SIZES, noisy(saturated(SIZES, 0.4, 8.0, 0.3), 8, 0.01)).fits
    assert [fit.form for fit in fits] == ["saturating", "log-linear"]
    assert sum(fit.weight for fit in fits) == pytest.approx(1)
    assert fits[0].weight / fits[1].weight == pytest.approx(
        math.exp((fits[1].aicc - fits[0].aicc) / 2)
    )


def test_scores_without_a_bend_prefer_the_straight_line_and_give_no_roof() -> None:
    fits = fit_scaling(SIZES, noisy(0.1 + 0.03 * np.log10(SIZES), 8, 0.001)).fits
    assert [fit.form for fit in fits] == ["log-linear", "saturating"]
    assert fits[1].at_bound


def test_scores_that_fall_have_no_gap_to_close() -> None:
    scores = noisy(0.4 - 0.03 * np.log10(SIZES), 5, 0.0)
    fit = by_form(SIZES, scores)["saturating"]
    assert fit.coefficients["gap"].mean == 0
    assert fit.coefficients["roof"].mean == pytest.approx(scores.mean())
    assert fit.at_bound


@pytest.mark.parametrize(
    ("n_models", "refused"),
    [
        (1, {"log-linear": "needs 5 models, there is 1",
             "saturating": "needs 6 models, there is 1"}),
        (4, {"log-linear": "needs 5 models, there are 4",
             "saturating": "needs 6 models, there are 4"}),
        (5, {"saturating": "needs 6 models, there are 5"}),
        (6, {}),
    ],
)  # fmt: skip
def test_forms_that_aicc_cannot_judge_are_refused(n_models: int, refused: dict[str, str]) -> None:
    sizes = SIZES[:n_models]
    fits = fit_scaling(sizes, noisy(np.log10(sizes), 4, 0.1))
    assert fits.refused == refused
    assert len(fits.fits) == 2 - len(refused)
    # Nothing to weigh against.
    if len(fits.fits) == 1:
        assert math.isnan(fits.fits[0].weight)


def test_models_of_few_sizes_are_refused() -> None:
    sizes = np.array([1e6, 1e6, 1e6, 1e9, 1e9, 1e9, 1e9])
    refused = fit_scaling(sizes, noisy(np.log10(sizes), 4, 0.1)).refused
    assert refused == {
        "log-linear": "needs 3 different sizes, there are 2",
        "saturating": "needs 4 different sizes, there are 2",
    }


def test_no_interval_is_made_of_two_units() -> None:
    for fit in fit_scaling(SIZES, noisy(saturated(SIZES, 0.4, 8.0, 0.3), 2, 0.01)).fits:
        for interval in fit.coefficients.values():
            assert math.isnan(interval.low)
            assert math.isnan(interval.high)
        assert fit.line[["low", "high"]].isna().all(axis=None)


def test_one_seed_gives_one_interval() -> None:
    scores = noisy(saturated(SIZES, 0.4, 8.0, 0.3), 6, 0.02)
    one, same, other = (by_form(SIZES, scores, seed=seed)["saturating"] for seed in (1, 1, 2))
    assert one.coefficients == same.coefficients
    assert one.coefficients != other.coefficients


def test_intervals_cover_what_was_planted() -> None:
    roof, slope = 0.4, 0.03
    covered = {"roof": 0, "slope": 0}
    n = 300
    for seed in range(n):
        bent = by_form(SIZES, noisy(saturated(SIZES, roof, 8.0, 0.3), 20, 0.02, seed),
                       n_boot=200, seed=seed)["saturating"]  # fmt: skip
        straight = by_form(SIZES, noisy(slope * np.log10(SIZES), 5, 0.02, seed), n_boot=10)
        low, high = bent.coefficients["roof"][1:]
        covered["roof"] += low <= roof <= high
        low, high = straight["log-linear"].coefficients["slope"][1:]
        covered["slope"] += low <= slope <= high
    # Student's t is exact with five units; percentiles of twenty are a little narrow.
    spread = 3 * math.sqrt(0.95 * 0.05 / n)
    assert covered["slope"] / n == pytest.approx(0.95, abs=spread)
    assert 0.87 <= covered["roof"] / n <= 0.95 + spread


@pytest.mark.parametrize(
    ("sizes", "scores", "says"),
    [
        (np.ones(3), np.ones((2, 4)), "sizes of shape"),
        (np.array([1.0, 0.0]), np.ones((2, 4)), "a size is not a number above 0"),
        (np.array([1.0, 2.0]), np.full((2, 4), np.nan), "a score is not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(sizes: np.ndarray, scores: np.ndarray, says: str) -> None:
    with pytest.raises(InputError, match=says):
        fit_scaling(sizes, scores)
