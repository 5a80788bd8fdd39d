"""Maps of single targets: which runs hold some, and their values by layer."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.errors import StoreError
from backend.store.reader import ResultStore
from backend.store.selection import Selection

MAPS = ("r", "unique_r2", "ceiling", "p", "q")
"""What is stored of each target and layer."""


class StoredMaps(NamedTuple):
    """One quantity of a run, for each layer and target.

    Attributes
    ----------
    layers : tuple of int
        Ascending.
    values : ndarray of float32, shape (n_layers, n_targets)
        NaN where a value is not known.
    """

    layers: tuple[int, ...]
    values: NDArray[np.float32]


def map_runs(store: ResultStore, selection: Selection, split: str) -> pd.DataFrame:
    """List the runs whose targets are places in the brain, so that they can be mapped.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        Its region and hemisphere do not narrow: a map shows all.
    split : str

    Returns
    -------
    pandas.DataFrame
        Columns of ``runs``, and space, kind, n_targets. Of runs that differ in nothing but their
        number of targets or their time, the one with most targets, of these the latest: one for
        each subject, model, compression and context length; full precision first.
    """
    where, parameters = selection.model_copy(update={"split": split}).where()
    return store.query(
        f"""
        SELECT runs.*, spaces.space, spaces.kind, spaces.n_targets
        FROM runs JOIN spaces USING (run_id)
        WHERE {where} AND kind IN ('surface', 'volume', 'parcels')
        QUALIFY row_number() OVER (
            PARTITION BY subject, model, compression, context_length
            ORDER BY spaces.n_targets DESC, created_at DESC, run_id
        ) = 1
        ORDER BY spaces.n_targets DESC, model, compression <> 'none', compression, subject,
                 context_length
        """,
        parameters,
    )


def mapped_datasets(store: ResultStore) -> pd.DataFrame:
    """List the data sets that have runs on a surface.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    pandas.DataFrame
        dataset, evidence; measured first.
    """
    return store.query(
        """
        SELECT DISTINCT dataset, evidence FROM runs JOIN spaces USING (run_id)
        WHERE kind = 'surface' ORDER BY evidence, dataset
        """
    )


def stored_maps(store: ResultStore, run_id: str, what: str) -> StoredMaps:
    """Read one quantity of every layer of a run.

    Parameters
    ----------
    store : ResultStore
    run_id : str
    what : {"r", "unique_r2", "ceiling", "p", "q"}

    Returns
    -------
    StoredMaps

    Raises
    ------
    StoreError
        If the run holds no such map.
    """
    if what not in MAPS:
        raise ValueError(f"unknown map {what!r}; accepted are {', '.join(MAPS)}")
    rows = store.query(
        f"SELECT layer, {what} AS value FROM target_scores "
        f"WHERE run_id = ? AND {what} IS NOT NULL ORDER BY layer",
        [run_id],
    )
    if rows.empty:
        raise StoreError(f"the run {run_id} holds no map of {what}.")
    lengths = {len(values) for values in rows["value"]}
    if len(lengths) > 1:
        raise StoreError(
            f"the layers of the run {run_id} have maps of {sorted(lengths)} targets; compute the "
            "run again."
        )
    return StoredMaps(
        tuple(int(layer) for layer in rows["layer"]),
        np.stack([np.asarray(values, dtype=np.float32) for values in rows["value"]]),
    )
