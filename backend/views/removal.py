"""Removal on the Dissociation page, without its widgets: what is asked, and its figure."""

from dataclasses import dataclass
from functools import cache, partial

import pandas as pd

from backend.comparisons.probes import BUNDLED
from backend.comparisons.removal import removal_falls
from backend.figures.captions import results_caption
from backend.figures.labels import compression_title, model_title, place_title
from backend.figures.removal import removal_figure
from backend.store.reader import ResultStore
from backend.store.removal_queries import removal_scores
from backend.views.choose import Chosen
from backend.views.pick import Pick
from backend.views.sheet import Sheet

_BETWEEN = "|"


@dataclass(frozen=True)
class RemovalResults:
    """What the store says of predictivity without what probes read.

    Attributes
    ----------
    falls : pandas.DataFrame
        As of :func:`backend.comparisons.removal.removal_falls`: every layer of what was picked, on
        the data set and the folds of the selection.
    shown : pandas.DataFrame
        Of the layer that is drawn.
    sheet : Sheet
        Its data hold every layer.
    """

    falls: pd.DataFrame
    shown: pd.DataFrame
    sheet: Sheet


def removal_results(store: ResultStore, chosen: Chosen, pick: Pick) -> RemovalResults | None:
    """Choose what was removed from and a layer, and ask what was lost.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Its regions are drawn where any of them was measured, else all.
    pick : Pick
        Of ``erased`` (model and compression; of stories whose responses, the context and the
        labels too) and ``from_layer``.

    Returns
    -------
    RemovalResults or None
        None where nothing was removed on this data set and these folds.
    """
    selection = chosen.selection
    scores = removal_scores(store, selection.dataset, chosen.split)
    if scores.empty:
        return None
    for column, wanted in (
        ("subject", selection.subjects), ("context_length", selection.contexts)
    ):  # fmt: skip
        of_these = scores[scores[column].isin(wanted)]
        scores = of_these if len(of_these) else scores
    scores = scores.assign(pair=_keys(scores))
    pair = pick.one("erased", _in_order(scores, selection.models))
    falls = removal_falls(scores[scores["pair"] == pair])
    of_regions = falls[falls["roi"].isin(selection.rois)] if selection.rois else falls
    falls = of_regions if len(of_regions) else falls
    layers = [str(layer) for layer in sorted(falls["layer"].unique())]
    layer = int(pick.one("from_layer", layers, default=_best_layer(falls)))
    places = [
        place_title(str(dataset), roi, side)
        for dataset, roi, side in zip(
            falls["dataset"], falls["roi"], falls["hemisphere"], strict=True
        )
    ]
    falls = falls.assign(place=places)
    shown = falls[falls["layer"] == layer]
    return RemovalResults(falls, shown, _sheet(falls, shown))


def _in_order(scores: pd.DataFrame, first: tuple[str, ...]) -> list[str]:
    """List what was removed from: models that are chosen first, the largest before smaller ones."""
    pairs = scores.drop_duplicates("pair").set_index("pair")
    return sorted(
        pairs.index,
        key=lambda each: (pairs["model"][each] not in first, -pairs["n_parameters"][each]),
    )


def _keys(scores: pd.DataFrame) -> pd.Series:
    """Name what was removed from: of sentences the model as it is compressed, of stories more."""
    keys = scores["model"] + _BETWEEN + scores["compression"]
    of_stories = scores["context_length"].notna()
    window = scores["context_length"].fillna(0).astype(int).astype(str)
    more = _BETWEEN + scores["subject"] + _BETWEEN + window + _BETWEEN + scores["labels"]
    return keys.where(~of_stories, keys + more)


def pair_title(pair: str) -> str:
    """Name what was removed from as it was picked."""
    model, compression, *more = pair.split(_BETWEEN, 4)
    title = f"{model_title(model)}, {compression_title(compression)}"
    if not more:
        return title
    subject, window, labels = more
    by = "" if labels == BUNDLED else f", {labels}"
    return f"{title}, {subject}, {window} tokens{by}"


def source_words(shown: pd.DataFrame) -> str:
    """Say what was removed, and from what it was learnt."""
    labels = shown["labels"].iloc[0]
    if labels == BUNDLED:
        return "linear probes read of a phenomenon, learnt from the bundled tasks' texts,"
    return f"linear probes read of {labels}, learnt from each fold's training words,"


def _best_layer(falls: pd.DataFrame) -> str:
    """Take the layer that predicts best, which has most to lose."""
    return str(falls.groupby("layer")["r_full"].mean().idxmax())


def _sheet(falls: pd.DataFrame, shown: pd.DataFrame) -> Sheet:
    first = shown.iloc[0]
    ranks = dict(zip(shown["phenomenon"], shown["rank"], strict=True))
    counts = ", ".join(f"{name} {rank}" for name, rank in ranks.items())
    caption = results_caption(
        shown,
        f"Change in held-out r of layer {int(first['layer'])} of {model_title(first['model'])} "
        f"({compression_title(first['compression'])}) once what {source_words(shown)} is removed "
        f"from its states by LEACE (directions: {counts}), and once as many random "
        f"directions are (mean of {int(first['n_random'])} draws), with 95% t intervals over "
        "folds; filled: the two differ (paired t test over folds, Benjamini-Hochberg over the "
        "phenomena and regions of a layer). Other layers are in the data",
    )
    build = cache(partial(removal_figure, shown))
    return Sheet("removal", build, None, falls, caption, caption, tuple(falls["run_id"].unique()))
