"""The Scale page without its widgets: what is compared, and the figure of it."""

from dataclasses import dataclass
from functools import cache

import pandas as pd

from backend.comparisons.scale import (
    Scaling,
    scale_by_response,
    scale_levels,
    scale_lines,
    scale_points,
)
from backend.comparisons.scores import LayerRule, Scores, at_layer, comparable_scores
from backend.figures.captions import results_caption
from backend.figures.labels import METRIC_TITLES
from backend.figures.scale import AXIS_TITLES, scale_figure
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.narrow import Parameters
from backend.views.pick import FromParameters
from backend.views.scale_controls import ScaleView, choose_scale
from backend.views.sheet import Sheet


@dataclass(frozen=True)
class ScaleResults:
    """What the store says of predictivity by size.

    Attributes
    ----------
    scores : Scores
    frame : pandas.DataFrame
        Scores at the chosen layer, of models whose size is known.
    scalings : list of Scaling
        One per response.
    sheet : Sheet or None
        The figure; None where the axis is perplexity and none is known.
    """

    scores: Scores
    frame: pd.DataFrame
    scalings: list[Scaling]
    sheet: Sheet | None


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        See :func:`backend.views.scale_controls.choose_scale`.

    Returns
    -------
    list of Sheet
        Empty where nothing fits.
    """
    first = chosen.of_first_response()
    view = choose_scale(store, first, FromParameters(parameters))
    results = scale_results(store, first, view)
    return [] if results is None or results.sheet is None else [results.sheet]


def scale_results(store: ResultStore, chosen: Chosen, view: ScaleView) -> ScaleResults | None:
    """Compare models of several sizes.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    view : ScaleView

    Returns
    -------
    ScaleResults or None
        None where nothing fits.
    """
    scores = comparable_scores(store, view.selection, chosen.split, chosen.metric)
    frame = _with_perplexity(at_layer(scores.frame, view.layer), view)
    frame = frame[frame["n_parameters"].notna()]
    if frame.empty:
        return None
    scalings = scale_by_response(frame, view.units, view.margin, view.axis, view.family)
    return ScaleResults(scores, frame, scalings, _sheet(store, scalings, frame, view, chosen))


def _with_perplexity(frame: pd.DataFrame, view: ScaleView) -> pd.DataFrame:
    if view.axis == "n_parameters":
        return frame
    return frame.merge(view.perplexities[["model", "perplexity"]], on="model", how="left")


def _sheet(
    store: ResultStore,
    scalings: list[Scaling],
    frame: pd.DataFrame,
    view: ScaleView,
    chosen: Chosen,
) -> Sheet | None:
    points = scale_points(scalings)
    if view.axis == "perplexity" and points["perplexity"].isna().all():
        return None
    lines = scale_lines(scalings, view.axis)
    levels = scale_levels(store, frame, chosen.metric, view.units)
    caption = results_caption(frame, _what_is_shown(scalings, view, chosen))
    return Sheet(
        key="scale",
        build=cache(
            lambda mode: scale_figure(points, lines, levels, chosen.metric, view.axis, mode)
        ),
        draw=None,
        data=points,
        caption=caption,
        alt=caption,
        run_ids=tuple(frame["run_id"].unique()),
    )


def layer_words(rule: LayerRule) -> str:
    """Say which layer stands for a model."""
    if rule.depth is None:
        return "at the best layer, chosen for each fold on the other folds"
    return f"at relative depth {rule.depth:g}"


def _what_is_shown(scalings: list[Scaling], view: ScaleView, chosen: Chosen) -> str:
    axis = AXIS_TITLES[view.axis].split(" (")[0].lower()
    if view.corpus:
        axis += f" on {view.corpus}"
    n = max(int(scaling.points["n_units"].max()) for scaling in scalings)
    parts = [
        f"{METRIC_TITLES[chosen.metric]} against {axis}, {layer_words(view.layer)}, "
        f"mean with 95% t intervals over n = {n} {view.units}",
    ]
    if any(scaling.points["random"].any() for scaling in scalings):
        parts.append("hollow: the same architectures with random weights")
    if chosen.metric != "unique_r2":
        parts.append(
            "dotted: the strongest baseline on the same folds with its interval; thick line: the "
            "noise ceiling if known"
        )
    if any(scaling.fits.fits for scaling in scalings):
        parts.append("curves: fits through the trained models with 95% intervals over units")
    if any(scaling.minimal and scaling.minimal.model for scaling in scalings):
        parts.append(f"ringed: the minimal model at a margin of {view.margin:g}")
    return "; ".join(parts)
