"""The Probing page without its widgets: what is asked, and the figures of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import pandas as pd
import plotly.graph_objects as go

from backend.comparisons.probes import (
    FULL,
    best_layers,
    competence_changes,
    in_order,
    probed_models,
    profiles,
)
from backend.figures.labels import compression_title, joined, model_title
from backend.figures.probes import change_figure, profile_figure, task_figure
from backend.figures.theme import Mode
from backend.store.probe_queries import probe_examples, probe_scores
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.narrow import Parameters
from backend.views.pick import FromParameters, Pick
from backend.views.sheet import Sheet

ALL = "all"


@dataclass(frozen=True)
class ProbingView:
    """What the Probing page's controls have chosen.

    Attributes
    ----------
    dataset : str
        Set of probes.
    model : str
    compression : str
        Drawn beside full precision; ``none`` for full precision alone.
    phenomenon : str
        Whose tasks are shown; ``all`` for every one.
    task : str
        Whose items are shown.
    """

    dataset: str
    model: str
    compression: str
    phenomenon: str
    task: str


@dataclass(frozen=True)
class ProbingResults:
    """What the store says of one model's probes.

    Attributes
    ----------
    view : ProbingView
    scores : pandas.DataFrame
        Of the model under every compression.
    shown : pandas.DataFrame
        Of the compressions that are drawn.
    changes : pandas.DataFrame
    examples : pandas.DataFrame
    sheets : tuple of Sheet
        The profile, the changes where there are any, the tasks.
    """

    view: ProbingView
    scores: pd.DataFrame
    shown: pd.DataFrame
    changes: pd.DataFrame
    examples: pd.DataFrame
    sheets: tuple[Sheet, ...]


def sheets(store: ResultStore, chosen: Chosen | None, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen or None
        Its models come first; None where the store has no runs on recordings.
    parameters : mapping of str to sequence of str
        ``probes``, ``of``, ``beside``, ``phenomenon`` and ``task``.

    Returns
    -------
    list of Sheet
        Empty where nothing was probed.
    """
    view = choose_probing(store, chosen, FromParameters(parameters))
    return [] if view is None else list(probing_results(store, view).sheets)


def choose_probing(store: ResultStore, chosen: Chosen | None, pick: Pick) -> ProbingView | None:
    """Choose what is shown.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen or None
    pick : Pick

    Returns
    -------
    ProbingView or None
        None where nothing was probed.
    """
    scores = probe_scores(store)
    scores = scores[scores["layer"].notna()]
    if scores.empty:
        return None
    dataset = pick.one("probes", _sets(scores))
    wanted = () if chosen is None else chosen.selection.models
    models = sorted(probed_models(store, dataset), key=lambda name: name not in wanted)
    model = pick.one("of", models)
    of_model = scores[(scores["dataset"] == dataset) & (scores["model"] == model)]
    methods = [name for name in dict.fromkeys(of_model["compression"]) if name != FULL]
    compression = pick.one("beside", [FULL, *methods])
    phenomena = in_order(list(of_model["phenomenon"]))
    phenomenon = pick.one("phenomenon", [ALL, *phenomena])
    tasks = of_model[(of_model["phenomenon"] == phenomenon) | (phenomenon == ALL)]
    task = pick.one("task", list(dict.fromkeys(best_layers(tasks)["task"])))
    return ProbingView(dataset, model, compression, phenomenon, task)


def _sets(scores: pd.DataFrame) -> list[str]:
    """List the sets of probes, the bundled one first."""
    return sorted(scores["dataset"].unique(), key=lambda name: (name != "bundled", name))


def probing_results(store: ResultStore, view: ProbingView) -> ProbingResults:
    """Ask what was read from one model.

    Parameters
    ----------
    store : ResultStore
    view : ProbingView

    Returns
    -------
    ProbingResults
    """
    scores = probe_scores(store)
    scores = scores[
        (scores["dataset"] == view.dataset)
        & (scores["model"] == view.model)
        & scores["layer"].notna()
    ]
    shown = scores[scores["compression"].isin({FULL, view.compression})]
    changes = competence_changes(store, view.dataset, [view.model])
    # Of one model there is one run per compression; what is looked into is the compressed one.
    looked_at = shown[shown["compression"] == view.compression]
    looked_at = looked_at if len(looked_at) else shown
    examples = probe_examples(store, looked_at["run_id"].iloc[0], view.task)
    made = [_profile_sheet(shown)]
    made += [] if changes.empty else [_change_sheet(changes, scores)]
    made.append(_task_sheet(looked_at, view))
    return ProbingResults(view, scores, shown, changes, examples, tuple(made))


def probes_caption(scores: pd.DataFrame, what: str) -> str:
    """Say what a figure of probes shows and where it comes from.

    Parameters
    ----------
    scores : pandas.DataFrame
        As of :func:`backend.store.probe_queries.probe_scores`.
    what : str
        What is plotted, a sentence without its full stop.

    Returns
    -------
    str
    """
    n_items = scores.groupby("task")["n_items"].max()
    return (
        f"{what}. Probes: {joined(list(scores['dataset']))}, {len(n_items)} tasks, n = "
        f"{int(n_items.sum())} items held out by folds; {joined(list(scores['evidence']))}. "
        f"Source: {joined(list(scores['source']))}."
    )


def _profile_sheet(shown: pd.DataFrame) -> Sheet:
    table = profiles(shown)
    names = joined([compression_title(name) for name in shown["compression"].unique()])
    caption = probes_caption(
        shown,
        f"Balanced accuracy of linear probes by layer, mean over the tasks of each phenomenon with "
        f"95% intervals over the words that items share, of "
        f"{model_title(shown['model'].iloc[0])} ({names}); dotted: chance; dashed: what length or "
        "keywords alone score on the same folds; dash-dotted: the random twin where it was probed",
    )
    return _sheet("profiles", cache(partial(profile_figure, table)), table, caption, shown)


def _change_sheet(changes: pd.DataFrame, scores: pd.DataFrame) -> Sheet:
    caption = probes_caption(
        scores,
        "Change in balanced accuracy from full precision on the same items, mean over tasks and "
        "over layers past the embeddings, with 95% t intervals over the words that items share; "
        "filled: the interval leaves out 0, without a correction over methods",
    )
    return _sheet("probe-changes", cache(partial(change_figure, changes)), changes, caption, scores)


def _task_sheet(scores: pd.DataFrame, view: ProbingView) -> Sheet:
    if view.phenomenon != ALL:
        scores = scores[scores["phenomenon"] == view.phenomenon]
    best = best_layers(scores)
    caption = probes_caption(
        scores,
        "Balanced accuracy of each task at the layer where it is highest, which favours it a "
        "little, with 95% intervals; filled: the gain on chance, length and keywords has an "
        "interval above 0; the control task gives every word a random label and shares words "
        "between training and test",
    )
    return _sheet("probe-tasks", cache(partial(task_figure, best)), best, caption, scores)


def _sheet(
    key: str,
    build: Callable[[Mode], go.Figure],
    data: pd.DataFrame,
    caption: str,
    scores: pd.DataFrame,
) -> Sheet:
    run_ids = tuple(dict.fromkeys(scores["run_id"]))
    return Sheet(key, build, None, data, caption, caption, run_ids)
