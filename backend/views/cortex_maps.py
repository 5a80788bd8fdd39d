"""What the Cortex page shows: which maps, of which runs, on which scale, and how they are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.comparisons.maps import (
    LayerMaps,
    Threshold,
    best_layer,
    context_runs,
    difference,
    layer_maps,
    preferred_context,
    preferred_layer,
    same_depth,
    shown_by,
)
from backend.cortex.surfaces import SPACE
from backend.errors import InputError, StoreError
from backend.figures.captions import results_caption
from backend.figures.flat_payload import Film, LivePanel
from backend.figures.labels import compression_title, model_title
from backend.figures.map_scale import MAP_KINDS, MapScale, scale_of
from backend.store.reader import ResultStore
from backend.views.map_names import difference_name, run_name

By = Literal["one", "film", "layer", "model", "compression", "subject", "pins"]
MOST_PANELS = 12
# A map that is one for all layers has no panel for each of them.
_OF_ALL_LAYERS = ("preferred_layer", "preferred_context")
_BYS: tuple[By, ...] = ("one", "film", "layer", "model", "compression", "subject", "pins")
_NAMES: dict[str, Callable[[str], str]] = {
    "model": model_title, "compression": compression_title, "subject": str
}  # fmt: skip
_MEASURES = {"r": "map of r", "ceiling": "noise ceiling", "q": "map of q"}
_SIGNS = {"r": "r ≥", "ceiling": "noise ceiling ≥", "q": "q ≤"}


@dataclass(frozen=True)
class MapChoice:
    """What the page's controls have chosen.

    Attributes
    ----------
    kind : str
        A key of :data:`backend.figures.map_scale.MAP_KINDS`.
    run_id : str
    layer : int or None
        None for the layer with the highest mean r over vertices.
    by : {"one", "film", "layer", "model", "compression", "subject"}
        What the panels, or the frames of a film, differ in.
    threshold : Threshold or None
    against : str
        Id of the run that is subtracted; empty where nothing is.
    """

    kind: str
    run_id: str
    layer: int | None = None
    by: By = "one"
    threshold: Threshold | None = None
    against: str = ""


class PinnedRun(NamedTuple):
    """A pinned selection's run, and how it is told from the others."""

    title: str
    colour: str
    run: pd.Series


@dataclass(frozen=True)
class CortexMaps:
    """Maps on one scale, ready to be drawn.

    Attributes
    ----------
    panels : tuple of LivePanel
    scale : MapScale
    short : str
        What a single value is called.
    film : Film or None
    title : str
    caption : str
    runs : pandas.DataFrame
        Those shown, the chosen one first.
    layer : int
        Of the chosen run.
    layers : tuple of int
        All of its layers; where there is a film, those of its frames.
    notes : tuple of str
        What a reader has to know besides.
    """

    panels: tuple[LivePanel, ...]
    scale: MapScale
    short: str
    film: Film | None
    title: str
    caption: str
    runs: pd.DataFrame
    layer: int
    layers: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Drawn:
    """One run's maps, frame by frame."""

    labels: tuple[str, ...]
    values: NDArray[np.float32]
    shown: NDArray[np.bool_] | None


def possible_by(runs: pd.DataFrame, kind: str, n_pinned: int = 0) -> list[By]:
    """List what panels can differ in.

    Parameters
    ----------
    runs : pandas.DataFrame
        From :func:`backend.comparisons.maps.on_surface`.
    kind : str
    n_pinned : int
        Pinned selections that have a map.

    Returns
    -------
    list of str
    """
    several = {by: runs[by].nunique() > 1 for by in ("model", "compression", "subject")}
    several["pins"] = n_pinned > 1
    return [
        by
        for by in _BYS
        if several.get(by, True)
        and not (by in ("film", "layer") and kind in _OF_ALL_LAYERS)
        and not (by in several and kind == "difference")
    ]


