"""Curves over layers, taken together by model, region, subject or story, with their peaks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.comparisons.hierarchy import Hierarchy, hierarchy
from backend.comparisons.peaks import Peak, peak
from backend.comparisons.scores import Units
from backend.statistics import t_half_widths
from backend.statistics.units import Values

By = Literal["model", "region", "subject", "story"]
_KEYS: dict[By, tuple[str, ...]] = {
    "model": ("design", "split"),
    "region": ("roi", "hemisphere"),
    "subject": ("subject",),
    "story": ("unit",),
}


@dataclass(frozen=True)
class LayerCurves:
    """Scores of some curves, unit by unit.

    Attributes
    ----------
    keys : pandas.DataFrame
        One row per curve: the columns that tell it from the others.
    layers : ndarray of int, shape (n_layers,)
        Ascending: layers of any of the curves.
    last : ndarray of int, shape (n_curves,)
        The last layer of each curve's model, shown or not.
    units : tuple of str
        Folds (held-out stories) or subjects.
    scores : ndarray of float64, shape (n_curves, n_units, n_layers)
        NaN where a curve lacks a layer or a unit.
    unique : ndarray of float64, shape (n_curves, n_units, n_layers)
        Unique R²; NaN where it is not known.
    ceilings : ndarray of float64, shape (n_curves, n_units)
        NaN where no noise ceiling is known.
    """

    keys: pd.DataFrame
    layers: NDArray[np.int64]
    last: NDArray[np.int64]
    units: tuple[str, ...]
    scores: Values
    unique: Values
    ceilings: Values

    def table(self) -> pd.DataFrame:
        """Return the means of the curves.

        Returns
        -------
        pandas.DataFrame
            One row per curve and layer: the columns of ``keys``, layer, depth (layer over the
            curve's last one), mean, low and high (95% t interval over units), n_units, ceiling,
            ceiling_low, ceiling_high (likewise).
        """
        mean, low, high, n = _interval(self.scores, axis=1)
        known = n > 0
        curve, layer = np.nonzero(known)
        ceiling, ceiling_low, ceiling_high, _ = _interval(self.ceilings, axis=1)
        numbers = self.layers[layer]
        depth = numbers / np.maximum(self.last[curve], 1)
        values = pd.DataFrame(
            {"layer": numbers, "depth": depth, "mean": mean[known], "low": low[known],
             "high": high[known], "n_units": n[known], "ceiling": ceiling[curve],
             "ceiling_low": ceiling_low[curve], "ceiling_high": ceiling_high[curve]}
        )  # fmt: skip
        keys = self.keys.iloc[curve].reset_index(drop=True)
        return pd.concat([keys, values], axis=1)

    def peaks(self) -> pd.DataFrame:
        """Find the peaks of the curves.

        Returns
        -------
        pandas.DataFrame
            One row per curve: the columns of ``keys``, those of
            :class:`backend.comparisons.peaks.Peak`, last (the curve's last layer), score (mean at
            the peak) with score_low and score_high, unique_r2 there with unique_low, n_units, and
            counts: whether the score and, where it is known, the unique R² lie above 0 there, by
            their intervals. Elsewhere the peak is that of noise, or of what baselines explain.
        """
        mean, low, high, n = _interval(self.scores, axis=1)
        unique, unique_low, _, _ = _interval(self.unique, axis=1)
        peaks = np.full((len(self.keys), len(Peak._fields)), np.nan)
        for rows, units, layers in self._alike():
            part = self.scores[rows][:, units][:, :, layers].transpose(1, 0, 2)
            peaks[rows] = np.column_stack(peak(part, self.layers[layers]))
        found = pd.DataFrame(peaks, columns=list(Peak._fields))
        at = np.searchsorted(self.layers, found["layer"])
        curves = np.arange(len(self.keys))
        values = found.assign(
            last=self.last,
            score=mean[curves, at], score_low=low[curves, at], score_high=high[curves, at],
            unique_r2=unique[curves, at], unique_low=unique_low[curves, at],
            n_units=n[curves, at],
        )  # fmt: skip
        score = values["score_low"].fillna(values["score"])
        adds = values["unique_low"].fillna(values["unique_r2"])
        values["counts"] = (score > 0) & (adds.isna() | (adds > 0))
        return pd.concat([self.keys, values], axis=1)

    def _alike(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]]:
        """Curves that have the same units and layers, and which."""
        known: NDArray[np.bool_] = np.isfinite(self.scores)
        layers = np.any(known, axis=1)
        # A unit counts where it has every layer of its curve.
        units = np.all(known | ~layers[:, None, :], axis=2)
        units = units | ~np.any(units, axis=1, keepdims=True)
        patterns, member = np.unique(np.hstack([units, layers]), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(member.ravel() == number)
            yield rows, pattern[: len(self.units)], pattern[len(self.units) :]


def layer_curves_by(scores: pd.DataFrame, by: By, units: Units = "folds") -> LayerCurves:
    """Take scores together to curves.

    Parameters
    ----------
    scores : pandas.DataFrame
        As of :func:`backend.comparisons.layer_scores.layer_scores`; of one region, unless ``by`` is
        region, and of one design, unless ``by`` is model.
    by : {"model", "region", "subject", "story"}
        What has a curve each; runs that differ in their subject alone are one model.
    units : {"folds", "subjects"}
        Over what curves of models and regions have intervals; those of a subject have theirs over
        folds, those of a story over subjects.

    Returns
    -------
    LayerCurves
        In the order of first appearance.
    """
    column = {"subject": "unit", "story": "subject"}.get(
        by, "unit" if units == "folds" else "subject"
    )
    keys = list(_KEYS[by])
    curve, named = _codes(scores, keys)
    unit, names = _codes(scores, [column])
    layers, layer = np.unique(scores["layer"].to_numpy(dtype=np.int64), return_inverse=True)
    shape = (len(named), len(names), len(layers))
    place = np.ravel_multi_index((curve, unit, layer), shape)
    cells = np.ravel_multi_index((curve, unit), shape[:2])
    last = np.zeros(len(named), dtype=np.int64)
    np.maximum.at(last, curve, scores["n_layers"].to_numpy(dtype=np.int64))
    return LayerCurves(
        named,
        layers,
        last,
        tuple(map(str, names[column])),
        _means(place, scores["score"].to_numpy(dtype=float), shape),
        _means(place, scores["unique_r2"].to_numpy(dtype=float), shape),
        _means(cells, scores["ceiling"].to_numpy(dtype=float), shape[:2]),
    )


def _codes(scores: pd.DataFrame, columns: Sequence[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Give each row the number of its combination, by first appearance, and list those."""
    codes = scores.groupby(list(columns), sort=False).ngroup()
    return np.asarray(codes, dtype=np.int64), scores[list(columns)].drop_duplicates().reset_index(
        drop=True
    )


def _means(places: NDArray[np.int64], values: Values, shape: tuple[int, ...]) -> Values:
    """Mean of the known values that share a place; NaN where there is none."""
    size = int(np.prod(shape))
    known = np.isfinite(values)
    n = np.bincount(places[known], minlength=size)
    total = np.bincount(places[known], weights=values[known], minlength=size)
    return np.divide(total, n, out=np.full(size, np.nan), where=n > 0).reshape(shape)


def _interval(values: Values, axis: int) -> tuple[Values, Values, Values, NDArray[np.int64]]:
    """Mean, 95% t interval and number of what is known along an axis."""
    known = np.isfinite(values)
    n = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    apart = np.where(known, values - np.expand_dims(mean, axis), 0.0)
    variance = np.divide(
        (apart**2).sum(axis=axis), n - 1, out=np.full(total.shape, np.nan), where=n > 1
    )
    half = t_half_widths(np.sqrt(variance), n)
    return mean, mean - half, mean + half, n


def baseline_table(units: pd.DataFrame, over: Units = "folds") -> pd.DataFrame:
    """Means of baselines with their intervals.

    Parameters
    ----------
    units : pandas.DataFrame
        As of :func:`backend.comparisons.layer_scores.baseline_units`.
    over : {"folds", "subjects"}

    Returns
    -------
    pandas.DataFrame
        One row per split, roi, hemisphere and baseline: mean, low, high (95% t interval), n_units.
    """
    column = "unit" if over == "folds" else "subject"
    keys = ["split", "roi", "hemisphere", "baseline"]
    curve, named = _codes(units, keys)
    unit, names = _codes(units, [column])
    shape = (len(named), len(names))
    place = np.ravel_multi_index((curve, unit), shape)
    values = _means(place, units["score"].to_numpy(dtype=float), shape)
    mean, low, high, n = _interval(values, axis=1)
    return named.assign(mean=mean, low=low, high=high, n_units=n)


def regions_left_out(peaks: pd.DataFrame, places: Mapping[str, int]) -> pd.DataFrame:
    """List the regions of a hierarchy none of whose peaks counts.

    Parameters
    ----------
    peaks : pandas.DataFrame
        Of curves by region.
    places : mapping of str to int

    Returns
    -------
    pandas.DataFrame
        One row per region, by place and name: roi, place, depth, depth_low, depth_high, each the
        mean of its hemispheres'.
    """
    counted = set(peaks["roi"][peaks["counts"]])
    others = peaks[~peaks["roi"].isin(counted) & peaks["roi"].isin(list(places))]
    last = others["last"].clip(lower=1)
    depths = pd.DataFrame(
        {"roi": others["roi"], "place": others["roi"].map(places),
         "depth": others["place"] / last, "depth_low": others["place_low"] / last,
         "depth_high": others["place_high"] / last}
    )  # fmt: skip
    return depths.groupby(["place", "roi"], as_index=False).mean()


def hierarchy_of(curves: LayerCurves, peaks: pd.DataFrame, places: Mapping[str, int]) -> Hierarchy:
    """Count the hierarchy of one model's regions.

    Parameters
    ----------
    curves : LayerCurves
        By region.
    peaks : pandas.DataFrame
        Theirs. Only curves whose peak counts are taken, in the units that all of them share.
    places : mapping of str to int

    Returns
    -------
    Hierarchy

    Raises
    ------
    InputError
        If the regions are too few for a test.
    """
    known: NDArray[np.bool_] = np.isfinite(curves.scores)
    whole = np.all(np.any(known, axis=1), axis=1)
    kept = np.flatnonzero(whole & peaks["counts"].to_numpy())
    values = curves.scores[kept]
    shared = np.all(known[kept], axis=(0, 2))
    return hierarchy(
        values[:, shared].transpose(1, 0, 2),
        list(curves.keys["roi"].iloc[kept]),
        places,
        curves.layers / max(int(curves.last.max()), 1),
    )
