"""Which competence follows predictivity over models, given their size."""

import numpy as np
import pandas as pd

from backend.comparisons.probes import profiles
from backend.comparisons.scale import is_random
from backend.comparisons.scores import at_layer, by_unit, comparable_scores
from backend.store.probe_queries import probe_scores
from backend.store.reader import ResultStore
from backend.store.selection import Selection

_PLACE = ["roi", "hemisphere"]


def tracking(store: ResultStore, selection: Selection, split: str, dataset: str) -> pd.DataFrame:
    """Ask which phenomenon's score follows predictivity over models, given their size.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set.
    split : str
    dataset : str
        Set of probes.

    Returns
    -------
    pandas.DataFrame
        One row per roi, hemisphere and phenomenon: n_models, correlation (Pearson's partial one
        given the logarithm of the number of parameters, over trained models at full precision),
        low, high (95%, by Fisher's z), strongest first. Empty with fewer than five models.
    """
    chosen = selection.model_copy(update={"compressions": ("none",), "models": ()})
    scores = comparable_scores(store, chosen, split).frame
    brain = by_unit(at_layer(scores), "score", "folds").groupby(["model", *_PLACE])["score"].mean()
    sizes = scores.drop_duplicates("model").set_index("model")["n_parameters"]
    probed = probe_scores(store)
    probed = probed[(probed["dataset"] == dataset) & (probed["compression"] == "none")]
    table = profiles(probed)
    competence = (
        table[table["layer"] > 0].groupby(["model", "phenomenon"])["mean"].mean().reset_index()
    )
    merged = brain.reset_index().merge(competence, on="model")
    merged = merged[~merged["model"].map(is_random)]
    rows = []
    for (roi, side, phenomenon), cells in merged.groupby([*_PLACE, "phenomenon"], sort=False):
        size = np.log(cells["model"].map(sizes).to_numpy(dtype=np.float64))
        found = partial_correlation(
            cells["score"].to_numpy(dtype=np.float64), cells["mean"].to_numpy(), size
        )
        if found is not None:
            correlation, low, high = found
            rows.append((roi, side, phenomenon, len(cells), correlation, low, high))
    columns = [*_PLACE, "phenomenon", "n_models", "correlation", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("correlation", ascending=False, ignore_index=True)


def partial_correlation(
    one: np.ndarray, other: np.ndarray, given: np.ndarray
) -> tuple[float, float, float] | None:
    """Correlate what a third variable leaves of two.

    Parameters
    ----------
    one, other, given : ndarray, shape (n,)

    Returns
    -------
    tuple of (float, float, float) or None
        The correlation and its 95% interval, by Fisher's z with ``n - 4`` for its variance; None
        of fewer than five, or where nothing varies.
    """
    n = len(one)
    if n < 5:
        return None
    basis = np.column_stack([np.ones(n), given])
    left, right = (
        values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0] for values in (one, other)
    )
    norms = np.linalg.norm(left) * np.linalg.norm(right)
    if norms < 1e-12:
        return None
    correlation = float(np.clip(left @ right / norms, -0.999999, 0.999999))
    z, half = np.arctanh(correlation), 1.96 / np.sqrt(n - 4)
    return correlation, float(np.tanh(z - half)), float(np.tanh(z + half))
