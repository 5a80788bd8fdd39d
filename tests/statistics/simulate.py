"""Series and samples of known distribution, and how far a rate may stray by chance."""

import numpy as np
from scipy.signal import lfilter
from scipy.stats import binom

BURN_IN = 50


def ar1(coefficient: float, n: int, n_targets: int, seed: int) -> np.ndarray:
    """Stationary autoregressive series, [n, n_targets]."""
    shocks = np.random.default_rng(seed).normal(size=(n + BURN_IN, n_targets))
    return lfilter([1.0], [1.0, -coefficient], shocks, axis=0)[BURN_IN:]


def by_chance(rate: float, n: int, outside: float = 0.001) -> tuple[float, float]:
    """Between which shares of ``n`` a true ``rate`` falls in all but ``outside`` of cases."""
    low, high = binom.ppf([outside / 2, 1 - outside / 2], n, rate) / n
    return float(low), float(high)
