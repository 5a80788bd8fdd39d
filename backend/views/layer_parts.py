"""What the Layers page shows, as frames: curves, their peaks, baselines, and the hierarchy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from backend import catalog
from backend.comparisons.hierarchy import Hierarchy
from backend.comparisons.layer_curves import (
    By,
    LayerCurves,
    baseline_table,
    hierarchy_of,
    layer_curves_by,
    regions_left_out,
)
from backend.comparisons.layer_scores import baseline_units, layer_runs, layer_scores
from backend.comparisons.scores import Units
from backend.errors import InputError
from backend.figures.labels import as_text, series_titles
from backend.figures.layer_map import map_order
from backend.figures.legible import few_series, n_series, trained_at_full
from backend.statistics.units import LEAST_UNITS
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.layer_controls import LayerControls, series_name

# What a caption and a hover say of a curve's run.
_OF_RUN = [
    "run_id", "dataset", "model", "compression", "split", "evidence", "source", "n_samples",
    "n_folds", "context_length",
]  # fmt: skip


@dataclass(frozen=True)
class Curves:
    """Curves of one figure.

    Attributes
    ----------
    by : {"model", "region", "subject", "story"}
    units : {"folds", "subjects"}
    runs : pandas.DataFrame
        Those that are shown; see :func:`backend.comparisons.layer_scores.layer_runs`.
    found : LayerCurves
    table, peaks : pandas.DataFrame
        Of ``found``; with title, roi, hemisphere, and what is known of the runs.
    baselines : pandas.DataFrame
        See :func:`backend.comparisons.layer_curves.baseline_table`.
    """

    by: By
    units: Units
    runs: pd.DataFrame
    found: LayerCurves
    table: pd.DataFrame
    peaks: pd.DataFrame
    baselines: pd.DataFrame


@dataclass(frozen=True)
class LayerParts:
    """What the page shows. Regions and hierarchy are reckoned when they are first asked for.

    Attributes
    ----------
    models : Curves
        A curve per model and compression, in one response.
    n_series : int
        Models and compressions that the selection holds, drawn or not.
    best : pandas.Series
        The highest mean among honest folds: a row of ``models.table``.
    own : Curves
        The curve of the model that is taken apart, alone.
    of : str
        That model; see :class:`backend.views.layer_controls.LayerControls`.
    apart : Curves or None
        Its curves by region, subject or story, where they are asked for and there are any.
    read_regions : callable
        Gives its curves by region.
    """

    models: Curves
    n_series: int
    best: pd.Series
    own: Curves
    of: str
    apart: Curves | None
    read_regions: Callable[[], Curves | None] = field(repr=False)

    @cached_property
    def regions(self) -> Curves | None:
        """Curves by region, where there are several."""
        found = self.read_regions()
        several = found is not None and len(found.peaks[["roi"]].drop_duplicates()) > 1
        return found if several else None

    @property
    def hierarchy(self) -> Hierarchy | None:
        """Peaks of the regions in their order from early to late."""
        return self._order[0]

    @property
    def left_out(self) -> pd.DataFrame:
        """Regions of the hierarchy whose peaks do not count."""
        return self._order[1]

    @property
    def no_hierarchy(self) -> str:
        """Why there is no hierarchy; empty where there is one, or nothing that could have one."""
        return self._order[2]

    @cached_property
    def _order(self) -> tuple[Hierarchy | None, pd.DataFrame, str]:
        return _hierarchy(self.regions)


def layer_parts(store: ResultStore, chosen: Chosen, controls: LayerControls) -> LayerParts | None:
    """Read and reckon all that the page shows.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Several subjects are averaged; of several regions, models are shown in the first.
    controls : LayerControls

    Returns
    -------
    LayerParts or None
        None where nothing fits the selection.
    """
    splits = [chosen.split, "shuffled"] if chosen.shuffled else [chosen.split]
    one_response = chosen.selection.model_copy(update={"rois": chosen.selection.rois[:1]})
    runs = layer_runs(store, one_response, splits)
    models = _curves(store, few_series(runs), one_response, "model", controls.units, chosen.metric)
    if models is None:
        return None
    honest = models.table[models.table["split"] == chosen.split]
    shown = models.table if honest.empty else honest
    best = shown.iloc[int(shown["mean"].argmax())]
    own = _picked(models.runs, chosen.split, controls.of)
    apart = None if controls.by == "model" else _apart(store, own, chosen, controls)
    return LayerParts(
        models=models,
        n_series=n_series(runs),
        best=best,
        own=_narrowed(models, own),
        of=series_name(own["model"].iloc[0], own["compression"].iloc[0]),
        apart=apart,
        read_regions=lambda: (
            apart if controls.by == "region" else _by_region(store, own, chosen, controls)
        ),
    )


def _picked(runs: pd.DataFrame, split: str, of: str) -> pd.DataFrame:
    """Pick the runs of the model that is taken apart: the one asked for, else the largest.

    Not the best: which one that is depends on the response, and a model that is best where sound
    alone is heard may say nothing of the others.
    """
    same = runs[runs["split"] == split] if (runs["split"] == split).any() else runs
    names = [series_name(*pair) for pair in zip(same["model"], same["compression"], strict=True)]
    asked = same[[name == of for name in names]]
    largest = trained_at_full(same).sort_values("n_parameters", ascending=False, kind="stable")
    chosen = asked if len(asked) else largest
    return same[same["design"] == chosen["design"].iloc[0]]


def _narrowed(curves: Curves, own: pd.DataFrame) -> Curves:
    """Keep one model's curve."""
    design, split = own["design"].iloc[0], own["split"].iloc[0]

    def of_own(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["design"] == design) & (frame["split"] == split)]

    return replace(curves, runs=own, table=of_own(curves.table), peaks=of_own(curves.peaks))


