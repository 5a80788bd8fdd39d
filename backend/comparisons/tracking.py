"""Which competence follows predictivity over models, given their size."""

import numpy as np
import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.probes import profiles
from backend.comparisons.scores import at_layer, by_unit, comparable_scores
from backend.store.probe_queries import probe_scores
from backend.store.reader import ResultStore
from backend.store.selection import Selection

LEAST_MODELS = 5
"""With fewer, a partial correlation has no interval."""
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
    merged = brain.reset_index().merge(competence_levels(store, dataset), on="model")
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


def competence_levels(store: ResultStore, dataset: str) -> pd.DataFrame:
    """Average what probes read of each trained model at full precision.

    Parameters
    ----------
    store : ResultStore
    dataset : str
        Set of probes.

    Returns
    -------
    pandas.DataFrame
        One row per model and phenomenon: model, phenomenon and mean, over tasks and over layers
        past the embeddings.
    """
    probed = probe_scores(store)
    probed = probed[(probed["dataset"] == dataset) & (probed["compression"] == "none")]
    probed = probed[~probed["model"].map(is_random).astype(bool)]
    table = profiles(probed)
    means = table[table["layer"] > 0].groupby(["model", "phenomenon"])["mean"].mean()
    return means.reset_index()


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
    if n < LEAST_MODELS:
        return None
    correlation = _correlation(*(_without(given, values) for values in (one, other)))
    if correlation is None:
        return None
    z, half = np.arctanh(correlation), 1.96 / np.sqrt(n - 4)
    return correlation, float(np.tanh(z - half)), float(np.tanh(z + half))


def closer(
    score: np.ndarray, one: np.ndarray, other: np.ndarray, given: np.ndarray
) -> tuple[float, float] | None:
    """Ask which of two variables follows a score more closely, given a fourth.

    Parameters
    ----------
    score, one, other, given : ndarray, shape (n,)

    Returns
    -------
    tuple of (float, float) or None
        The difference of the two partial correlations with the score, as Fisher's z, and its
        standard error; None of fewer than five, or where nothing varies.

    References
    ----------
    Meng, Rosenthal & Rubin 1992, Comparing correlated correlation coefficients, Psychol. Bull. 111;
    with one degree of freedom less for what is given.
    """
    n = len(score)
    if n < LEAST_MODELS:
        return None
    rest, left, right = (_without(given, values) for values in (score, one, other))
    first, second, between = (
        _correlation(rest, left), _correlation(rest, right), _correlation(left, right),
    )  # fmt: skip
    if first is None or second is None or between is None:
        return None
    squared = (first**2 + second**2) / 2
    share = min(1.0, (1 - between) / (2 * (1 - squared)))
    spread = (1 - share * squared) / (1 - squared)
    error = np.sqrt(2 * (1 - between) * spread / (n - 4))
    return float(np.arctanh(first) - np.arctanh(second)), float(error)


def _without(given: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Take away what a line through another variable explains."""
    basis = np.column_stack([np.ones(len(given)), given])
    left: np.ndarray = values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
    return left


def _correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    if norms < 1e-12:
        return None
    return float(np.clip(one @ other / norms, -0.999999, 0.999999))
