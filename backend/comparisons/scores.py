"""Scores of several runs, made comparable: one design, one layer of each, the same units."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pandas as pd

from backend.errors import InputError
from backend.store.queries import METRICS
from backend.store.reader import ResultStore
from backend.store.selection import Selection

Units = Literal["folds", "subjects"]

# What may differ between two requests whose scores are compared; whatever else differs (context,
# delays, folds, seed) is another design. Which targets were fitted does not tell on regions, and
# requests did not always say it.
_FREE = (
    "model", "model_fingerprint", "trust_remote_code", "compression", "calibration", "layers",
    "subject", "data_sha256", "ceilings", "citation", "permutations", "targets",
)  # fmt: skip
_NOTHING = ", ".join(f'"{name}": null' for name in _FREE)
DESIGN = f"json_merge_patch(config, '{{{_NOTHING}}}')::VARCHAR"
"""In SQL, what a run asked for but for that."""
_ONE = ["run_id", "roi", "hemisphere"]


@dataclass(frozen=True)
class LayerRule:
    """Which layer stands for a model.

    Attributes
    ----------
    depth : float or None
        Relative depth from 0, the embedding output, to 1, the last layer: the nearest layer is
        taken. None takes the best layer, chosen for each fold on the other folds alone, so that
        the choice does not flatter the score.
    """

    depth: float | None = None

    def __post_init__(self) -> None:
        """Refuse a depth outside the model."""
        if self.depth is not None and not 0 <= self.depth <= 1:
            raise InputError(
                f"a relative depth of {self.depth} was given; it goes from 0, the embedding "
                "output, to 1, the last layer."
            )


BEST = LayerRule()


class Scores(NamedTuple):
    """Scores of one design.

    Attributes
    ----------
    frame : pandas.DataFrame
    left_out : int
        Runs of other designs that would have fitted the selection.
    """

    frame: pd.DataFrame
    left_out: int


def comparable_scores(
    store: ResultStore,
    selection: Selection,
    split: str,
    metric: str = "r",
    model: str | None = None,
) -> Scores:
    """Collect scores of runs that differ in model, compression and subject alone.

    Where a selection holds several designs (another context length, other delays, another number
    of folds), the one with most runs is taken, the latest of equals. Of runs that were made twice
    the latest counts.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set.
    split : str
    metric : {"r", "r_normalized", "unique_r2"}
    model : str, optional
        Read the scores of this one alone; the design is chosen over all models nevertheless.

    Returns
    -------
    Scores
        One row per run, roi, hemisphere, layer and fold: run_id, dataset, split, n_folds,
        evidence, source, subject, model, weights (the fingerprint of a local model's files), data
        (the hash of the recording), model_family, n_parameters, compression, calibration,
        bits_per_weight, sparsity, context_length, n_samples, roi, hemisphere, layer, n_layers (the
        deepest in the run), fold, unit (the held-out story, or the number of the fold), score,
        ceiling.

    Raises
    ------
    ValueError
        If the metric is unknown.
    """
    design = _one_design(store, selection, split, metric)
    runs = design.runs if model is None else design.runs[design.runs["model"] == model]
    return Scores(_scores_of(store, selection, list(runs["run_id"]), metric), design.left_out)


def comparable_models(
    store: ResultStore, selection: Selection, split: str, metric: str = "r"
) -> Iterator[pd.DataFrame]:
    """Collect the same scores model by model, where all at once would fill the memory.

    Parameters
    ----------
    store, selection, split, metric
        As of :func:`comparable_scores`.

    Yields
    ------
    pandas.DataFrame
        The rows of one model, in the order of their names; one without rows where there are none.
    """
    runs = _one_design(store, selection, split, metric).runs
    if runs.empty:
        yield _scores_of(store, selection, [], metric)
    for _, rows in runs.groupby("model"):
        yield _scores_of(store, selection, list(rows["run_id"]), metric)


class _Design(NamedTuple):
    """Runs that are comparable, with their model, and how many are not."""

    runs: pd.DataFrame
    left_out: int


def _one_design(store: ResultStore, selection: Selection, split: str, metric: str) -> _Design:
    """Choose the design of most runs that have such scores."""
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; accepted are {', '.join(METRICS)}")
    where, parameters = selection.model_copy(update={"split": split}).where()
    within, values = selection.within_runs()
    layers, bounds = selection.within_layers()
    runs = store.query(
        f"""
        WITH chosen AS (
            SELECT *, {DESIGN} AS design
            FROM runs WHERE {where}
            QUALIFY row_number() OVER (
                PARTITION BY model, compression, subject, design ORDER BY created_at DESC, run_id
            ) = 1
        ), means AS (
            SELECT run_id, layer, max(layer) OVER (PARTITION BY run_id) AS n_layers
            FROM roi_means WHERE {within} AND {metric}_n > 0
        )
        SELECT run_id, model, design, created_at FROM chosen
        WHERE run_id IN (SELECT run_id FROM means WHERE {layers}) ORDER BY run_id
        """,
        [*parameters, *values, *bounds],
    )
    if runs.empty:
        return _Design(runs, 0)
    designs = runs.groupby("design").agg(n=("run_id", "size"), latest=("created_at", "max"))
    best = designs.sort_values(["n", "latest"]).index[-1]
    kept = runs[runs["design"] == best]
    return _Design(kept, len(runs) - len(kept))


def _scores_of(
    store: ResultStore, selection: Selection, run_ids: list[str], metric: str
) -> pd.DataFrame:
    """Collect the scores of some runs."""
    runs = store.query(
        """
        SELECT run_id, dataset, split, n_folds, evidence, source, subject, model,
               config->>'model_fingerprint' AS weights, config->>'data_sha256' AS data,
               model_family, n_parameters, compression,
               (config->'calibration')::VARCHAR AS calibration, bits_per_weight, sparsity,
               context_length, n_samples
        FROM runs WHERE run_id IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY model, compression, subject, run_id
        """,
        [run_ids],
    )
    within, values = selection.within_runs()
    ordered = list(runs["run_id"])
    scores = store.query(
        f"""
        WITH wanted AS (
            SELECT unnest(?::VARCHAR[]) AS run_id, unnest(range(?)) AS place
        )
        SELECT place, roi, hemisphere, layer, fold, coalesce(held_out, fold::VARCHAR) AS unit,
               {metric} AS score, ceiling
        FROM wanted JOIN roi_scores USING (run_id)
        WHERE {within} AND {metric} IS NOT NULL
        ORDER BY place, {_order_of_responses(selection)} layer, fold
        """,
        [ordered, len(ordered), *values],
    )
    deepest = scores.groupby("place")["layer"].transform("max")
    scores.insert(list(scores.columns).index("fold"), "n_layers", deepest)
    # A run's columns are the same in hundreds of rows: many times faster repeated here than sorted.
    repeated = runs.take(scores.pop("place").to_numpy()).reset_index(drop=True)
    frame = pd.concat([repeated, scores], axis=1)
    return selection.of_layers(frame).reset_index(drop=True)


def _order_of_responses(selection: Selection) -> str:
    """Order by region and hemisphere where there may be several: names are slow to sort."""
    roi = "" if len(selection.rois) == 1 else "roi, "
    return roi if selection.hemisphere is not None else f"{roi}hemisphere, "


def at_layer(frame: pd.DataFrame, rule: LayerRule = BEST) -> pd.DataFrame:
    """Keep one layer of each run, response and fold.

    Parameters
    ----------
    frame : pandas.DataFrame
        As of :func:`comparable_scores`.
    rule : LayerRule

    Returns
    -------
    pandas.DataFrame
        The same columns.
    """
    if frame.empty:
        return frame
    if rule.depth is None:
        others = _mean_of_other_folds(frame)
        keys = [*_ONE, "fold"]
        chosen = frame.assign(others=others).dropna(subset="others")
        places = chosen.groupby(keys, sort=False)["others"].idxmax()
    else:
        distance = (frame["layer"] - rule.depth * frame["n_layers"]).abs()
        nearest = frame.assign(distance=distance)
        places = nearest.groupby([*_ONE, "fold"], sort=False)["distance"].idxmin()
    return frame.loc[places.to_numpy()].reset_index(drop=True)


def _mean_of_other_folds(frame: pd.DataFrame) -> pd.Series:
    groups = frame.groupby([*_ONE, "layer"])["score"]
    n = groups.transform("size")
    total = groups.transform("sum")
    return ((total - frame["score"]) / (n - 1)).where(n > 1)


def paired_with_full_precision(frame: pd.DataFrame, rule: LayerRule | None = BEST) -> pd.DataFrame:
    """Pair each compressed run with its model at full precision: same layer, response and fold.

    Parameters
    ----------
    frame : pandas.DataFrame
        As of :func:`comparable_scores`.
    rule : LayerRule or None
        Chooses the layer by the model at full precision, the embedding output left out (unless a
        run has no other): no compression touches embeddings, so that nothing would differ there.
        None keeps every layer.

    Returns
    -------
    pandas.DataFrame
        Rows of compressed runs, and full (the score at full precision) and difference, ``score -
        full``. A model without a run at full precision on the same weights and the same recording
        has no rows.
    """
    keys = ["model", "weights", "subject", "data", "roi", "hemisphere", "layer", "fold"]
    full = frame[frame["compression"] == "none"]
    touched = (full["layer"] > 0) | (full["n_layers"] == 0)
    full = full if rule is None else at_layer(full[touched], rule)
    full = full[[*keys, "score"]].rename(columns={"score": "full"})
    pairs = frame[frame["compression"] != "none"].merge(full, on=keys)
    return pairs.assign(difference=pairs["score"] - pairs["full"])


def by_unit(frame: pd.DataFrame, column: str, units: Units, by_layer: bool = False) -> pd.DataFrame:
    """Average a column to one value per unit, over which intervals and tests are then made.

    Parameters
    ----------
    frame : pandas.DataFrame
        With one layer of each run and fold, unless ``by_layer``.
    column : str
        ``score`` or ``difference``.
    units : {"folds", "subjects"}
        Folds (held-out stories) average over subjects and speak of these recordings; subjects
        average over folds and speak of people.
    by_layer : bool
        Whether each layer keeps a value of its own.

    Returns
    -------
    pandas.DataFrame
        One row per model, compression, roi, hemisphere (and layer) and unit, with ``column``.
    """
    name = "unit" if units == "folds" else "subject"
    keys = ["model", "compression", "roi", "hemisphere", *(["layer"] if by_layer else []), name]
    # First within a subject, so that one with more rows does not count for more.
    within = frame.groupby([*keys, *({"subject"} - {name})], sort=False)[column].mean()
    means = within.groupby(keys, sort=False).mean().reset_index()
    return means.rename(columns={name: "unit"})