def _apart(
    store: ResultStore, own: pd.DataFrame, chosen: Chosen, controls: LayerControls
) -> Curves | None:
    if controls.by == "region":
        return _by_region(store, own, chosen, controls)
    selection = chosen.selection.model_copy(update={"rois": chosen.selection.rois[:1]})
    if controls.by == "subject" and len(chosen.selection.subjects) < 2:
        # One subject is no comparison: all of them are.
        free = chosen.selection.model_copy(update={"subjects": ()})
        every = layer_runs(store, free, [own["split"].iloc[0]])
        own = every[every["design"] == own["design"].iloc[0]]
    return _curves(store, own, selection, controls.by, controls.units, chosen.metric)


def _by_region(
    store: ResultStore, own: pd.DataFrame, chosen: Chosen, controls: LayerControls
) -> Curves | None:
    """Every region, or those that are chosen where they are several; both hemispheres."""
    rois = chosen.selection.rois if len(chosen.selection.rois) > 1 else ()
    selection = chosen.selection.model_copy(update={"rois": rois, "hemisphere": None})
    return _curves(store, own, selection, "region", controls.units, chosen.metric)


def _curves(
    store: ResultStore,
    runs: pd.DataFrame,
    selection: Selection,
    by: By,
    units: Units,
    metric: str,
) -> Curves | None:
    if runs.empty:
        return None
    scores = layer_scores(store, runs, selection, metric)
    if scores.empty:
        return None
    if by == "region":
        scores = map_order(scores, catalog.places())
    shown = runs[runs["run_id"].isin(scores["run_id"])]
    if shown["subject"].nunique() < LEAST_UNITS:
        units = "folds"
    found = layer_curves_by(scores, by, units)
    place: dict[str, str] = (
        {} if by == "region" else {key: str(scores[key].iloc[0]) for key in ("roi", "hemisphere")}
    )
    baselines = pd.DataFrame(columns=["split", "roi", "hemisphere", "baseline", "mean"])
    if metric != "unique_r2":
        baselines = baseline_table(baseline_units(store, shown, selection, metric), units)
    return Curves(
        by,
        units,
        shown,
        found,
        _described(found.table(), by, shown, place),
        _described(found.peaks(), by, shown, place),
        baselines,
    )


def _described(
    frame: pd.DataFrame, by: By, runs: pd.DataFrame, place: Mapping[str, str]
) -> pd.DataFrame:
    """Add a title, the place, and what is known of the runs."""
    frame = frame.assign(**place)
    if by == "model":
        first = runs.drop_duplicates(["design", "split"])
        titles = series_titles(first)
        frame = frame.merge(first[["design", *_OF_RUN]], on=["design", "split"])
        return frame.assign(title=frame["run_id"].map(titles))
    title = {"region": "hemisphere", "subject": "subject", "story": "unit"}[by]
    known = {key: runs[key].iloc[0] for key in _OF_RUN}
    return frame.assign(title=frame[title].astype(str).map(as_text), **known)


def _hierarchy(regions: Curves | None) -> tuple[Hierarchy | None, pd.DataFrame, str]:
    """Count the hierarchy, list the regions that it leaves out, or say why there is none."""
    places = catalog.places()
    if regions is None or not regions.peaks["roi"].isin(list(places)).any():
        return None, pd.DataFrame(), ""
    left_out = regions_left_out(regions.peaks, places)
    try:
        return hierarchy_of(regions.found, regions.peaks, places), left_out, ""
    except InputError as error:
        return None, left_out, str(error)
