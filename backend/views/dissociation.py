"""The Dissociation page without its widgets: what is asked, and the figures of the answer."""

from dataclasses import dataclass
from functools import cache, partial

import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.dissociation import (
    competence_shares,
    dissociations,
    over_models,
    predictivity_changes,
)
from backend.comparisons.tracking import tracking
from backend.figures.captions import results_caption
from backend.figures.dissociation import dissociation_figure, interaction_figure
from backend.figures.labels import place_title
from backend.store.probe_queries import probe_runs
from backend.store.queries import runs
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.narrow import Parameters
from backend.views.pick import FromParameters, Pick
from backend.views.removal import removal_results
from backend.views.sheet import Sheet

ALL = "all"


@dataclass(frozen=True)
class DissociationView:
    """What the Dissociation page's controls have chosen.

    Attributes
    ----------
    dataset : str
        Set of probes.
    model : str
        Whose points are drawn; ``all`` for every trained one.
    """

    dataset: str
    model: str


@dataclass(frozen=True)
class DissociationResults:
    """What the store says of competence beside predictivity.

    Attributes
    ----------
    tested : pandas.DataFrame
        As of :func:`backend.comparisons.dissociation.dissociations`.
    averaged : pandas.DataFrame
        Over models, with place (the region's name).
    tracked : pandas.DataFrame
        As of :func:`backend.comparisons.tracking.tracking`, with place.
    sheets : tuple of Sheet
        The points and the average over models.
    """

    tested: pd.DataFrame
    averaged: pd.DataFrame
    tracked: pd.DataFrame
    sheets: tuple[Sheet, ...]


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        ``probes``, ``of``, ``erased`` and ``from_layer``.

    Returns
    -------
    list of Sheet
        The first two where compressed models were both probed and encoded, the last where
        phenomena were removed.
    """
    pick = FromParameters(parameters)
    view = choose_dissociation(store, chosen, pick)
    results = None if view is None else dissociation_results(store, chosen, view)
    removal = removal_results(store, chosen, pick)
    made = [] if results is None else list(results.sheets)
    return made if removal is None else [*made, removal.sheet]


def choose_dissociation(store: ResultStore, chosen: Chosen, pick: Pick) -> DissociationView | None:
    """Choose what is compared.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    pick : Pick

    Returns
    -------
    DissociationView or None
        None where nothing was probed.
    """
    probed = probe_runs(store)
    probed = probed[~probed["kind"].isin(["pairs", "cloze"])]
    if probed.empty:
        return None
    names = sorted(probed["dataset"].unique(), key=lambda name: (name != "bundled", name))
    dataset = pick.one("probes", names)
    compressed = probed[(probed["dataset"] == dataset) & (probed["compression"] != "none")]
    wanted = chosen.selection.models
    models = [
        name
        for name in dict.fromkeys(compressed.sort_values("n_parameters")["model"])
        if not is_random(name) and (not wanted or name in wanted)
    ]
    return DissociationView(dataset, pick.one("of", [ALL, *models]))


def dissociation_results(
    store: ResultStore, chosen: Chosen, view: DissociationView
) -> DissociationResults | None:
    """Ask what compression takes from competence and from predictivity.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Its regions are compared; the points are of the first one.
    view : DissociationView

    Returns
    -------
    DissociationResults or None
        None where no compressed model was both probed and encoded.
    """
    predictivity = predictivity_changes(store, chosen.selection, chosen.split)
    predictivity = predictivity[~predictivity["model"].map(is_random).astype(bool)]
    models = list(dict.fromkeys(predictivity["model"]))
    competence = competence_shares(store, view.dataset, models)
    tested = dissociations(predictivity, competence)
    if view.model != ALL:
        tested = tested[tested["model"] == view.model]
    if tested.empty:
        return None
    averaged = over_models(tested)
    averaged = averaged.assign(place=_places(averaged, chosen), evidence=tested["evidence"].iloc[0])
    tracked = tracking(store, chosen.selection, chosen.split, view.dataset)
    tracked = tracked.assign(place=_places(tracked, chosen))
    run_ids = _behind(store, chosen, view, tested)
    return DissociationResults(
        tested,
        averaged,
        tracked,
        (
            _points_sheet(tested, view, run_ids),
            _average_sheet(tested, averaged, view, run_ids),
        ),
    )


def _places(table: pd.DataFrame, chosen: Chosen) -> list[str]:
    """Name the region and the side of each row."""
    return [
        place_title(str(chosen.selection.dataset), roi, side)
        for roi, side in zip(table["roi"], table["hemisphere"], strict=True)
    ]


def _behind(
    store: ResultStore, chosen: Chosen, view: DissociationView, tested: pd.DataFrame
) -> tuple[str, ...]:
    """Name the runs of the compressed models and of their full precision, encoded and probed."""
    models = tuple(dict.fromkeys(tested["model"]))
    compressions = ("none", *dict.fromkeys(tested["compression"]))
    encoded = runs(
        store,
        chosen.selection.model_copy(
            update={"models": models, "compressions": compressions, "split": chosen.split}
        ),
    )
    probed = probe_runs(store)
    of_set = (probed["dataset"] == view.dataset) | (probed["kind"] == "cloze")
    probed = probed[
        of_set & probed["model"].isin(models) & probed["compression"].isin(compressions)
    ]
    return (*encoded["run_id"], *probed["run_id"])


def first_place(tested: pd.DataFrame) -> pd.DataFrame:
    """Narrow to the first region, whose points are drawn."""
    roi, side = tested[["roi", "hemisphere"]].iloc[0]
    return tested[(tested["roi"] == roi) & (tested["hemisphere"] == side)]


def _points_sheet(tested: pd.DataFrame, view: DissociationView, run_ids: tuple[str, ...]) -> Sheet:
    points = first_place(tested)
    first = points.iloc[0]
    place = place_title(str(first["dataset"]), first["roi"], first["hemisphere"])
    caption = results_caption(
        points,
        f"{place}: change in brain predictivity against change in competence under compression, "
        f"each in percent of full precision, with 95% t intervals (probes: {view.dataset}, above "
        "chance, over words; predictivity over folds; perplexity as bits per byte of one text); "
        "dotted: both change alike; filled: the difference of the two changes is not 0 "
        "(t test, Benjamini-Hochberg within a panel)",
    )
    build = cache(partial(dissociation_figure, points))
    return Sheet("dissociation", build, None, points, caption, caption, run_ids)


def _average_sheet(
    tested: pd.DataFrame,
    averaged: pd.DataFrame,
    view: DissociationView,
    run_ids: tuple[str, ...],
) -> Sheet:
    caption = results_caption(
        tested,
        "Change in competence minus change in predictivity under compression, percentage points of "
        "full precision, mean over methods within a model and over "
        f"{int(averaged['n_models'].max())} models, with 95% t intervals over models where there "
        f"are three; below 0 competence falls more; probes: {view.dataset}",
    )
    build = cache(partial(interaction_figure, averaged))
    return Sheet("dissociation-models", build, None, averaged, caption, caption, run_ids)
