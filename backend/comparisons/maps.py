"""Maps on fsaverage5 made from what runs store of their targets, and maps made of several."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS, SPACE
from backend.errors import InputError, StoreError
from backend.store.map_queries import StoredMaps, stored_maps
from backend.store.reader import ResultStore

LayerKind = Literal["r", "r_normalized", "unique_r2", "ceiling", "p", "q"]
Measure = Literal["r", "q", "ceiling"]
REGIONS_SPACE = f"{SPACE}, regions"
FLOOR = 0.1
# What may differ between two runs whose maps are subtracted: the model and what is done to it.
_FREE = frozenset(
    {
        "model", "model_fingerprint", "trust_remote_code", "compression", "calibration", "layers",
        "context", "context_mode", "pooling", "targets", "permutations", "seed",
    }
)  # fmt: skip
_FREE_OF_CONTEXT = frozenset({"context", "targets", "permutations", "layers"})


class LayerMaps(NamedTuple):
    """A map on fsaverage5 for each layer of a run.

    Attributes
    ----------
    layers : tuple of int
        Ascending.
    values : ndarray of float32, shape (n_layers, 20484)
        NaN where a value is not known.
    """

    layers: tuple[int, ...]
    values: NDArray[np.float32]

    def at(self, layer: int) -> NDArray[np.float32]:
        """One layer's map, shape (20484,)."""
        return self.values[self.layers.index(layer)]


class Threshold(NamedTuple):
    """Which vertices are shown: r or ceiling at or above ``at``, or q at or below it."""

    measure: Measure
    at: float


class Difference(NamedTuple):
    """One run's maps less another's, vertex by vertex.

    Attributes
    ----------
    maps : LayerMaps
        By layer of the first run; NaN where either is not known.
    others : tuple of int
        The other run's layers that were subtracted.
    n_vertices : int
        Where both are known.
    """

    maps: LayerMaps
    others: tuple[int, ...]
    n_vertices: int


