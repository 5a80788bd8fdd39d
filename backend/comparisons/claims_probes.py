"""Claims about what probes read: predictivity rests on it, and follows it over models."""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from backend.catalog import ClaimEntry
from backend.comparisons.claims_material import Material, name_of_units, over_units, within
from backend.comparisons.claims_verdict import Finding, Judged, Settings, Status, below
from backend.comparisons.claims_words import interval, size, window
from backend.comparisons.probes import BUNDLED
from backend.comparisons.tracking import closer, partial_correlation
from backend.figures.labels import joined, model_title
from backend.statistics import benjamini_hochberg, mean_interval
from backend.statistics.units import LEAST_UNITS

FORMAL, FUNCTIONAL = ("syntax", "morphology"), ("discourse", "reasoning")
"""Of which the claim on tracking speaks; the grouping is this project's."""
_LEAST_MODELS = 6
_LEAST_PHENOMENA = 2
_ALPHA = 0.05
_Z = 1.959964


def removal_costs(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether each phenomenon's removal costs more than that of random directions.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the range of sizes.
    settings : Settings

    Returns
    -------
    Finding
        The effect is that of the phenomenon whose removal costs least. All must cost more, so that
        no test of support needs a correction; one that costs less contradicts, after
        Benjamini-Hochberg over all. Units are subjects where there are three, else held-out stories
        or folds: models and regions are averaged.
    """
    scores = _at_best_layers(_removals(material, entry, settings))
    if scores.empty:
        return Finding("no data", _no_removals(material, entry, settings))
    cost = scores.assign(cost=scores["r_removed"] - scores["r_random"])
    found: dict[str, Judged] = {
        str(name): below(over_units(rows, "cost").values, 0.0)
        for name, rows in cost.groupby("phenomenon")
    }
    q = benjamini_hochberg([tested.p_against for tested in found.values()])
    against = bool((q < _ALPHA).any())
    every = all(tested.status == "supported" for tested in found.values())
    enough = len(found) >= _LEAST_PHENOMENA
    status: Status = "contradicted" if against else "supported" if every and enough else "undecided"
    # The weakest of them decides, whichever way.
    least = max(found.values(), key=lambda tested: tested.mean)
    named = [f"{name} {interval(tested)}" for name, tested in found.items()]
    sentence = (
        f"{joined([model_title(name) for name in scores['model'].unique()])}, r without the "
        f"phenomenon minus r without random directions: {joined(named)}{_labelled(scores)}."
    )
    p = float(q.min()) if against else max(tested.p_support for tested in found.values())
    return Finding(
        status, sentence, least.mean, least.low, least.high, least.level, "r", least.n,
        name_of_units(cost), p,
    )  # fmt: skip


def _removals(material: Material, entry: ClaimEntry, settings: Settings) -> pd.DataFrame:
    """Take removals of one design: of the stories' own labels where there are any, as published."""
    full = material.removals[material.removals["compression"] == "none"]
    if settings.own is None and entry.sizes is not None:
        full = within(full, entry.sizes)
    if full.empty:
        return full
    designs = full.groupby(["labels", "context_length"], dropna=False)["model"].nunique()
    order = designs.reset_index().assign(bundled=lambda frame: frame["labels"] == BUNDLED)
    chosen = order.sort_values(["bundled", "model"], ascending=[True, False]).iloc[0]
    same = full["context_length"].eq(chosen["context_length"]) | full["context_length"].isna()
    return full[same & (full["labels"] == chosen["labels"])]


def _labelled(scores: pd.DataFrame) -> str:
    labels = scores["labels"].iloc[0]
    return "" if labels == BUNDLED else f" (labels of the stories' own words: {labels})"


def _at_best_layers(scores: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each model, the layer with the highest r before removal, where r is above 0."""
    if scores.empty:
        return scores
    means = scores.groupby(["model", "layer"])["r_full"].mean().reset_index()
    best = means.loc[means.groupby("model")["r_full"].idxmax(), ["model", "layer"]]
    kept = scores.merge(best, on=["model", "layer"])
    cells = kept.groupby(["model", "subject", "roi", "hemisphere", "phenomenon"])["r_full"]
    enough = cells.transform("size") >= LEAST_UNITS
    low = cells.transform(lambda values: mean_interval(values.to_numpy(dtype=np.float64)).low)
    return kept[enough & (low > 0)]


def _no_removals(material: Material, entry: ClaimEntry, settings: Settings) -> str:
    scores = _removals(material, entry, settings)
    if len(scores):
        return "What was removed from was not predicted above 0 in any region: nothing to lose."
    what = "of any model" if settings.own else f"of models of {window_of(entry)} parameters"
    return f"The store has no removals {what} here: python -m backend remove measures them."


def window_of(entry: ClaimEntry) -> str:
    """Write a claim's range of sizes."""
    return window(entry.sizes) if entry.sizes is not None else "any"


def formal_tracks(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether predictivity follows formal more closely than functional competence.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the range of sizes.
    settings : Settings

    Returns
    -------
    Finding
        The effect is the difference of two partial correlations, as Fisher's z. The sentence names
        the phenomenon that follows predictivity most closely.
    """
    table = _levels(material, entry, settings)
    n = len(table)
    if n < _LEAST_MODELS:
        return Finding(
            "no data",
            f"{n or 'No'} model{'' if n == 1 else 's'}"
            + ("" if settings.own else f" of {window_of(entry)} parameters")
            + f" {'was' if n == 1 else 'were'} both probed and encoded here; the test takes "
            f"{_LEAST_MODELS}.",
        )
    score, logs = table["score"].to_numpy(), np.log(table["n_parameters"].to_numpy(dtype=float))
    formal, functional = (table[list(names)].mean(axis=1).to_numpy() for names in _GROUPS)
    difference = closer(score, formal, functional, logs)
    if difference is None:
        return Finding("no data", "The scores of these models do not vary.")
    z, error = difference
    low, high = z - _Z * error, z + _Z * error
    status: Status = "supported" if low > 0 else "contradicted" if high < 0 else "undecided"
    sentence = (
        f"{n} models, {size(table['n_parameters'].min())} to {size(table['n_parameters'].max())}: "
        f"{_tracked(table, score, logs)}."
    )
    p = float(ndtr(z / error)) if status == "contradicted" else float(ndtr(-z / error))
    return Finding(
        status, sentence, z, low, high, 0.95, "Fisher z, formal minus functional", n, "models", p
    )


_GROUPS = (FORMAL, FUNCTIONAL)


def _levels(material: Material, entry: ClaimEntry, settings: Settings) -> pd.DataFrame:
    """One row per model: its score, its size and what is read of each phenomenon."""
    full = material.full
    if settings.own is None and entry.sizes is not None:
        full = within(full, entry.sizes)
    full = full[full["n_parameters"].notna()]
    models = full.groupby("model").agg(
        score=("score", "mean"), n_parameters=("n_parameters", "first")
    )
    read = material.levels.pivot_table(index="model", columns="phenomenon", values="mean")
    if not {*FORMAL, *FUNCTIONAL} <= set(read.columns):
        return models.head(0)
    return models.join(read, how="inner").dropna()


def _tracked(table: pd.DataFrame, score: np.ndarray, logs: np.ndarray) -> str:
    """Name the phenomena by how closely predictivity follows them, closest first."""
    found = {}
    for name in table.columns.drop(["score", "n_parameters"]):
        given = partial_correlation(score, table[name].to_numpy(dtype=float), logs)
        if given is not None:
            found[str(name)] = given
    order = sorted(found, key=lambda name: found[name][0], reverse=True)
    return "partial correlations given size: " + joined(
        [f"{name} {found[name][0]:+.2f} [{found[name][1]:+.2f}, {found[name][2]:+.2f}]"
         for name in order]
    )  # fmt: skip
