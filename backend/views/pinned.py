"""Pinned selections beside each other, each at its best layer."""

from collections.abc import Sequence

import pandas as pd

from backend.store.queries import gains_over_baselines, layer_curves
from backend.store.reader import ResultStore
from backend.views.pins import Pin

_AT = ["run_id", "roi", "hemisphere", "layer"]


def pinned_scores(store: ResultStore, pins: Sequence[Pin]) -> pd.DataFrame:
    """Summarise each pin by its best curve.

    Parameters
    ----------
    store : ResultStore
    pins : sequence of Pin

    Returns
    -------
    pandas.DataFrame
        One row per pin that has results, in their order: pin (its letter), name, index, run_id,
        dataset, subject, model, compression, split, evidence, source, n_samples, n_folds, roi,
        hemisphere, layer (the highest mean r of all that is pinned, on these same folds, which
        favours it a little), r with r_low and r_high, unique_r2 with unique_low and unique_high
        (95% t intervals over folds).
    """
    rows = [_best(store, pin) for pin in pins]
    return pd.DataFrame([row for row in rows if row is not None])


def _best(store: ResultStore, pin: Pin) -> dict[str, object] | None:
    selection = pin.chosen.selection.model_copy(update={"split": pin.chosen.split})
    curves = layer_curves(store, selection)
    if curves.empty:
        return None
    highest = curves.nlargest(1, "mean")
    (best,) = highest.to_dict("records")
    gains = gains_over_baselines(store, selection).merge(highest[_AT])
    # A run without nuisance baselines has no gain over them.
    (unique,) = gains.to_dict("records") or [{"unique_r2": None, "low": None, "high": None}]
    kept = [
        "run_id", "dataset", "subject", "model", "compression", "split", "evidence", "source",
        "n_samples", "n_folds", "context_length", "roi", "hemisphere", "layer",
    ]  # fmt: skip
    return {
        "pin": pin.letter,
        "name": pin.name,
        "index": pin.index,
        **{column: best[column] for column in kept},
        "r": best["mean"],
        "r_low": best["low"],
        "r_high": best["high"],
        "unique_r2": unique["unique_r2"],
        "unique_low": unique["low"],
        "unique_high": unique["high"],
    }
