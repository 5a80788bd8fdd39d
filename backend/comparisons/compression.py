"""What a compression does to predictivity: paired differences, and what may be said of them."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from backend.comparisons.compression_methods import in_order, method
from backend.comparisons.scores import Units, by_unit
from backend.errors import InputError
from backend.statistics import benjamini_hochberg, paired_difference, tost
from backend.statistics.units import LEAST_UNITS

Verdict = Literal["equivalent", "worse", "better", "undecided"]
VERDICTS: tuple[Verdict, ...] = ("equivalent", "worse", "better", "undecided")
ALPHA = 0.05
MARGIN = 0.02
"""In r: a difference that nobody would act upon, chosen before any was seen."""

_WHERE = ("model", "compression", "roi", "hemisphere")


def verdicts(
    pairs: pd.DataFrame, margin: float = MARGIN, units: Units = "folds", by_layer: bool = False
) -> pd.DataFrame:
    """Judge each compression of each model by its paired differences from full precision.

    Parameters
    ----------
    pairs : pandas.DataFrame
        As of :func:`backend.comparisons.scores.paired_with_full_precision`.
    margin : float
        The smallest difference that would matter, in the unit of the scores.
    units : {"folds", "subjects"}
    by_layer : bool
        Judge each layer by itself; else each fold has the one layer that the pairs were made at.

    Returns
    -------
    pandas.DataFrame
        One row per model, compression, roi, hemisphere (and layer), in the order of
        :func:`backend.comparisons.compression_methods.in_order`: group, n_units, mean, low, high
        (95 % t interval), p (two-sided), q, p_equivalence (TOST), q_equivalence, verdict, reason.

    Raises
    ------
    InputError
        If the margin is not a positive number.

    Notes
    -----
    q-values are Benjamini and Hochberg's over the rows of a model, for differences and for
    equivalence alike: of the methods that are called equivalent at most 5 % are expected not to
    be, and the same holds of those that are called worse or better. A method is

    - ``equivalent`` where ``q_equivalence`` is below 0.05. This comes first: a difference may be
      real and yet too small to matter, and ``reason`` then says both;
    - ``worse`` or ``better`` where it is not equivalent and ``q`` is below 0.05;
    - ``undecided`` otherwise, and wherever there are fewer than three units.
    """
    where = [*_WHERE, "layer"] if by_layer else list(_WHERE)
    differences = by_unit(pairs, "difference", units, by_layer)
    judged = judge(differences, where, margin, units, family=["model"])
    rank = {name: place for place, name in enumerate(in_order(judged["compression"]))}
    judged["group"] = [method(name).group for name in judged["compression"]]
    order = ["model", "compression", *where[2:]]
    key = judged.assign(compression=judged["compression"].map(rank)).sort_values(order).index
    return judged.loc[key].reset_index(drop=True)


def judge(
    differences: pd.DataFrame,
    where: Sequence[str],
    margin: float,
    kind: str,
    family: Sequence[str] = (),
) -> pd.DataFrame:
    """Judge differences group by group; see :func:`verdicts`.

    Parameters
    ----------
    differences : pandas.DataFrame
        The columns of ``where``, unit and difference; rows of one group and unit are averaged.
    where : sequence of str
        Columns that make a group.
    margin : float
    kind : str
        What the units are, for the reasons.
    family : sequence of str
        Tests of one family are corrected for one another; empty for all together.

    Returns
    -------
    pandas.DataFrame
        One row per group.

    Raises
    ------
    InputError
        If the margin is not a positive number.
    """
    if not (np.isfinite(margin) and margin > 0):
        raise InputError(
            f"a margin of {margin} was given; give the smallest difference that would matter, "
            "above 0."
        )
    if differences.empty:
        return pd.DataFrame(columns=[*where, *_TESTED, "q", "q_equivalence", "verdict", "reason"])
    judged = _tests(differences, where, margin)
    keys = list(family) or (lambda _: 0)
    for p, q in (("p", "q"), ("p_equivalence", "q_equivalence")):
        judged[q] = judged.groupby(keys)[p].transform(benjamini_hochberg)
    judged["verdict"] = _verdict(judged)
    judged["reason"] = [_reason(row, margin, kind) for row in judged.to_dict("records")]
    return judged


_TESTED = ("n_units", "mean", "low", "high", "p", "p_equivalence")


def _tests(differences: pd.DataFrame, where: Sequence[str], margin: float) -> pd.DataFrame:
    """Test each group, those with the same number of units at once."""
    means = differences.groupby([*where, "unit"], sort=False)["difference"].mean().reset_index()
    group = means.groupby(list(where), sort=False).ngroup().to_numpy()
    values = means["difference"].to_numpy(dtype=np.float64)[np.argsort(group, kind="stable")]
    n_units = np.bincount(group)
    first = np.cumsum(n_units) - n_units
    tested = np.full((len(n_units), len(_TESTED)), np.nan)
    tested[:, 0] = n_units
    for n in np.unique(n_units):
        alike = np.flatnonzero(n_units == n)
        of_units = values[first[alike] + np.arange(n)[:, None]]
        tested[alike, 1] = of_units.mean(axis=0)
        if n >= LEAST_UNITS:
            names = [str(unit) for unit in range(n)]
            paired = paired_difference(of_units, np.zeros_like(of_units), names)
            equivalence = [tost(column, margin, ALPHA).p for column in of_units.T]
            tested[alike, 2:] = np.column_stack([paired.low, paired.high, paired.p, equivalence])
    named = means[list(where)].drop_duplicates().reset_index(drop=True)
    judged = named.assign(**dict(zip(_TESTED, tested.T, strict=True)))
    return judged.astype({"n_units": int})


def _verdict(judged: pd.DataFrame) -> list[Verdict]:
    # A comparison with NaN, where nothing was tested, is False.
    equivalent, differs = judged["q_equivalence"] < ALPHA, judged["q"] < ALPHA
    sides: list[Verdict] = ["better" if mean > 0 else "worse" for mean in judged["mean"]]
    return [
        "equivalent" if same else side if real else "undecided"
        for same, real, side in zip(equivalent, differs, sides, strict=True)
    ]


def _reason(row: Mapping[Hashable, object], margin: float, kind: str) -> str:
    """Say what lies behind a verdict."""
    n, low, high, p, q = (float(str(row[name])) for name in ("n_units", "low", "high", "p", "q"))
    verdict = row["verdict"]
    if n < LEAST_UNITS:
        return f"{n:.0f} {kind}; at least {LEAST_UNITS} are needed"
    if verdict == "equivalent":
        small = "small but real: it differs from 0, by less than the margin"
        return small if q < ALPHA else f"the difference is smaller than {margin:g}"
    if verdict == "undecided":
        one = "it differs from 0 by itself, but not among so many tests"
        return one if p < ALPHA else f"neither 0 nor a difference of {margin:g} can be ruled out"
    beyond = high < -margin or low > margin
    return "by more than the margin" if beyond else "it differs from 0, and may exceed the margin"
