"""Two ways in which scores may rise with size, fitted and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from backend.errors import InputError
from backend.statistics import Interval, mean_interval, t_half_width
from backend.statistics.units import LEAST_UNITS

Form = Literal["log-linear", "saturating"]
Values = NDArray[np.float64]

# Coefficients of each form, and the variance of what it leaves over.
N_ESTIMATED: Mapping[Form, int] = {"log-linear": 3, "saturating": 4}
EXPONENTS = (0.01, 5.0)
"""Below, the curve cannot be told from log-linear; above, it is a step at the smallest model."""

_GRID, _ZOOMS, _WITHIN = 160, 5, 9
_LINE_POINTS = 60
_LEVEL = 0.95


@dataclass(frozen=True)
class ScalingFit:
    """One curve through the models' mean scores.

    Attributes
    ----------
    form : {"log-linear", "saturating"}
    coefficients : dict of str to Interval
        ``intercept`` and ``slope`` (per tenfold size), or ``roof`` (c), ``gap`` (a, at
        ``reference``) and ``exponent`` (b); bounds are NaN where units are fewer than three.
    reference : float
        Geometric mean of the sizes.
    n_models, n_units : int
    rss : float
        Sum of squares that the curve leaves over.
    aicc : float
    weight : float
        Akaike weight among the fitted forms; NaN where there is no other form.
    at_bound : bool
        Whether the exponent ran to a bound, so that the roof cannot be read off.
    line : pandas.DataFrame
        size, value, low, high: the curve from the smallest to the largest model.
    """

    form: Form
    coefficients: Mapping[str, Interval]
    reference: float
    n_models: int
    n_units: int
    rss: float
    aicc: float
    weight: float
    at_bound: bool
    line: pd.DataFrame


@dataclass(frozen=True)
class ScalingFits:
    """The forms that could be fitted, the better one first, and why others could not.

    Attributes
    ----------
    fits : tuple of ScalingFit
    refused : dict of Form to str
    """

    fits: tuple[ScalingFit, ...]
    refused: Mapping[Form, str]


def aicc(rss: float, n: int, k: int) -> float:
    """Akaike's information criterion of a least-squares fit, corrected for small samples.

    Parameters
    ----------
    rss : float
        Residual sum of squares.
    n : int
        Points.
    k : int
        Estimated parameters, the variance of the noise included.

    Returns
    -------
    float
        ``n log(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1)``; lower is better.

    Raises
    ------
    InputError
        If there are no more than ``k + 1`` points, for which it is not defined.

    References
    ----------
    Hurvich & Tsai 1989, Regression and time series model selection in small samples, Biometrika
    76:297.
    """
    if n <= k + 1:
        raise InputError(f"{n} points are too few for AICc with {k} parameters: it takes {k + 2}.")
    # Points that lie on the curve but for rounding have no logarithm to compare.
    spread = max(rss / n, 1e-16)
    return float(n * np.log(spread) + 2 * k + 2 * k * (k + 1) / (n - k - 1))


def fit_scaling(
    sizes: ArrayLike, scores: ArrayLike, n_boot: int = 1000, seed: int = 0
) -> ScalingFits:
    """Fit mean scores by ``a + b log10(N)`` and by ``c - a (N / N0)**-b``, with a and b above 0.

    Parameters
    ----------
    sizes : array-like of shape (n_models,)
        Parameters; or, for an axis on which less is better, one over it.
    scores : array-like of shape (n_models, n_units)
        Of the same units, folds or subjects, in every model.
    n_boot : int
        Resamples of units for the saturating curve.
    seed : int

    Returns
    -------
    ScalingFits
        A form that AICc cannot judge with so few models, or that has more coefficients than there
        are sizes, is refused with the reason.

    Raises
    ------
    InputError
        If shapes do not fit, a size is not above 0, or a score is not finite.

    Notes
    -----
    Intervals are over units, for these very models: all models see the same units, so that what
    makes a story easy for all of them does not widen the slope. The log-linear curve of the mean is
    the mean of the units' curves, and has Student's t interval. The saturating curve is not linear
    in its scores; its intervals resample units for all models at once (percentiles), and are
    somewhat narrow where units are few (see :func:`backend.statistics.bootstrap_interval`).

    Given its exponent, the saturating curve is linear in c and a, so that only the exponent is
    searched for, on a grid that closes in on the least sum of squares.

    References
    ----------
    Golub & Pereyra 1973, The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, SIAM Journal on Numerical Analysis 10:413.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    _require_points(x, y)
    refused = {form: reason for form in N_ESTIMATED if (reason := _too_few(form, x))}
    fits = []
    if "log-linear" not in refused:
        fits.append(_fit_log_linear(x, y))
    if "saturating" not in refused:
        fits.append(_fit_saturating(x, y, n_boot, seed))
    return ScalingFits(_weighed(fits), refused)


