"""The Overview without its widgets: the best of a selection, and the figures of the page."""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from backend.figures.captions import published_caption, results_caption
from backend.figures.confound import confound_figure, measured_slopes, published_slopes
from backend.figures.labels import curve_titles, dataset_title, n_responses
from backend.figures.layers import layer_figure
from backend.figures.legible import few_series, n_series
from backend.figures.published import published_layer_figure
from backend.store.queries import baseline_scores, layer_curves, published, series
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.narrow import Parameters
from backend.views.sheet import Sheet

PUBLISHED_DATASET = "Pereira2018 (fMRI, sentence reading)"
_PLACE = ["run_id", "roi", "hemisphere"]
_SLOPE_COLUMNS = ["evidence", "source", "dataset", "name", "split", "mean", "low", "high"]


@dataclass(frozen=True)
class Overview:
    """What the store says of a selection at a glance.

    Attributes
    ----------
    honest : pandas.DataFrame
        Curves of the first subject and response on honest folds, no more than can be told apart.
    baselines : pandas.DataFrame
        On the same folds.
    n_left_out : int
        Models and compressions that a figure cannot bear.
    n_series : int
        Of all.
    best : pandas.Series
        The best layer at full precision, or of all where nothing is at full precision.
    curves : Sheet
    slopes : Sheet or None
        Honest beside shuffled folds, where both were measured.
    """

    honest: pd.DataFrame
    baselines: pd.DataFrame
    n_left_out: int
    n_series: int
    best: pd.Series
    curves: Sheet
    slopes: Sheet | None


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        The page has none of its own.

    Returns
    -------
    list of Sheet
    """
    found = overview(store, chosen)
    own = [] if found is None else [found.curves, found.slopes]
    return [sheet for sheet in (*own, published_sheet(store)) if sheet is not None]


def overview(store: ResultStore, chosen: Chosen) -> Overview | None:
    """Find the best of a selection, and what it is to be seen beside.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen

    Returns
    -------
    Overview or None
        None where nothing on honest folds fits.
    """
    every = series(store, chosen.selection)
    few = few_series(every)
    run_ids = sorted(set(few["run_id"]))
    curves = layer_curves(store, chosen.selection, "r", run_ids)
    if len(few) < len(every):
        curves = curves.merge(few[_PLACE])
    baselines = baseline_scores(store, chosen.selection, run_ids)
    honest = curves[curves["split"] == chosen.split]
    if honest.empty:
        return None
    n_every = n_series(every)
    first, floors = _of_first(curves, baselines)
    best = _best_layer(first[first["split"] == chosen.split])
    return Overview(
        honest=first[first["split"] == chosen.split],
        baselines=floors[floors["split"] == chosen.split],
        n_left_out=n_every - n_series(few),
        n_series=n_every,
        best=best,
        curves=_curves_sheet(honest, baselines[baselines["split"] == chosen.split]),
        slopes=_slopes_sheet(store, chosen, first, floors, best),
    )


def _of_first(curves: pd.DataFrame, baselines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep one subject and response of those that are drawn, for what speaks of one."""
    of = ["subject", "roi", "hemisphere"]
    first = curves[(curves[of] == curves[of].iloc[0]).all(axis=1)].reset_index(drop=True)
    there = (baselines[_PLACE[1:]] == first[_PLACE[1:]].iloc[0]).all(axis=1)
    of_runs = baselines["run_id"].isin(first["run_id"].unique())
    return first, baselines[there & of_runs].reset_index(drop=True)


def _best_layer(honest: pd.DataFrame) -> pd.Series:
    uncompressed = honest[honest["compression"] == "none"]
    shown = honest if uncompressed.empty else uncompressed
    return shown.iloc[int(shown["mean"].to_numpy().argmax())]


def _curves_sheet(honest: pd.DataFrame, baselines: pd.DataFrame) -> Sheet:
    several = n_responses(honest) > 1
    titled = honest.assign(title=curve_titles(honest))
    place = dataset_title(str(honest["dataset"].iloc[0])) if several else ""
    caption = results_caption(
        honest,
        "Brain predictivity (Pearson r) by layer, mean over folds with 95% t intervals; dotted: "
        "baselines on the same folds" + (", means over what is drawn" if several else ""),
    )
    return Sheet(
        key="overview-layers",
        build=cache(
            lambda mode: layer_figure(titled, baselines, "r", mode, height=480, title=place)
        ),
        draw=None,
        data=honest,
        caption=caption,
        alt=caption,
        run_ids=tuple(honest["run_id"].unique()),
    )


def _slopes_sheet(
    store: ResultStore,
    chosen: Chosen,
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    best: pd.Series,
) -> Sheet | None:
    alike = _of_run_like(best, curves)
    if best["evidence"] != "measured" or "shuffled" not in set(alike["split"]):
        return None
    measured = measured_slopes(alike, _of_run_like(best, baselines), chosen.split)
    others = published_slopes(published(store), PUBLISHED_DATASET)
    caption = " ".join(
        [
            results_caption(measured, "Left: predictivity with honest and with shuffled folds"),
            published_caption(others, "Right: the same comparison for GPT2-XL"),
        ]
    )
    quoted = others.assign(evidence="published", source=others["citation"])
    return Sheet(
        key="folds",
        build=cache(lambda mode: confound_figure(measured, others, mode)),
        draw=None,
        data=pd.concat([measured, quoted])[_SLOPE_COLUMNS],
        caption=caption,
        alt=caption,
        run_ids=tuple(alike["run_id"].unique()),
    )


def _of_run_like(row: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    same = (frame["model"] == row["model"]) & (frame["compression"] == row["compression"])
    return frame[same]


def published_sheet(store: ResultStore) -> Sheet | None:
    """Draw the published curves over layers.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    Sheet or None
        None where the store holds none.
    """
    figures = published(store)
    rows = figures[figures["layer"].notna()]
    if rows.empty:
        return None
    caption = published_caption(
        rows, "Published brain predictivity by layer, mean with 1.96 standard errors"
    )
    return Sheet(
        key="published-layers",
        build=cache(lambda mode: published_layer_figure(rows, mode)),
        draw=None,
        data=rows.assign(evidence="published"),
        caption=caption,
        alt=caption,
    )