def on_surface(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep the runs whose targets are vertices of fsaverage5, all or those of the regions.

    Parameters
    ----------
    runs : pandas.DataFrame
        With space and n_targets.

    Returns
    -------
    pandas.DataFrame
    """
    whole = (runs["space"] == SPACE) & (runs["n_targets"] == N_TARGETS)
    parts = (runs["space"] == REGIONS_SPACE) & (runs["n_targets"] == len(region_targets()))
    return runs[whole | parts].reset_index(drop=True)


@cache
def region_targets() -> NDArray[np.int64]:
    """Vertices of fsaverage5 that lie in any region, ascending: the targets of a regions' run."""
    return np.unique(np.concatenate([region.targets for region in surface_regions()]))


def layer_maps(store: ResultStore, run: pd.Series, kind: LayerKind) -> LayerMaps:
    """Read a run's maps of one kind.

    Parameters
    ----------
    store : ResultStore
    run : pandas.Series
        With run_id and config.
    kind : {"r", "r_normalized", "unique_r2", "ceiling", "p", "q"}
        ``r_normalized`` is r divided by the ceiling, where that reaches the run's floor.

    Returns
    -------
    LayerMaps

    Raises
    ------
    StoreError
        If the run holds no such map.
    InputError
        If its targets are not vertices of fsaverage5.
    """
    if kind != "r_normalized":
        return _spread(stored_maps(store, run["run_id"], kind))
    r = stored_maps(store, run["run_id"], "r")
    ceiling = stored_maps(store, run["run_id"], "ceiling")
    if r.layers != ceiling.layers:
        raise StoreError(f"the run {run['run_id']} has a ceiling for some of its layers only.")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(ceiling.values >= _floor(run), r.values / ceiling.values, np.nan)
    return _spread(StoredMaps(r.layers, share.astype(np.float32)))


def shown_by(store: ResultStore, run: pd.Series, threshold: Threshold) -> NDArray[np.bool_]:
    """Say where a run's map is shown, layer by layer.

    Parameters
    ----------
    store : ResultStore
    run : pandas.Series
    threshold : Threshold

    Returns
    -------
    ndarray of bool, shape (n_layers, 20484)

    Raises
    ------
    StoreError
        If the run does not hold what the threshold is on.
    """
    measured = layer_maps(store, run, threshold.measure).values
    with np.errstate(invalid="ignore"):
        if threshold.measure == "q":
            return measured <= threshold.at
        return measured >= threshold.at


def best_layer(maps: LayerMaps) -> int:
    """Layer with the highest mean over vertices.

    Parameters
    ----------
    maps : LayerMaps

    Returns
    -------
    int
        The first one where nothing is known.
    """
    known = np.isfinite(maps.values)
    count = known.sum(axis=1)
    means = np.where(known, maps.values, 0).sum(axis=1) / np.maximum(count, 1)
    return maps.layers[int(np.where(count > 0, means, -np.inf).argmax())]


def preferred_layer(maps: LayerMaps, shown: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Layer with the highest value at each vertex, the earliest of equal ones.

    Parameters
    ----------
    maps : LayerMaps
        Of r.
    shown : ndarray of bool, shape (n_layers, 20484), optional
        A vertex is left out where its best layer is not shown.

    Returns
    -------
    ndarray of float32, shape (20484,)
        NaN where no layer is known.
    """
    values = np.where(np.isfinite(maps.values), maps.values, -np.inf)
    best = values.argmax(axis=0)
    kept = np.isfinite(values.max(axis=0))
    if shown is not None:
        kept &= np.take_along_axis(shown, best[None], axis=0)[0]
    return np.where(kept, np.array(maps.layers, dtype=np.float32)[best], np.nan).astype(np.float32)


def difference(store: ResultStore, run: pd.Series, other: pd.Series) -> Difference:
    """Subtract another run's r from a run's, vertex by vertex, at the same relative depth.

    Parameters
    ----------
    store : ResultStore
    run, other : pandas.Series
        Of the same subject, data and folds.

    Returns
    -------
    Difference

    Raises
    ------
    InputError
        If the two differ in more than the model and what is done to it, or share no vertex.
    """
    unlike = _unlike(run, other, _FREE)
    if unlike:
        raise InputError(
            f"these two runs cannot be paired vertex by vertex: they differ in {', '.join(unlike)}."
            " Choose two runs of the same subject, data and folds."
        )
    first, second = layer_maps(store, run, "r"), layer_maps(store, other, "r")
    others = tuple(same_depth(second.layers, layer, first.layers) for layer in first.layers)
    values = first.values - np.stack([second.at(layer) for layer in others])
    n_vertices = int(np.isfinite(values).all(axis=0).sum())
    if not n_vertices:
        raise InputError("these two runs share no vertex that is known in both.")
    return Difference(LayerMaps(first.layers, values), others, n_vertices)


def same_depth(layers: Sequence[int], layer: int, of: Sequence[int]) -> int:
    """Find the layer at the same relative depth in another model.

    Parameters
    ----------
    layers : sequence of int
        Of the other model.
    layer : int
    of : sequence of int
        Of the model that ``layer`` belongs to.

    Returns
    -------
    int
        The earlier one of two that are as near.
    """
    wanted = layer / max(max(of), 1) * max(layers)
    return min(layers, key=lambda other: (abs(other - wanted), other))


def context_runs(runs: pd.DataFrame, run: pd.Series) -> pd.DataFrame:
    """List the runs that differ from one in nothing but their context length, it among them.

    Parameters
    ----------
    runs : pandas.DataFrame
    run : pandas.Series

    Returns
    -------
    pandas.DataFrame
        By context length, ascending.
    """
    alike = [not _unlike(run, row, _FREE_OF_CONTEXT) for _, row in runs.iterrows()]
    return runs[alike].sort_values("context_length").reset_index(drop=True)


def preferred_context(
    store: ResultStore, runs: pd.DataFrame, layer: int, threshold: Threshold | None = None
) -> NDArray[np.float32]:
    """Context length with the highest r at each vertex, in one layer.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        From :func:`context_runs`.
    layer : int
    threshold : Threshold, optional
        A vertex is left out where its best run is not shown.

    Returns
    -------
    ndarray of float32, shape (20484,)
        In tokens.

    Raises
    ------
    InputError
        If there are fewer than two context lengths.
    """
    if runs["context_length"].nunique() < 2:
        raise InputError(
            "a preferred context length takes runs of one request that differ in their context "
            "length; this one has a single length. Start another with --context."
        )
    values, shown = [], []
    for _, run in runs.iterrows():
        maps = layer_maps(store, run, "r")
        values.append(maps.at(layer))
        everywhere = np.ones(maps.values.shape, bool)
        where = shown_by(store, run, threshold) if threshold else everywhere
        shown.append(where[maps.layers.index(layer)])
    lengths = tuple(int(length) for length in runs["context_length"])
    return preferred_layer(LayerMaps(lengths, np.stack(values)), np.stack(shown))


def _spread(maps: StoredMaps) -> LayerMaps:
    """Put the values of the regions' vertices where they belong."""
    n_targets = maps.values.shape[1]
    if n_targets == N_TARGETS:
        return LayerMaps(*maps)
    if n_targets != len(region_targets()):
        raise InputError(
            f"a map on {SPACE} has {N_TARGETS} values, and this one has {n_targets}. Project a "
            "volume first: python -m backend project"
        )
    values = np.full((len(maps.layers), N_TARGETS), np.nan, dtype=np.float32)
    values[:, region_targets()] = maps.values
    return LayerMaps(maps.layers, values)


def _floor(run: pd.Series) -> float:
    return float(json.loads(run["config"]).get("ceiling_floor", FLOOR))


def _unlike(run: pd.Series, other: pd.Series, free: frozenset[str]) -> list[str]:
    """Name what two requests differ in, but for what may differ."""
    first, second = (json.loads(each["config"]) for each in (run, other))
    return [
        key.replace("_", " ")
        for key in sorted({*first, *second} - free)
        if first.get(key) != second.get(key)
    ]