def _require_points(x: Values, y: Values) -> None:
    if x.ndim != 1 or y.ndim != 2 or len(x) != len(y) or y.shape[1] == 0:
        raise InputError(
            f"sizes of shape {x.shape} and scores of shape {y.shape} were given; give one size per "
            "model, and one row of units per model."
        )
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise InputError("a size is not a number above 0; leave out models of unknown size.")
    if not np.isfinite(y).all():
        raise InputError("a score is not finite; take the units that all models have.")


def _too_few(form: Form, x: Values) -> str | None:
    n, k = len(x), N_ESTIMATED[form]
    if n <= k + 1:
        return f"needs {k + 2} models, there {'is' if n == 1 else 'are'} {n}"
    # One size more than coefficients, or the curve passes through every size.
    n_sizes = len(np.unique(x))
    return None if n_sizes >= k else f"needs {k} different sizes, there are {n_sizes}"


def _weighed(fits: list[ScalingFit]) -> tuple[ScalingFit, ...]:
    if len(fits) < 2:
        return tuple(fits)
    criteria = np.array([fit.aicc for fit in fits])
    likelihoods = np.exp((criteria.min() - criteria) / 2)
    weights = likelihoods / likelihoods.sum()
    weighed = [
        ScalingFit(**{**vars(fit), "weight": float(weight)})
        for fit, weight in zip(fits, weights, strict=True)
    ]
    return tuple(sorted(weighed, key=lambda fit: fit.aicc))


def _fit_log_linear(x: Values, y: Values) -> ScalingFit:
    design = np.stack([np.ones_like(x), np.log10(x)], axis=1)
    # One straight line per unit: [2, n_units].
    units = np.linalg.lstsq(design, y, rcond=None)[0]
    rss = float(((y.mean(axis=1) - design @ units.mean(axis=1)) ** 2).sum())
    sizes = _along(x)
    lines = np.stack([np.ones_like(sizes), np.log10(sizes)], axis=1) @ units
    return ScalingFit(
        form="log-linear",
        coefficients={"intercept": _over_units(units[0]), "slope": _over_units(units[1])},
        reference=_reference(x),
        n_models=len(x),
        n_units=y.shape[1],
        rss=rss,
        aicc=aicc(rss, len(x), N_ESTIMATED["log-linear"]),
        weight=float("nan"),
        at_bound=False,
        line=_line_frame(sizes, *_t_band(lines)),
    )


def _fit_saturating(x: Values, y: Values, n_boot: int, seed: int) -> ScalingFit:
    steps = np.log(x / _reference(x))
    roof, gap, exponent = _saturating(steps, y.mean(axis=1)[None, :])
    rss = float(((y.mean(axis=1) - _saturated(steps, roof, gap, exponent)[0]) ** 2).sum())
    sizes = _along(x)
    along = np.log(sizes / _reference(x))
    value = _saturated(along, roof, gap, exponent)[0]
    n_units = y.shape[1]
    # Without spread to resample, the bounds are unknown and not the estimate itself.
    drawn = np.full((3, 1), np.nan)
    band = np.full((1, len(along)), np.nan)
    if n_units >= LEAST_UNITS:
        weights = np.random.default_rng(seed).multinomial(
            n_units, np.full(n_units, 1 / n_units), size=n_boot
        )
        resampled = _saturating(steps, weights @ y.T / n_units)
        drawn = np.stack(resampled)
        band = _saturated(along, *resampled)
    low, high = _tails(band)
    bounds = _tails(drawn.T)
    estimates = (float(roof[0]), float(gap[0]), float(exponent[0]))
    names = ("roof", "gap", "exponent")
    return ScalingFit(
        form="saturating",
        coefficients={
            name: Interval(estimate, float(lower), float(upper))
            for name, estimate, lower, upper in zip(names, estimates, *bounds, strict=True)
        },
        reference=_reference(x),
        n_models=len(x),
        n_units=n_units,
        rss=rss,
        aicc=aicc(rss, len(x), N_ESTIMATED["saturating"]),
        weight=float("nan"),
        at_bound=_is_at_bound(estimates[1], estimates[2]),
        line=_line_frame(sizes, value, low, high),
    )


