"""Which of a store's results the tour is told with."""

import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.compression_methods import FULL
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection

ON_DEMO = "python -m backend encode --dataset demo-cortex --model minilm-l6"
"""A first run, for which nothing has to be there."""
_LEAST_MODELS = 2
Address = dict[str, tuple[str, ...]]


def address_of(selection: Selection) -> Address:
    """Write a data set, its evidence and folds as a page's address has them.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    dict of str to tuple of str
    """
    named = {
        "data": selection.dataset, "evidence": selection.evidence, "folds": selection.split,
    }  # fmt: skip
    return {key: (value,) for key, value in named.items() if value}


def trained_choices(store: ResultStore) -> pd.DataFrame:
    """List what can be chosen of trained models on honest folds.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    pandas.DataFrame
        As of :func:`backend.store.queries.choices`.
    """
    known = choices(store)
    random = known["model"].map(lambda name: is_random(str(name))).astype(bool)
    return known[~random & (known["split"] != "shuffled")]


def data_set(store: ResultStore, *, compressed: bool) -> Selection | None:
    """Find the data set that says most of compression, or of scale; a measured one first.

    Parameters
    ----------
    store : ResultStore
    compressed : bool

    Returns
    -------
    Selection or None
        None where nothing was compressed, or no data set has two models.
    """
    rows = trained_choices(store)
    rows = rows[(rows["compression"] != FULL) == compressed]
    column, least = ("compression", 1) if compressed else ("model", _LEAST_MODELS)
    counts = rows.groupby(["dataset", "evidence", "split"])[column].nunique().reset_index(name="n")
    counts = counts[counts["n"] >= least].sort_values(
        ["evidence", "n"], ascending=[True, False], kind="stable"
    )
    if counts.empty:
        return None
    first = counts.iloc[0]
    return Selection(dataset=first["dataset"], evidence=first["evidence"], split=first["split"])
