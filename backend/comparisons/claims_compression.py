"""Claims about compression: harmless as a group, and the exception to it."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.catalog import ClaimEntry
from backend.comparisons.claims_material import (
    Material,
    name_of_units,
    over_units,
    units_of,
    within,
)
from backend.comparisons.claims_verdict import Finding, Judged, Settings, Status, below, equal
from backend.comparisons.claims_words import side, window
from backend.comparisons.scores import by_unit
from backend.figures.labels import compression_title, joined, model_title
from backend.statistics import benjamini_hochberg
from backend.statistics.units import LEAST_UNITS

_ALPHA = 0.05
_LEAST_METHODS = 2


def harmless(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether every method of a group leaves every model's scores where they were.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the group's methods.
    settings : Settings

    Returns
    -------
    Finding
        The effect is that of the method and model farthest from being harmless. All methods must
        be equivalent, and at least two of them, so that no test of support needs a correction; one
        beyond the margin contradicts, after Benjamini-Hochberg over all.
    """
    pairs = compressed(material, entry, settings, entry.methods)
    if pairs.empty:
        return Finding("no data", what_is_absent(material, entry, settings, "of these methods"))
    found = {}
    for (model, method), rows in pairs.groupby(["model", "compression"], sort=True):
        sample = over_units(rows, "difference")
        name = f"{model_title(str(model))}, {compression_title(str(method))}"
        found[name] = (equal(sample.values, settings.margin), sample.counts)
    q = benjamini_hochberg([tested.p_against for tested, _ in found.values()])
    harmful = [name for name, value in zip(found, q, strict=True) if value < _ALPHA]
    unclear = [name for name, (tested, _) in found.items() if tested.status != "supported"]
    n_methods = pairs["compression"].nunique()
    # One method does not speak for a group.
    status: Status = (
        "contradicted"
        if harmful
        else "undecided"
        if unclear or n_methods < _LEAST_METHODS
        else "supported"
    )
    worst, counts = max(
        (found[name] for name in (harmful or unclear or found)), key=lambda each: abs(each[0].mean)
    )
    named = next(name for name, (tested, _) in found.items() if tested is worst)
    sentence = (
        f"{len(found) - len(unclear)} of {len(found)} compressed models within "
        f"±{settings.margin:g} r, {len(harmful)} beyond it; farthest: {named}"
    )
    if n_methods < _LEAST_METHODS:
        sentence += "; one method does not speak for a group"
    return _finding(status, f"{sentence}.", worst, counts)


def gptq_exception(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether GPTQ costs more than the other methods of 4 bits in the same models.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        ``methods`` are set against ``others``.
    settings : Settings

    Returns
    -------
    Finding
        The effect is GPTQ's change minus the median change of the others, in each model. Units are
        models: with fewer than three the interval is over subjects, stories or folds, and nothing
        is decided about a consistent exception.
    """
    pairs = compressed(material, entry, settings, (*entry.methods, *entry.others))
    both = _with_both(pairs, entry.methods)
    if both.empty:
        return Finding("no data", _what_lacks_contrast(material, entry, settings, pairs))
    of_models = _contrast(both, entry.methods, "model")
    consistent = len(of_models) >= LEAST_UNITS
    values = of_models if consistent else _contrast(both, entry.methods, "unit")
    tested = below(values, -settings.margin)
    sentence = (
        f"GPTQ minus the median of the other 4-bit methods: {side(tested)} {-settings.margin:g} r; "
        f"lower in {(of_models < 0).sum()} of {len(of_models)} models"
    )
    if not consistent:
        sentence += f", and consistency takes at least {LEAST_UNITS}"
        return _finding("undecided", f"{sentence}.", tested, name_of_units(both))
    return _finding(tested.status, f"{sentence}.", tested, "models")


def compressed(
    material: Material, entry: ClaimEntry, settings: Settings, methods: Sequence[str]
) -> pd.DataFrame:
    """Select pairs of compressed and full-precision scores that a claim is about.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
    settings : Settings
        The reader's own sizes take models of every size.
    methods : sequence of str
        Beginnings of compressions' names.

    Returns
    -------
    pandas.DataFrame
        Rows of ``Material.pairs``.
    """
    pairs = material.pairs
    chosen = pairs[pairs["compression"].str.startswith(tuple(methods))]
    if settings.own is None and entry.sizes is not None:
        chosen = within(chosen, entry.sizes)
    return chosen.reset_index(drop=True)


def what_is_absent(material: Material, entry: ClaimEntry, settings: Settings, methods: str) -> str:
    """Say which runs a claim about compression lacks.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
    settings : Settings
    methods : str
        Which compressions, for the sentence.

    Returns
    -------
    str
    """
    full = material.full
    sizes = ""
    if settings.own is None and entry.sizes is not None:
        full, sizes = within(full, entry.sizes), f" of {window(entry.sizes)} parameters"
    if full.empty:
        return f"The store has no model{sizes} at full precision here."
    models = joined([model_title(name) for name in sorted(full["model"].unique())])
    return f"The store has no compression {methods} of {models} here."


def _with_both(pairs: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Keep models that have both some of the methods and some of the others."""
    chosen = pairs["compression"].str.startswith(tuple(methods))
    kinds = chosen.groupby(pairs["model"]).transform("nunique")
    return pairs[kinds == 2]


def _contrast(
    pairs: pd.DataFrame, methods: Sequence[str], over: Literal["model", "unit"]
) -> NDArray[np.float64]:
    """Difference of some methods minus the median of the others, per model or per unit.

    The contrast of :func:`backend.comparisons.compression_exceptions.exceptions`.
    """
    means = by_unit(pairs, "difference", units_of(pairs))
    wide = means.pivot_table(index=over, columns="compression", values="difference")
    chosen = wide.columns.str.startswith(tuple(methods))
    contrast = wide.loc[:, chosen].mean(axis=1) - wide.loc[:, ~chosen].median(axis=1)
    return contrast.dropna().to_numpy(dtype=np.float64)


def _what_lacks_contrast(
    material: Material, entry: ClaimEntry, settings: Settings, pairs: pd.DataFrame
) -> str:
    if pairs.empty:
        return what_is_absent(material, entry, settings, "to 4 bits")
    has = joined([compression_title(name) for name in sorted(pairs["compression"].unique())])
    return (
        "No model here was compressed both with GPTQ and with another 4-bit method; there is "
        f"{has}."
    )


def _finding(status: Status, sentence: str, tested: Judged, counts: str) -> Finding:
    return Finding(
        status, sentence, tested.mean, tested.low, tested.high, tested.level, "r", tested.n, counts,
        tested.p,
    )  # fmt: skip