def _saturating(steps: Values, means: Values) -> tuple[Values, Values, Values]:
    """Fit ``roof - gap exp(-exponent steps)`` to each row of means, gap at least 0.

    Parameters
    ----------
    steps : ndarray of shape (n_models,)
    means : ndarray of shape (n_curves, n_models)

    Returns
    -------
    tuple of ndarray of shape (n_curves,)
        Roof, gap and exponent. Where scores do not rise, the gap is 0 and the roof their mean.
    """
    exponents = np.geomspace(*EXPONENTS, _GRID)[None, :]
    ratio = (EXPONENTS[1] / EXPONENTS[0]) ** (1 / (_GRID - 1))
    best = _best_exponent(steps, means, exponents)
    for _ in range(_ZOOMS):
        around = best[:, None] * np.geomspace(1 / ratio, ratio, _WITHIN)[None, :]
        best = _best_exponent(steps, means, np.clip(around, *EXPONENTS))
        ratio = ratio ** (2 / (_WITHIN - 1))
    falling = np.exp(-best[:, None] * steps)
    centred = falling - falling.mean(axis=1, keepdims=True)
    spread = (centred**2).sum(axis=1)
    gap = np.maximum(-(centred * means).sum(axis=1) / spread, 0.0)
    return means.mean(axis=1) + gap * falling.mean(axis=1), gap, best


def _best_exponent(steps: Values, means: Values, exponents: Values) -> Values:
    """Choose, for each row of means, the exponent of its row (or of the only row)."""
    falling = np.exp(-exponents[:, :, None] * steps)
    centred = falling - falling.mean(axis=2, keepdims=True)
    # One row of exponents for all curves is a product of matrices.
    shared = means @ centred[0].T if len(centred) == 1 else np.einsum("rem,rm->re", centred, means)
    # What the curve explains; a curve that falls where scores rise explains nothing.
    explained = np.where(shared < 0, shared**2, 0.0) / (centred**2).sum(axis=2)
    places = explained.argmax(axis=1)
    rows = np.broadcast_to(exponents, explained.shape)
    return rows[np.arange(len(rows)), places]


def _saturated(steps: Values, roof: Values, gap: Values, exponent: Values) -> Values:
    return roof[:, None] - gap[:, None] * np.exp(-exponent[:, None] * steps)


def _is_at_bound(gap: float, exponent: float) -> bool:
    low, high = EXPONENTS
    return gap == 0 or exponent <= 1.01 * low or exponent >= high / 1.01


def _over_units(values: Values) -> Interval:
    interval = mean_interval(values)
    if len(values) < LEAST_UNITS:
        return Interval(interval.mean, float("nan"), float("nan"))
    return interval


def _t_band(lines: Values) -> tuple[Values, Values, Values]:
    """Mean and t interval of units' lines, [n_points, n_units]."""
    middle, n = lines.mean(axis=1), lines.shape[1]
    half = np.full_like(middle, np.nan)
    if n >= LEAST_UNITS:
        half = lines.std(axis=1, ddof=1) * t_half_width(1.0, n, _LEVEL)
    return middle, middle - half, middle + half


def _tails(resampled: Values) -> tuple[Values, Values]:
    """Percentile bounds of each column."""
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    return low, high


def _reference(x: Values) -> float:
    return float(np.exp(np.log(x).mean()))


def _along(x: Values) -> Values:
    return np.geomspace(x.min(), x.max(), _LINE_POINTS)


def _line_frame(sizes: Values, value: Values, low: Values, high: Values) -> pd.DataFrame:
    return pd.DataFrame({"size": sizes, "value": value, "low": low, "high": high})