def cortex_maps(
    store: ResultStore,
    runs: pd.DataFrame,
    choice: MapChoice,
    pinned: Sequence[PinnedRun] = (),
) -> CortexMaps:
    """Read and arrange what the Cortex page shows.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        From :func:`backend.comparisons.maps.on_surface`.
    choice : MapChoice
    pinned : sequence of PinnedRun
        What the panels are where they show pins.

    Returns
    -------
    CortexMaps

    Raises
    ------
    InputError, StoreError
        If the store does not hold what was chosen, or no vertex has a value.
    """
    run = _run(runs, choice.run_id)
    r = layer_maps(store, run, "r")
    layer = choice.layer if choice.layer in r.layers else best_layer(r)
    kind = MAP_KINDS[choice.kind]
    if choice.by in ("model", "compression", "subject"):
        shown_runs, notes = _alike(runs, run, choice.by)
    else:
        shown_runs, notes = runs[runs["run_id"] == run["run_id"]], []
    if choice.by == "pins":
        panels = _pinned_panels(store, runs, pinned, choice, layer, r.layers, notes)
        shown_runs, film = pd.DataFrame([each.run for each in pinned]), None
    else:
        panels, film = _panels(store, runs, shown_runs, choice, layer, notes)
    note = ""
    if choice.threshold:
        note = f"shown where {_SIGNS[choice.threshold.measure]} {choice.threshold.at:g}"
    drawn = [panel.drawn() for panel in panels]
    if choice.by == "one":
        # The slider moves through the layers on one scale.
        drawn = [_panel(run, _drawn(store, runs, run, choice, notes), "", None).drawn()]
    if not any(np.isfinite(values).any() for values in drawn):
        notes.append(f"No vertex is {note}. Lower the threshold to see more.")
        drawn = [panel.values for panel in panels]
    scale = scale_of(kind, drawn, note=note)
    title = _title(runs, run, choice, layer)
    what = f"{kind.label} on {SPACE}, flat: {title}" + (f"; {note}" if note else "")
    if choice.kind == "difference":
        n = int(np.isfinite(panels[0].values[0]).sum())
        what += f"; paired at n = {n} vertices that both runs know, each a mean over the same folds"
    told = pd.concat([shown_runs, runs[runs["run_id"] == choice.against]])
    return CortexMaps(
        panels=tuple(panels),
        scale=scale,
        short=kind.short,
        film=film,
        title=title,
        caption=results_caption(told.drop_duplicates("run_id"), what),
        runs=shown_runs,
        layer=layer,
        layers=r.layers,
        notes=tuple(notes),
    )


def _run(runs: pd.DataFrame, run_id: str) -> pd.Series:
    rows = runs[runs["run_id"] == run_id]
    if rows.empty:
        raise InputError(f"there is no run {run_id} with a map among those selected.")
    return rows.iloc[0]


def _alike(runs: pd.DataFrame, run: pd.Series, by: str) -> tuple[pd.DataFrame, list[str]]:
    """Keep runs that differ from one in what the panels differ in alone; it first."""
    keys = [key for key in ("model", "compression", "subject", "context_length") if key != by]
    same = runs[(runs[keys] == run[keys]).all(axis=1)]
    same = same.sort_values("run_id", key=lambda ids: ids != run["run_id"], kind="stable")
    notes = []
    if len(same) > MOST_PANELS:
        notes.append(f"{MOST_PANELS} of {len(same)} are drawn: choose others in the sidebar.")
    return same.head(MOST_PANELS), notes


def _panels(
    store: ResultStore,
    runs: pd.DataFrame,
    shown_runs: pd.DataFrame,
    choice: MapChoice,
    layer: int,
    notes: list[str],
) -> tuple[list[LivePanel], Film | None]:
    run = shown_runs.iloc[0]
    drawn = _drawn(store, runs, run, choice, notes)
    every = layer_maps(store, run, "r").layers
    place = 0 if len(drawn.labels) == 1 else every.index(layer)
    if choice.by == "film":
        film = Film("Layer", drawn.labels, place)
        return [_panel(run, drawn, "", None)], film
    if choice.by == "layer":
        places = list(range(len(drawn.labels)))
        if len(places) > MOST_PANELS:
            places = sorted({round(p) for p in np.linspace(0, places[-1], MOST_PANELS)})
            notes.append(f"{len(places)} of {len(every)} layers are drawn; the film has all.")
        return [_panel(run, drawn, drawn.labels[p], p) for p in places], None
    if choice.by == "one":
        return [_panel(run, drawn, "", place)], None
    panels = []
    for _, other in shown_runs.iterrows():
        maps = _drawn(store, runs, other, choice, notes)
        layers = layer_maps(store, other, "r").layers
        at = 0 if len(maps.labels) == 1 else layers.index(same_depth(layers, layer, every))
        name = _NAMES[choice.by](str(other[choice.by]))
        title = f"{name}, {maps.labels[at]}" if len(maps.labels) > 1 else name
        panels.append(_panel(other, maps, title, at))
    return panels, None


