"""Where over the layers predictivity peaks, and how well that is known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.errors import InputError
from backend.statistics import expanded_tails, resample_weights
from backend.statistics.units import LEAST_UNITS, Values, require_units

N_BOOT = 2000
# Resampled curves held at a time.
_BATCH_BYTES = 64_000_000


class Peak(NamedTuple):
    """The peak of a mean curve, per leading entry of the curves.

    Attributes
    ----------
    layer, low, high : ndarray of float64
        The layer with the highest mean, and the bounds of its interval, whole layers.
    place, place_low, place_high : ndarray of float64
        Where between the layers a parabola through that layer and its neighbours peaks, and its
        interval. Steadier than the layer, and what a hierarchy is counted from.
    """

    layer: Values
    low: Values
    high: Values
    place: Values
    place_low: Values
    place_high: Values


def peak_layer(curves: ArrayLike) -> NDArray[np.int64]:
    """Index of the highest value along the last axis; the first of equals."""
    return np.argmax(np.asarray(curves, dtype=np.float64), axis=-1)


def peak_place(curves: ArrayLike) -> Values:
    """Place of the peak between the layers, by a parabola through the highest layer.

    Parameters
    ----------
    curves : array-like of shape (..., n_layers)

    Returns
    -------
    ndarray of float64, shape (...)
        Within half a layer of the highest one; the first or the last layer itself where that is the
        highest, since nothing is known of what lies beyond.
    """
    values = np.asarray(curves, dtype=np.float64)
    highest = peak_layer(values)
    last = values.shape[-1] - 1
    inside = (highest > 0) & (highest < last)
    if not inside.any():
        return highest.astype(np.float64)
    middle = np.clip(highest, 1, last - 1)[..., None]
    before, at, after = (
        np.take_along_axis(values, middle + step, -1)[..., 0] for step in (-1, 0, 1)
    )
    bend = before - 2 * at + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return np.where(inside, highest + np.clip(shift, -0.5, 0.5), highest)


def peak(
    curves: ArrayLike,
    layers: ArrayLike | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
    level: float = 0.95,
) -> Peak:
    """Peak of mean curves over layers, with bootstrap intervals over folds, stories or subjects.

    Parameters
    ----------
    curves : array-like of shape (n_units, ..., n_layers)
        One curve per unit. Entries between see the same resamples.
    layers : array-like of shape (n_layers,), optional
        Ascending; 0, 1, 2 ... where it is not given.
    n_boot : int
        Resamples.
    seed : int
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    Peak
        Arrays of shape (...). Bounds are NaN where there are fewer than three units.

    Raises
    ------
    InputError
        If values are not finite, or layers do not fit the curves.

    Notes
    -----
    Units are resampled, their curves averaged, and the peak is found again; the bounds are expanded
    percentiles (:func:`backend.statistics.expanded_tails`). Measured on bell-shaped curves over 7,
    13 and 33 layers under noise that neighbouring layers share, at a nominal 95 %: the layer's
    interval covers in 97 to 99 % of cases (whole layers err on the wide side) and the place's in 93
    to 97 %, with 6 and with 10 units; plain percentiles cover the place in 86 to 93 %. With 3 units
    the layer's interval still covers in 95 % and the place's only in 75 %.

    A centre of mass of the curve's upper half varies less, but a peak near the first or the last
    layer pulls it inwards: its intervals cover in 67 to 84 % when peaks lie anywhere, and on a
    curve without a peak it points at the middle with confidence. The parabola's intervals cover in
    93 % or more, and become as wide as the model where there is no peak.
    """
    values = np.asarray(curves, dtype=np.float64)
    counted = np.arange(values.shape[-1]) if layers is None else layers
    named = np.asarray(counted, dtype=np.float64)
    if values.ndim < 2 or named.shape != values.shape[-1:]:
        raise InputError(
            f"curves of shape {values.shape} over {named.size} layers were given; give one row per "
            "unit, with a value for each layer."
        )
    mean = values.mean(axis=0)
    nothing = np.full(mean.shape[:-1], np.nan)
    found = named[peak_layer(mean)].astype(np.float64)
    places = _named(peak_place(mean), named)
    if len(values) < LEAST_UNITS:
        return Peak(found, nothing, nothing, places, nothing, nothing)
    require_units(values)
    resampled = resampled_places(values, n_boot, seed)
    tails = expanded_tails(len(values), level)
    whole = np.quantile(resampled.layers, tails, axis=0, method="closest_observation")
    between = np.quantile(resampled.places, tails, axis=0)
    low, high = (named[bound.astype(np.int64)].astype(np.float64) for bound in whole)
    place_low, place_high = (_named(bound, named) for bound in between)
    # Of few units the outermost resamples may all lie on one side of the estimate.
    return Peak(
        found,
        np.minimum(low, found),
        np.maximum(high, found),
        places,
        np.minimum(place_low, places),
        np.maximum(place_high, places),
    )


class Resampled(NamedTuple):
    """Peaks of resampled mean curves, shape (n_boot, ...): index of the layer, and place."""

    layers: NDArray[np.int64]
    places: Values


def resampled_places(curves: Values, n_boot: int = N_BOOT, seed: int = 0) -> Resampled:
    """Find the peaks of mean curves again in resamples of the units.

    Parameters
    ----------
    curves : ndarray of shape (n_units, ..., n_layers)
    n_boot : int
    seed : int

    Returns
    -------
    Resampled
    """
    flat = curves.reshape(len(curves), -1)
    weights = resample_weights(np.random.default_rng(seed), len(curves), n_boot)
    rows = max(1, _BATCH_BYTES // (8 * flat.shape[1]))
    layers, places = [], []
    for start in range(0, n_boot, rows):
        means = (weights[start : start + rows] @ flat).reshape(-1, *curves.shape[1:])
        layers.append(peak_layer(means))
        places.append(peak_place(means))
    return Resampled(np.concatenate(layers), np.concatenate(places))


def _named(places: Values, layers: Values) -> Values:
    """Places among the layers' own numbers, which may leave some out."""
    return np.interp(places, np.arange(len(layers)), layers)
