"""What the tests of the claims read: scores of one data set, made comparable once for all."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.catalog import Window
from backend.catalog.twins import is_random
from backend.comparisons.probes import BUNDLED, competence_changes, no_changes
from backend.comparisons.scores import (
    Units,
    at_layer,
    by_unit,
    comparable_models,
    paired_with_full_precision,
)
from backend.comparisons.tracking import competence_levels
from backend.errors import InputError
from backend.statistics.units import LEAST_UNITS
from backend.store.queries import choices, model_quality
from backend.store.reader import ResultStore
from backend.store.removal_queries import removal_scores
from backend.store.selection import Selection

# On which the first run of an empty store can be made.
FIRST = ("demo-cortex", "leave-story-out")


class Sample(NamedTuple):
    """Values over which a test is made, and what they are of."""

    values: NDArray[np.float64]
    counts: str


def _no_levels() -> pd.DataFrame:
    return pd.DataFrame(columns=["model", "phenomenon", "mean"])


def _no_removals() -> pd.DataFrame:
    return pd.DataFrame(columns=["model", "subject", "compression", "evidence", "n_parameters"])


@dataclass(frozen=True)
class Material:
    """Scores of trained models on one data set and one split.

    Random-weight twins are left out: no claim speaks of them.

    Attributes
    ----------
    selection : Selection
    runs : pandas.DataFrame
        model, compression and subject of each run.
    full : pandas.DataFrame
        Scores at full precision, at each model's best layer (chosen on other folds); columns as of
        :func:`backend.comparisons.scores.comparable_scores`.
    pairs : pandas.DataFrame
        Scores of compressed runs beside full precision, at the best layer of the latter.
    quality : pandas.DataFrame
        As of :func:`backend.store.queries.model_quality`.
    configs : pandas.DataFrame
        Config (JSON) of each run of the data set and split, newest first.
    probes : pandas.DataFrame
        As of :func:`backend.comparisons.probes.competence_changes`, of the bundled tasks.
    levels : pandas.DataFrame
        As of :func:`backend.comparisons.tracking.competence_levels`, of the bundled tasks.
    removals : pandas.DataFrame
        As of :func:`backend.store.removal_queries.removal_scores`, of trained models.
    """

    selection: Selection
    runs: pd.DataFrame
    full: pd.DataFrame
    pairs: pd.DataFrame
    quality: pd.DataFrame
    configs: pd.DataFrame
    probes: pd.DataFrame = field(default_factory=no_changes)
    levels: pd.DataFrame = field(default_factory=_no_levels)
    removals: pd.DataFrame = field(default_factory=_no_removals)


def gather(store: ResultStore, selection: Selection) -> Material:
    """Collect what the claims' tests need of one data set.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set, a split and an evidence.

    Returns
    -------
    Material

    Raises
    ------
    InputError
        If the selection lacks one of them: claims are never tested across kinds of evidence.
    """
    if not (selection.dataset and selection.split and selection.evidence):
        raise InputError(
            "claims are tested on one data set, split and kind of evidence; name all three."
        )
    models = comparable_models(store, selection, selection.split)
    where, parameters = selection.where()
    configs = store.query(
        f"SELECT config FROM runs WHERE {where} ORDER BY created_at DESC, run_id LIMIT 1",
        parameters,
    )
    quality = trained(model_quality(store))
    found = material_of(selection, models, quality, configs)
    names = list(dict.fromkeys(found.pairs["model"]))
    removals = trained(removal_scores(store, selection.dataset, selection.split))
    return replace(
        found,
        probes=competence_changes(store, BUNDLED, names),
        levels=competence_levels(store, BUNDLED),
        removals=removals[removals["evidence"] == selection.evidence],
    )


def material_of(
    selection: Selection,
    models: Iterable[pd.DataFrame],
    quality: pd.DataFrame,
    configs: pd.DataFrame,
) -> Material:
    """Take from each model's scores what the tests read; the rest is not kept.

    Parameters
    ----------
    selection : Selection
    models : iterable of pandas.DataFrame
        As of :func:`backend.comparisons.scores.comparable_models`.
    quality, configs : pandas.DataFrame
        See :class:`Material`.

    Returns
    -------
    Material
    """
    parts = [_parts(trained(scores)) for scores in models]
    runs, full, pairs = (pd.concat(each, ignore_index=True) for each in zip(*parts, strict=True))
    return Material(selection, runs, full, pairs, quality, configs)


def _parts(scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        scores[["model", "compression", "subject"]].drop_duplicates(),
        at_layer(scores[scores["compression"] == "none"]),
        paired_with_full_precision(scores),
    )


def default_selection(
    store: ResultStore, dataset: str | None = None, split: str | None = None
) -> Selection:
    """Choose what the claims are tested on: measured data and honest folds where there are any.

    Parameters
    ----------
    store : ResultStore
    dataset, split : str, optional
        Narrow the choice.

    Returns
    -------
    Selection
        With a data set, a split and an evidence. Of an empty store it is the demo cortex, which a
        first run can be made on.

    Raises
    ------
    InputError
        If the store has results, but none of this data set and split.
    """
    known = choices(store)
    rows = known[known["dataset"] == dataset] if dataset else known
    rows = rows[rows["split"] == split] if split else rows
    if rows.empty and len(known):
        raise InputError(
            f"there are no results of {dataset or 'any data set'} with "
            f"{split or 'any'} folds; the store has "
            f"{', '.join(sorted(known['dataset'].unique()))}."
        )
    if rows.empty:
        return Selection(dataset=FIRST[0], split=split or FIRST[1], evidence="simulated")
    # Measured stands before simulated in the alphabet, and shuffled folds leak.
    order = rows.assign(leaks=rows["split"] == "shuffled")
    first = order.sort_values(["evidence", "leaks"], kind="stable").iloc[0]
    return Selection(dataset=first["dataset"], split=first["split"], evidence=first["evidence"])


def sized_models(store: ResultStore, selection: Selection) -> pd.DataFrame:
    """List the trained models at full precision that a selection has, by size.

    Parameters
    ----------
    store : ResultStore
    selection : Selection

    Returns
    -------
    pandas.DataFrame
        model and n_parameters, smallest first.
    """
    where, parameters = selection.model_copy(update={"compressions": ("none",)}).where()
    return trained(
        store.query(
            f"""
            SELECT model, any_value(n_parameters) AS n_parameters FROM runs WHERE {where}
            GROUP BY model HAVING any_value(n_parameters) IS NOT NULL
            ORDER BY n_parameters, model
            """,
            parameters,
        )
    )


def trained(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out models with random weights.

    Parameters
    ----------
    frame : pandas.DataFrame
        With model.

    Returns
    -------
    pandas.DataFrame
    """
    random = frame["model"].map(lambda name: is_random(str(name))).astype(bool)
    return frame[~random].reset_index(drop=True)


def within(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Keep models of these sizes.

    Parameters
    ----------
    frame : pandas.DataFrame
        With n_parameters.
    window : Window

    Returns
    -------
    pandas.DataFrame
    """
    return frame[frame["n_parameters"].between(window.low, window.high)]


def units_of(frame: pd.DataFrame) -> Units:
    """Choose what is counted: subjects where there are three, for a claim is about people."""
    return "subjects" if frame["subject"].nunique() >= LEAST_UNITS else "folds"


def name_of_units(frame: pd.DataFrame) -> str:
    """Say what is counted: subjects, stories or folds."""
    if units_of(frame) == "subjects":
        return "subjects"
    return "folds" if frame["unit"].astype(str).str.isdigit().all() else "stories"


def over_units(frame: pd.DataFrame, column: str) -> Sample:
    """Average a column to one value per subject, story or fold.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows as of ``Material.full`` or ``Material.pairs``.
    column : str

    Returns
    -------
    Sample
        Of regions, models and methods each counts as much as another.
    """
    means = by_unit(frame, column, units_of(frame)).groupby("unit")[column].mean()
    return Sample(means.to_numpy(dtype=np.float64), name_of_units(frame))
