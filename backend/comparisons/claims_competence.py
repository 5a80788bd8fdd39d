"""The claim that competence falls under compression while predictivity holds."""

import numpy as np
import pandas as pd

from backend.catalog import ClaimEntry
from backend.comparisons.claims_compression import compressed, what_is_absent
from backend.comparisons.claims_material import Material, over_units
from backend.comparisons.claims_verdict import Finding, Judged, Settings, Status, below, equal
from backend.comparisons.claims_words import interval, side
from backend.statistics.units import LEAST_UNITS

PHENOMENA = ("discourse", "syntax", "morphology")
"""Of which the claim speaks."""
_PERCENT = 100.0
_OF = ["model", "compression"]


def dissociation(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether compression takes more from competence than from predictivity.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the methods.
    settings : Settings

    Returns
    -------
    Finding
        The effect is the change in competence minus the change in predictivity, each in percent of
        full precision. Units are models where there are three, else pairs of model and method,
        which share a model and are counted as such.
    """
    changes = changes_in_both(material, entry, settings)
    if changes.empty:
        return Finding("no data", _what_is_absent(material, entry, settings))
    by_model = changes["model"].nunique() >= LEAST_UNITS
    keys, counts = (["model"], "models") if by_model else (_OF, "pairs of model and method")
    means = changes.groupby(keys)[["competence", "predictivity", "difference"]].mean()
    gap = below((means["competence"] - means["predictivity"]).to_numpy(), 0.0)
    falls = below(means["competence"].to_numpy(), 0.0)
    holds = equal(means["difference"].to_numpy(), settings.margin)
    lost = below(means["difference"].to_numpy(), -settings.margin)
    sentence = (
        f"{changes['measure'].iloc[0]} {interval(falls, '%')}; predictivity {interval(holds)}, "
        f"{side(holds)} ±{settings.margin:g} r; their difference {side(gap)} 0."
    )
    status, p = _decide(gap, falls, holds, lost)
    return Finding(
        status, sentence, gap.mean, gap.low, gap.high, gap.level, "% of full precision", gap.n,
        counts, p,
    )  # fmt: skip


def _decide(gap: Judged, falls: Judged, holds: Judged, lost: Judged) -> tuple[Status, float]:
    """Support takes all three; that predictivity is lost, or falls more, contradicts."""
    if gap.status == "contradicted" or lost.status == "supported":
        return "contradicted", min(gap.p_against, lost.p_support)
    support = (gap, falls, holds)
    decided = all(tested.status == "supported" for tested in support)
    return "supported" if decided else "undecided", max(tested.p_support for tested in support)


def changes_in_both(material: Material, entry: ClaimEntry, settings: Settings) -> pd.DataFrame:
    """Change in competence and in predictivity of each compressed model.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
    settings : Settings

    Returns
    -------
    pandas.DataFrame
        One row per model and compression with both: competence and predictivity (percent of full
        precision; competence is that of :func:`probed_changes`, or minus bits per byte where none
        of these models was probed), difference (in r), measure (what competence is, in words).
        Models whose score at full precision is no larger than the margin are left out: they have
        nothing to lose.
    """
    pairs = compressed(material, entry, settings, entry.methods)
    rows = []
    for (model, compression), cells in pairs.groupby(_OF):
        full = over_units(cells, "full").values.mean()
        difference = over_units(cells, "difference").values.mean()
        if full > settings.margin:
            rows.append((model, compression, _PERCENT * difference / full, difference))
    columns = [*_OF, "predictivity", "difference"]
    predictivity = pd.DataFrame(rows, columns=columns)
    probed = predictivity.merge(probed_changes(material.probes), on=_OF)
    if len(probed):
        return probed.assign(measure="Competence in discourse, syntax and morphology")
    of_text = predictivity.merge(competence_changes(material.quality), on=_OF)
    return of_text.assign(measure="Competence (bits per byte)")


def probed_changes(probes: pd.DataFrame) -> pd.DataFrame:
    """Average what compression takes from discourse, syntax and morphology.

    Parameters
    ----------
    probes : pandas.DataFrame
        As of :func:`backend.comparisons.probes.competence_changes`.

    Returns
    -------
    pandas.DataFrame
        model, compression and competence: the change in percent of what full precision has above
        chance, over those of the three that were clearly above it.
    """
    known = probes[probes["phenomenon"].isin(PHENOMENA) & probes["percent"].notna()]
    means = known.assign(percent=known["percent"].astype(np.float64)).groupby(_OF)["percent"].mean()
    return means.rename("competence").reset_index()


def competence_changes(quality: pd.DataFrame) -> pd.DataFrame:
    """Change in bits per byte under compression, on the same text and the same weights.

    Parameters
    ----------
    quality : pandas.DataFrame
        As of :func:`backend.store.queries.model_quality`.

    Returns
    -------
    pandas.DataFrame
        model, compression and competence: minus the change, in percent of full precision, averaged
        over texts.
    """
    known = quality[quality["bits_per_byte"].notna()].copy()
    # A catalogued model has no fingerprint, and nothing equals nothing.
    known["model_fingerprint"] = known["model_fingerprint"].fillna("")
    keys = ["model", "model_fingerprint", "corpus_sha256"]
    full = known[known["compression"] == "none"][[*keys, "bits_per_byte"]]
    both = known[known["compression"] != "none"].merge(full, on=keys, suffixes=("", "_full"))
    change = -_PERCENT * (both["bits_per_byte"] / both["bits_per_byte_full"] - 1)
    changed = both.assign(competence=change.astype(np.float64))
    return changed.groupby(_OF)[["competence"]].mean().reset_index()


def _what_is_absent(material: Material, entry: ClaimEntry, settings: Settings) -> str:
    pairs = compressed(material, entry, settings, entry.methods)
    if pairs.empty:
        return what_is_absent(material, entry, settings, "of these methods")
    return (
        "There are scores of compressed models here, but neither probes nor perplexity of the same "
        "models and methods: python -m backend probe and quality measure them."
    )
