"""The figures of the Layers page: curves, the map of regions and layers, the hierarchy."""

from collections.abc import Callable
from functools import cache

import pandas as pd
import plotly.graph_objects as go

from backend import catalog
from backend.figures.captions import results_caption
from backend.figures.hierarchy import hierarchy_figure
from backend.figures.labels import METRIC_TITLES, joined, roi_title, series_titles
from backend.figures.layer_facets import region_figure
from backend.figures.layer_map import layer_map_figure
from backend.figures.layers import layer_figure
from backend.figures.theme import Mode
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.layer_controls import LayerControls, read_controls
from backend.views.layer_parts import Curves, LayerParts, layer_parts
from backend.views.layer_pins import pins_sheet
from backend.views.narrow import Parameters
from backend.views.pins import KEY, read_pins
from backend.views.sheet import Sheet

_PLURALS = {"subject": "subjects", "story": "stories"}
PEAK_COLUMNS = [
    "title", "roi", "hemisphere", "split", "layer", "low", "high", "place", "place_low",
    "place_high", "last", "score", "score_low", "score_high", "unique_r2", "unique_low", "counts",
]  # fmt: skip


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        ``by``, ``axis``, ``units`` and ``of``, and ``pin``; see
        :class:`backend.views.layer_controls.LayerControls`.

    Returns
    -------
    list of Sheet
        Curves first; the map of regions and layers and the hierarchy where there are any; pinned
        selections last. Empty
        where nothing fits the selection.
    """
    controls = read_controls(chosen, parameters)
    parts = layer_parts(store, chosen, controls)
    if parts is None:
        return []
    pins, _ = read_pins(choices(store), parameters.get(KEY, ()))
    pinned = pins_sheet(store, pins, chosen, controls)
    made = [curves_sheet(parts, chosen, controls), *region_sheets(parts, chosen, controls)]
    return made if pinned is None else [*made, pinned]


def curves_sheet(parts: LayerParts, chosen: Chosen, controls: LayerControls) -> Sheet:
    """Make the figure of curves.

    Parameters
    ----------
    parts : LayerParts
    chosen : Chosen
    controls : LayerControls

    Returns
    -------
    Sheet
    """
    return _curves_sheet(parts.apart or parts.models, chosen, controls)


def region_sheets(parts: LayerParts, chosen: Chosen, controls: LayerControls) -> list[Sheet]:
    """Make the map of regions and layers, and the hierarchy, where there are any.

    Parameters
    ----------
    parts : LayerParts
    chosen : Chosen
    controls : LayerControls

    Returns
    -------
    list of Sheet
    """
    made = []
    if parts.regions is not None:
        made.append(_map_sheet(parts.regions, chosen, controls))
    if parts.hierarchy is not None:
        made.append(_hierarchy_sheet(parts, chosen))
    return made


def place_title(table: pd.DataFrame) -> str:
    """Name the region of some curves, and its side where it has one."""
    first = table.iloc[0]
    title = roi_title(first["dataset"], first["roi"])
    return title if first["hemisphere"] == "both" else f"{title}, {first['hemisphere']}"


def over(curves: Curves) -> str:
    """Say over what a figure's intervals are."""
    if curves.by == "subject":
        return "folds"
    if curves.by == "story":
        return "subjects"
    n = int(curves.table["n_units"].max())
    if curves.units == "subjects":
        return f"{n} subjects"
    averaged = curves.runs["subject"].nunique()
    return f"{n} folds" + (f", mean of {averaged} subjects" if averaged > 1 else "")


def _model_of(curves: Curves) -> str:
    return next(iter(series_titles(curves.runs.drop_duplicates("design")).values()))


def _curves_sheet(curves: Curves, chosen: Chosen, controls: LayerControls) -> Sheet:
    key = "layers" if curves.by == "model" else f"layers-by-{curves.by}"
    spread = "one fold each" if curves.table["low"].isna().all() else (
        f"mean with 95% t interval over {over(curves)}"
    )  # fmt: skip
    depth = " by relative depth" if controls.axis == "depth" else " by layer"
    what = METRIC_TITLES[chosen.metric] + depth
    if curves.by != "model":
        what += f" and {curves.by} of {_model_of(curves)}"
    if curves.by != "region":
        what += f", {place_title(curves.table)}"
    what += f", {spread}; below: the peak's layer"
    if curves.peaks["low"].notna().any():
        what += " and its 95% bootstrap interval"
    if chosen.metric != "unique_r2":
        what += "; dotted: baselines on the same folds; thick: the noise ceiling where it is known"
    title = "" if curves.by == "model" else _title(curves)
    return Sheet(
        key,
        _built(lambda mode: _draw(curves, chosen.metric, controls.axis, title, mode)),
        None,
        curves.table.drop(columns="design", errors="ignore"),
        results_caption(curves.runs, what),
        what,
        tuple(curves.runs["run_id"]),
    )


def _title(curves: Curves) -> str:
    if curves.by == "region":
        return f"Regions, {_model_of(curves)}"
    return f"{place_title(curves.table)}: {_PLURALS[curves.by]}, {_model_of(curves)}"


def _draw(curves: Curves, metric: str, axis: str, title: str, mode: Mode) -> go.Figure:
    if curves.by == "region":
        return region_figure(
            curves.table, curves.baselines, metric, mode, curves.peaks, axis, title
        )
    return layer_figure(
        curves.table, curves.baselines, metric, mode, peaks=curves.peaks, axis=axis, title=title
    )


def _map_sheet(regions: Curves, chosen: Chosen, controls: LayerControls) -> Sheet:
    what = (
        f"{METRIC_TITLES[chosen.metric]} by region and layer of {_model_of(regions)}, mean over "
        f"{over(regions)}; framed: each row's peak, dotted where the prediction or what it adds to "
        "the baselines is not above 0 there"
    )
    return Sheet(
        "layer-map",
        _built(
            lambda mode: layer_map_figure(
                regions.table, regions.peaks, chosen.metric, mode, controls.axis,
                _model_of(regions),
            )
        ),
        None,
        regions.table,
        results_caption(regions.runs, what),
        what,
        tuple(regions.runs["run_id"]),
    )  # fmt: skip


def _hierarchy_sheet(parts: LayerParts, chosen: Chosen) -> Sheet:
    found, regions = parts.hierarchy, parts.regions
    assert found is not None
    assert regions is not None
    stages = catalog.hierarchy().values()
    cited = joined([catalog.citations()[stage.citation].short for stage in stages])
    what = (
        f"Depth at which {METRIC_TITLES[chosen.metric]} peaks in each region, "
        f"{_model_of(regions)}; Spearman's {found.number} with the regions' place in the order of "
        f"{cited}, {found.test}; 95% bootstrap intervals over {over(regions)}; hollow: regions "
        "whose peak does not count, since the prediction or what it adds to the baselines is not "
        "above 0"
    )
    rows = pd.concat(
        [found.regions.assign(counted=True), parts.left_out.assign(counted=False)],
        ignore_index=True,
    )
    evidence = str(regions.table["evidence"].iloc[0])
    return Sheet(
        "hierarchy",
        _built(
            lambda mode: hierarchy_figure(
                found.regions, parts.left_out, found.number, found.test, evidence, mode
            )
        ),
        None,
        rows,
        results_caption(regions.runs, what),
        what,
        tuple(regions.runs["run_id"]),
    )


def _built(build: Callable[[Mode], go.Figure]) -> Callable[[Mode], go.Figure]:
    """Build a figure once for each mode: a page that is drawn again asks for the same one."""
    return cache(build)
