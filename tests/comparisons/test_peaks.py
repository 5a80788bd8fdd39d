"""Peaks over layers: found where they were planted, and as uncertain as they are."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from backend.comparisons.peaks import peak, peak_place
from backend.errors import InputError
from backend.statistics import expanded_tails
from tests.comparisons.layer_noise import bells, noisy

TRIALS = 300


def binomial_bounds(rate: float, n: int = TRIALS) -> tuple[float, float]:
    """What a rate may be counted as in all but one of a thousand cases."""
    low, high = stats.binom.interval(0.999, n, rate)
    return low / n, high / n


def test_a_parabola_peaks_where_its_maximum_is() -> None:
    for centre in np.linspace(0.6, 4.4, 20):
        curve = 1 - 0.3 * (np.arange(6) - centre) ** 2
        found = minimize_scalar(
            lambda x, c=centre: 0.3 * (x - c) ** 2, bounds=(0, 5), method="bounded"
        ).x
        assert peak_place(curve) == pytest.approx(found, abs=1e-4)


@pytest.mark.parametrize(
    ("curve", "place"),
    [
        ([3, 2, 1, 0], 0),
        ([0, 1, 2, 3], 3),
        ([1, 1, 1, 1], 0),
        ([0, 1, 1, 0], 1.5),
        ([2], 0),
        ([1, 2], 1),
    ],
)
def test_peaks_at_the_ends_and_on_plateaus_have_a_place(curve: list[float], place: float) -> None:
    assert peak_place(curve) == place


@pytest.mark.parametrize(
    ("n_layers", "width", "sd", "n_units"), [(7, 2.0, 0.05, 6), (13, 3.0, 0.05, 10)]
)
def test_intervals_cover_planted_peaks_as_often_as_they_say(
    n_layers: int, width: float, sd: float, n_units: int
) -> None:
    random = np.random.default_rng(n_layers)
    planted = random.uniform(0.1, 0.9, TRIALS) * (n_layers - 1)
    curves = bells(planted, n_layers, width, height=0.12)
    covered, whole = np.empty(TRIALS, dtype=bool), np.empty(TRIALS, dtype=bool)
    for trial in range(TRIALS):
        found = peak(noisy(curves[trial : trial + 1], n_units, sd, random), n_boot=600, seed=trial)
        covered[trial] = found.place_low[0] <= planted[trial] <= found.place_high[0]
        whole[trial] = found.low[0] <= curves[trial].argmax() <= found.high[0]
    low, high = binomial_bounds(0.95)
    assert low <= covered.mean() <= high
    # Whole layers err on the wide side.
    assert whole.mean() >= low


def test_the_parabola_holds_at_the_ends_where_a_centre_of_mass_does_not() -> None:
    random = np.random.default_rng(3)
    n_layers, n_units = 13, 10
    planted = np.where(np.arange(TRIALS) % 2, 1.0, n_layers - 2.0)
    curves = bells(planted, n_layers, 3.0)

    def centre(values: np.ndarray) -> np.ndarray:
        low = values.min(axis=-1, keepdims=True)
        above = np.clip(values - (low + values.max(axis=-1, keepdims=True)) / 2, 0, None)
        return (above * np.arange(n_layers)).sum(axis=-1) / above.sum(axis=-1)

    tails, hits = expanded_tails(n_units), np.zeros(2)
    for trial in range(TRIALS):
        values = noisy(curves[trial : trial + 1], n_units, 0.05, random)
        found = peak(values, n_boot=600, seed=trial)
        weights = random.multinomial(n_units, np.full(n_units, 1 / n_units), 600) / n_units
        low, high = np.quantile(centre(weights @ values[:, 0]), tails)
        hits += (
            found.place_low[0] <= planted[trial] <= found.place_high[0],
            (low <= planted[trial] <= high),
        )
    parabola, mass = hits / TRIALS
    assert parabola >= binomial_bounds(0.95)[0]
    assert mass < 0.8


def test_a_curve_without_a_peak_has_an_interval_as_wide_as_the_model() -> None:
    random = np.random.default_rng(0)
    flat = noisy(np.zeros((200, 13)), 10, 0.05, random)
    found = peak(flat, n_boot=400)
    assert np.median(found.high - found.low) >= 10


def test_layers_keep_their_own_numbers() -> None:
    random = np.random.default_rng(1)
    found = peak(noisy(bells(np.array([2.0]), 4, 0.6), 8, 0.001, random), [3, 6, 9, 12])
    assert found.layer[0] == found.low[0] == found.high[0] == 9
    assert found.place_low[0] <= found.place[0] <= found.place_high[0]
    assert found.place[0] == pytest.approx(9, abs=0.2)


def test_the_estimate_lies_in_its_interval_and_seeds_repeat() -> None:
    random = np.random.default_rng(2)
    values = noisy(bells(random.uniform(0, 6, 50), 7, 1.5), 3, 0.1, random)
    found = peak(values, seed=4)
    assert ((found.low <= found.layer) & (found.layer <= found.high)).all()
    assert ((found.place_low <= found.place) & (found.place <= found.place_high)).all()
    for first, second in zip(found, peak(values, seed=4), strict=True):
        assert np.array_equal(first, second)


def test_two_units_have_a_peak_and_no_interval() -> None:
    found = peak(np.array([[0.1, 0.3, 0.2], [0.1, 0.2, 0.2]]))
    assert found.layer == 1
    assert np.isnan([found.low, found.high, found.place_low, found.place_high]).all()


def test_values_that_are_not_finite_and_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        peak(np.full((4, 3), np.nan))
    with pytest.raises(InputError, match="a value for each layer"):
        peak(np.zeros((4, 3)), [0, 1])


def test_expanded_tails_are_those_of_students_t() -> None:
    low, high = expanded_tails(6)
    widened = -stats.norm.ppf(low)
    assert widened == pytest.approx(stats.t.ppf(0.975, 5) * np.sqrt(6 / 5))
    assert low + high == pytest.approx(1)
    assert expanded_tails(10_000)[0] == pytest.approx(0.025, abs=1e-4)
