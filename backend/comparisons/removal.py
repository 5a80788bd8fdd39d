"""What removing a phenomenon costs predictivity, beside as many random directions."""

import numpy as np
import pandas as pd

from backend.comparisons.probes import in_order
from backend.statistics import benjamini_hochberg, mean_interval, paired_difference
from backend.statistics.units import LEAST_UNITS

OF_RUN = ["dataset", "subject", "split", "labels", "context_length", "model", "compression"]
"""What tells the removals of one request from those of others."""
_LAYER = [*OF_RUN, "layer"]
_CELL = [*_LAYER, "phenomenon", "roi", "hemisphere"]
_KEPT = [
    "run_id", "n_parameters", "rank", "n_random", "n_folds", "n_samples", "evidence",
    "source", "probe_before", "probe_after",
]  # fmt: skip
_ALPHA = 0.05
COLUMNS = [
    *_CELL, *_KEPT, "r_full", "fall", "fall_low", "fall_high", "random", "random_low",
    "random_high", "difference", "low", "high", "p", "q", "verdict",
]  # fmt: skip


def removal_falls(scores: pd.DataFrame) -> pd.DataFrame:
    """Compare what is lost without a phenomenon with what is lost without random directions.

    Parameters
    ----------
    scores : pandas.DataFrame
        As of :func:`backend.store.removal_queries.removal_scores`.

    Returns
    -------
    pandas.DataFrame
        One row per dataset, subject, split, labels, context_length, model, compression, layer,
        phenomenon, roi and hemisphere: r_full (mean over folds); fall (r without the phenomenon
        minus r_full), random (r without as many random directions, mean over draws, minus r_full)
        and difference (fall minus random), each with a 95% t interval over folds; p (two-sided
        paired t test), q (Benjamini-Hochberg over the phenomena and regions of a layer) and
        verdict: ``costs more``, ``costs less``, ``undecided``, or ``nothing to lose`` where r_full
        is not above 0.
    """
    rows = [_row(cells) for _, cells in scores.groupby(_CELL, sort=False, dropna=False)]
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.DataFrame(rows)
    has_something = frame["r_full_low"] > 0
    frame["q"] = np.nan
    for _, tested in frame[has_something & frame["p"].notna()].groupby(_LAYER, dropna=False):
        frame.loc[tested.index, "q"] = benjamini_hochberg(tested["p"].to_numpy())
    side = np.where(frame["difference"] < 0, "costs more", "costs less")
    frame["verdict"] = np.where(frame["q"] < _ALPHA, side, "undecided")
    frame.loc[~has_something, "verdict"] = "nothing to lose"
    ranks = {name: place for place, name in enumerate(in_order(list(frame["phenomenon"])))}
    order = frame.assign(place=frame["phenomenon"].map(ranks)).sort_values(
        [*_LAYER, "place"], kind="stable"
    )
    return order[COLUMNS].reset_index(drop=True)


def _row(cells: pd.DataFrame) -> dict[str, object]:
    first = cells.iloc[0]
    full, removed, random = (
        cells[name].to_numpy(dtype=np.float64) for name in ("r_full", "r_removed", "r_random")
    )
    fall, chance, gap, level = (
        mean_interval(values) for values in (removed - full, random - full, removed - random, full)
    )
    enough = len(cells) >= LEAST_UNITS
    folds = [str(fold) for fold in cells["fold"]]
    return {
        **{name: first[name] for name in (*_CELL, *_KEPT)},
        "r_full": level.mean, "r_full_low": level.low if enough else np.nan,
        "fall": fall.mean, "fall_low": fall.low, "fall_high": fall.high,
        "random": chance.mean, "random_low": chance.low, "random_high": chance.high,
        "difference": gap.mean, "low": gap.low, "high": gap.high,
        "p": float(paired_difference(removed, random, folds).p) if enough else np.nan,
    }  # fmt: skip