def _pinned_panels(
    store: ResultStore,
    runs: pd.DataFrame,
    pinned: Sequence[PinnedRun],
    choice: MapChoice,
    layer: int,
    of: Sequence[int],
    notes: list[str],
) -> list[LivePanel]:
    """Draw each pinned selection at one relative depth, in a frame of its colour."""
    panels = []
    for each in pinned:
        maps = _drawn(store, runs, each.run, choice, notes)
        layers = layer_maps(store, each.run, "r").layers
        at = 0 if len(maps.labels) == 1 else layers.index(same_depth(layers, layer, of))
        title = f"{each.title}: {run_name(each.run, ('model', 'subject'))}, {maps.labels[at]}"
        panel = _panel(each.run, maps, title, at)
        panels.append(panel._replace(key=f"{each.title}-{panel.key}", frame=each.colour))
    return panels


def _panel(run: pd.Series, drawn: _Drawn, title: str, place: int | None) -> LivePanel:
    """Take one frame of a run's maps, or all of them."""
    part = slice(None) if place is None else slice(place, place + 1)
    values = drawn.values[part]
    known = int(np.isfinite(values[0]).sum())
    alt = f"Flat map of both hemispheres: {title or run_name(run)}; {known} vertices have a value"
    return LivePanel(
        key=f"{run['run_id']}-{place}",
        title=title,
        alt=alt,
        evidence=str(run["evidence"]),
        values=values,
        shown=None if drawn.shown is None else drawn.shown[part],
    )


def _shown(
    store: ResultStore, run: pd.Series, threshold: Threshold | None, notes: list[str]
) -> NDArray[np.bool_] | None:
    """Where a run's map is shown: everywhere, with a note, if it lacks what the threshold is on."""
    if threshold is None:
        return None
    try:
        return shown_by(store, run, threshold)
    except StoreError:
        note = f"{run_name(run)} holds no {_MEASURES[threshold.measure]}: drawn without threshold."
        if note not in notes:
            notes.append(note)
        return None


def _drawn(
    store: ResultStore, runs: pd.DataFrame, run: pd.Series, choice: MapChoice, notes: list[str]
) -> _Drawn:
    """Read one run's maps of the chosen kind: one for each layer, or one of all layers."""
    shown = _shown(store, run, choice.threshold, notes)
    if choice.kind == "preferred_layer":
        values = preferred_layer(layer_maps(store, run, "r"), shown)[None]
        return _Drawn(("all layers",), values, None)
    if choice.kind == "preferred_context":
        alike = context_runs(runs, run)
        r = layer_maps(store, run, "r")
        layer = choice.layer if choice.layer in r.layers else best_layer(r)
        values = preferred_context(store, alike, layer, choice.threshold)[None]
        return _Drawn((f"layer {layer}",), values, None)
    if choice.kind == "difference":
        maps, shown = _differences(store, runs, run, choice, shown, notes)
    else:
        maps = layer_maps(store, run, choice.kind)  # type: ignore[arg-type]
    return _Drawn(tuple(f"layer {layer}" for layer in maps.layers), maps.values, shown)


def _differences(
    store: ResultStore,
    runs: pd.DataFrame,
    run: pd.Series,
    choice: MapChoice,
    shown: NDArray[np.bool_] | None,
    notes: list[str],
) -> tuple[LayerMaps, NDArray[np.bool_] | None]:
    """Subtract the other run; shown where either is."""
    other = _run(runs, choice.against)
    found = difference(store, run, other)
    also = _shown(store, other, choice.threshold, notes)
    if shown is not None and also is not None:
        layers = layer_maps(store, other, "r").layers
        shown = shown | also[[layers.index(layer) for layer in found.others]]
    return found.maps, shown


def _title(runs: pd.DataFrame, run: pd.Series, choice: MapChoice, layer: int) -> str:
    name = run_name(run)
    if choice.kind == "difference":
        name = difference_name(run, _run(runs, choice.against))
    if choice.by == "pins":
        return f"pinned selections, at the relative depth of layer {layer} of {name}"
    if choice.by in ("layer", "film"):
        return f"{name}, by layer"
    if choice.kind == "preferred_layer":
        return name
    if choice.by == "one":
        return f"{name}, layer {layer}"
    return f"{name}, layer {layer}, beside others at the same relative depth, by {choice.by}"
