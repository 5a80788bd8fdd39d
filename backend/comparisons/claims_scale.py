"""Claims about the size of models: equal, falling short, growing with the logarithm."""

import numpy as np
import pandas as pd

from backend import catalog
from backend.catalog import ClaimEntry
from backend.comparisons.claims_material import (
    Material,
    name_of_units,
    over_units,
    units_of,
    within,
)
from backend.comparisons.claims_verdict import Finding, Settings, Status, above, below, equal
from backend.comparisons.claims_words import interval, side, size, window
from backend.comparisons.scale import shared_units
from backend.comparisons.scaling_fits import fit_scaling
from backend.comparisons.scores import by_unit
from backend.figures.labels import joined, model_title

_CELL = ["subject", "data", "roi", "hemisphere", "fold", "unit"]
_LEAST_SIZES = 5
_LEAST_SPAN = 10.0
# Burnham & Anderson 2002: up to 2, the worse curve still has substantial support.
_WORSE_AICC = 2.0


def small_equals_large(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether small models predict as well as large ones.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the windows of both.
    settings : Settings

    Returns
    -------
    Finding
    """
    differences = small_minus_large(material, entry, settings)
    if differences.empty:
        return Finding("no data", _what_is_absent(material, entry, settings))
    values, counts = over_units(differences, "difference")
    tested = equal(values, settings.margin)
    sentence = f"{_who(differences)}: {side(tested)} ±{settings.margin:g} r."
    return Finding(
        tested.status, sentence, tested.mean, tested.low, tested.high, tested.level, "r",
        tested.n, counts, tested.p,
    )  # fmt: skip


def small_falls_short(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether small models fall short, and more so in some regions than in others.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the windows of both and the regions.
    settings : Settings

    Returns
    -------
    Finding
        Supported where both are shown; contradicted where either is shown to be otherwise.
    """
    differences = small_minus_large(material, entry, settings)
    if differences.empty:
        return Finding("no data", _what_is_absent(material, entry, settings))
    values, counts = over_units(differences, "difference")
    short = below(values, -settings.margin)
    contrast = _contrast(differences, entry.regions)
    sentence = f"{_who(differences)}: {side(short)} {-settings.margin:g} r"
    status: Status
    if contrast.empty:
        status = "contradicted" if short.status == "contradicted" else "undecided"
        sentence += "; this data set does not tell semantic from other regions"
        p = short.p
    else:
        regional = below(over_units(contrast, "difference").values, 0.0)
        found = {short.status, regional.status}
        status = (
            "contradicted"
            if "contradicted" in found
            else "undecided"
            if "undecided" in found
            else "supported"
        )
        sentence += f"; semantic minus other regions: {interval(regional)}"
        decisive = [t for t in (short, regional) if t.status == status] or [short, regional]
        p = (min if status == "contradicted" else max)(t.p for t in decisive)
    return Finding(
        status, f"{sentence}.", short.mean, short.low, short.high, short.level, "r", short.n,
        counts, p,
    )  # fmt: skip


def small_minus_large(material: Material, entry: ClaimEntry, settings: Settings) -> pd.DataFrame:
    """Pair small with large models at full precision on the same held-out samples.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
    settings : Settings
        Names the models where the reader has chosen their own.

    Returns
    -------
    pandas.DataFrame
        One row per pair of models, subject, region and fold: small, large, difference, and the
        columns that :func:`backend.comparisons.scores.by_unit` asks for. Pairs are of one family,
        and both or neither tuned to follow instructions, where there are any such.
    """
    small, large = _groups(material, entry, settings)
    tables = [
        _paired(material.full, one, other) for one in small for other in large if one != other
    ]
    frame = pd.concat(tables) if tables else material.full.head(0).assign(small="", large="")
    alike = frame[frame["family_small"] == frame["family_large"]] if len(frame) else frame
    return (alike if len(alike) else frame).reset_index(drop=True)


def _groups(
    material: Material, entry: ClaimEntry, settings: Settings
) -> tuple[list[str], list[str]]:
    if settings.own is not None:
        known = set(material.full["model"])
        return (
            [name for name in (settings.own.small or "",) if name in known],
            [name for name in (settings.own.large or "",) if name in known],
        )
    assert entry.small is not None
    assert entry.large is not None
    return (
        sorted(within(material.full, entry.small)["model"].unique()),
        sorted(within(material.full, entry.large)["model"].unique()),
    )


def _paired(full: pd.DataFrame, small: str, large: str) -> pd.DataFrame:
    columns = [*_CELL, "score", "model_family"]
    one, other = (full[full["model"] == name][columns] for name in (small, large))
    pairs = one.merge(other, on=_CELL, suffixes=("_small", "_large"))
    return pairs.assign(
        small=small,
        large=large,
        model=f"{small} - {large}",
        compression="none",
        family_small=[_kind(small, family) for family in pairs["model_family_small"]],
        family_large=[_kind(large, family) for family in pairs["model_family_large"]],
        difference=pairs["score_small"] - pairs["score_large"],
    )


def _kind(model: str, family: str | None) -> str:
    entry = catalog.models().get(model)
    return f"{family}{', instruct' if entry is not None and entry.instruct else ''}"


def _contrast(differences: pd.DataFrame, regions: tuple[str, ...]) -> pd.DataFrame:
    """Difference in some regions minus that in the others, per pair, subject and fold."""
    chosen = differences["roi"].isin(regions)
    keys = ["model", "compression", "subject", "fold", "unit"]
    inside = differences[chosen].groupby(keys)["difference"].mean()
    outside = differences[~chosen].groupby(keys)["difference"].mean()
    contrast = (inside - outside).dropna().reset_index()
    return contrast.assign(roi="contrast", hemisphere="both")


def _who(differences: pd.DataFrame) -> str:
    small, large = (
        joined([model_title(name) for name in differences[side].unique()])
        for side in ("small", "large")
    )
    return f"{small} minus {large}"


def _what_is_absent(material: Material, entry: ClaimEntry, settings: Settings) -> str:
    if settings.own is not None:
        return (
            "Choose two different models of the store, a small and a large one, that were run on "
            "the same subjects and regions."
        )
    assert entry.small is not None
    assert entry.large is not None
    small, large = _groups(material, entry, settings)
    absent = [
        window(sizes)
        for sizes, models in ((entry.small, small), (entry.large, large))
        if not models
    ]
    if not absent:
        return "The store's models of these sizes share no subject and region."
    return f"The store has no model of {joined(absent)} parameters here.".replace(
        " and ", " and none of "
    )


def log_linear(material: Material, entry: ClaimEntry, settings: Settings) -> Finding:
    """Test whether scores grow with the logarithm of the parameters, in a line.

    Parameters
    ----------
    material : Material
    entry : ClaimEntry
        With the range of sizes.
    settings : Settings

    Returns
    -------
    Finding
        The effect is the change in r for ten times the parameters.
    """
    full = material.full
    if settings.own is None and entry.sizes is not None:
        full = within(full, entry.sizes)
    full = full[full["n_parameters"].notna()]
    table = by_unit(full, "score", units_of(full)).pivot_table(
        index="model", columns="unit", values="score"
    )
    table = shared_units(table)
    sizes = full.groupby("model")["n_parameters"].first().reindex(table.index)
    if not _enough_sizes(sizes):
        return Finding("no data", _too_few_sizes(sizes, entry, settings))
    logs = np.log10(sizes.to_numpy(dtype=float))
    logs -= logs.mean()
    slopes = table.to_numpy().T @ logs / (logs @ logs)
    grows = above(slopes, 0.0)
    shape, straight = _shape(sizes.to_numpy(dtype=float), table.to_numpy())
    # A slope alone does not say that the growth is log-linear.
    status: Status = "undecided" if grows.status == "supported" and not straight else grows.status
    sentence = (
        f"{len(table)} models, {size(sizes.min())} to {size(sizes.max())}: the slope is "
        f"{side(grows)} 0; {shape}."
    )
    return Finding(
        status, sentence, grows.mean, grows.low, grows.high, grows.level, "r per tenfold size",
        grows.n, name_of_units(full), grows.p,
    )  # fmt: skip


def _shape(sizes: np.ndarray, scores: np.ndarray) -> tuple[str, bool]:
    """Compare a line with a saturating curve; say which is better, and whether it is the line."""
    # The curves' intervals, which take resamples, are not asked for.
    fitted = fit_scaling(sizes, scores, n_boot=1)
    criteria = {fit.form: fit.aicc for fit in fitted.fits}
    if "saturating" not in criteria:
        return f"a saturating curve {fitted.refused['saturating']}", False
    worse = criteria["log-linear"] - criteria["saturating"]
    if worse > _WORSE_AICC:
        return f"a saturating curve describes it better (AICc {worse:.1f} lower)", False
    return f"a line is no worse than a saturating curve (AICc {worse:+.1f})", True


def _enough_sizes(sizes: pd.Series) -> bool:
    return sizes.nunique() >= _LEAST_SIZES and sizes.max() / sizes.min() >= _LEAST_SPAN


def _too_few_sizes(sizes: pd.Series, entry: ClaimEntry, settings: Settings) -> str:
    n = sizes.nunique()
    has = f"{n} sizes" if n > 1 else "one size" if n else "no model"
    if settings.own is None and entry.sizes is not None:
        has += f" of {window(entry.sizes)} parameters"
    spans = f", {size(sizes.min())} to {size(sizes.max())}" if n > 1 else ""
    return (
        f"The store has {has} here{spans}; a slope takes {_LEAST_SIZES} sizes that span a factor "
        f"of {_LEAST_SPAN:.0f}."
    )
