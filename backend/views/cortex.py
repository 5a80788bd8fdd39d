"""The Cortex page without its widgets: what its address says, and the figures that it shows."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from backend import catalog
from backend.comparisons.maps import (
    Measure,
    Threshold,
    best_layer,
    layer_maps,
    on_surface,
    region_targets,
)
from backend.cortex.flat import side_of
from backend.cortex.outlines import region_outlines, regions_at
from backend.cortex.surfaces import N_TARGETS
from backend.figures.captions import results_caption
from backend.figures.flatmap import Panel, drawn_inches, flatmap_bytes, flatmap_figure
from backend.figures.legible import few_series
from backend.figures.map_scale import MAP_KINDS
from backend.figures.place import BY_TITLES, place_figure, place_title
from backend.figures.place import By as PlaceBy
from backend.figures.sizes import PageSize
from backend.figures.theme import Mode, pin_colour
from backend.store.map_queries import map_runs
from backend.store.place_queries import Place, place_curves
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.cortex_maps import CortexMaps, MapChoice, PinnedRun, cortex_maps, possible_by
from backend.views.pins import KEY as PIN
from backend.views.pins import Pin, read_pins
from backend.views.pycortex import brain_sheets
from backend.views.sheet import ImageFormat, Sheet

KEYS = (
    "map",
    "map_run",
    "map_against",
    "map_by",
    "map_layer",
    "map_where",
    "map_at",
    "place",
    "place_by",
)
"""Names of the page's own query parameters."""

WHERES: dict[str, float] = {"q": 0.05, "r": 0.1, "ceiling": 0.3, "none": 0.0}
"""What a threshold can be on, the default first, and at which level."""

# Of maps before an audience.
_STAGE_INCHES, _STAGE_DPI = 8.4, 220
Parameters = Mapping[str, Sequence[str]]


def cortex_runs(store: ResultStore, chosen: Chosen) -> pd.DataFrame:
    """List the runs that the page can map.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Several subjects narrow; a single one is where the page begins, and the others stay at
        hand for panels.

    Returns
    -------
    pandas.DataFrame
        See :func:`backend.store.map_queries.map_runs`; those of the first subject first.
    """
    selection = chosen.selection
    if len(selection.subjects) == 1:
        selection = selection.model_copy(update={"subjects": ()})
    runs = on_surface(map_runs(store, selection, chosen.split))
    first = chosen.selection.subject
    return runs.sort_values(
        ["n_targets", "subject"],
        key=lambda column: -column if column.name == "n_targets" else column != first,
        kind="stable",
    ).reset_index(drop=True)


def against_options(runs: pd.DataFrame, run_id: str) -> list[str]:
    """List the runs of the same subject that can be subtracted from one."""
    subject = runs.loc[runs["run_id"] == run_id, "subject"].iloc[0]
    others = runs[(runs["subject"] == subject) & (runs["run_id"] != run_id)]
    return [str(other) for other in others["run_id"]]


def map_layers(store: ResultStore, runs: pd.DataFrame, run_id: str) -> list[int]:
    """List a run's layers, the one with the highest mean r over vertices first."""
    maps = layer_maps(store, runs[runs["run_id"] == run_id].iloc[0], "r")
    best = best_layer(maps)
    return [best, *(layer for layer in maps.layers if layer != best)]


def pinned_runs(store: ResultStore, pins: Sequence[Pin], mode: Mode) -> list[PinnedRun]:
    """Find the run that each pinned selection maps; those without a map are left out.

    Parameters
    ----------
    store : ResultStore
    pins : sequence of Pin
    mode : {"light", "dark"}
        Of the colours.

    Returns
    -------
    list of PinnedRun
    """
    found = [(pin, cortex_runs(store, pin.chosen)) for pin in pins]
    return [
        PinnedRun(pin.letter, pin_colour(pin.index, mode), runs.iloc[0])
        for pin, runs in found
        if not runs.empty
    ]


def map_choice(runs: pd.DataFrame, parameters: Parameters, n_pinned: int = 0) -> MapChoice:
    """Read the page's parameters; what does not fit gives way to a default.

    Parameters
    ----------
    runs : pandas.DataFrame
        From :func:`cortex_runs`; at least one.
    parameters : mapping of str to sequence of str
    n_pinned : int
        Pinned selections that have a map.

    Returns
    -------
    MapChoice
    """
    kind = _pick(parameters, "map", list(MAP_KINDS))
    run_id = _pick(parameters, "map_run", list(runs["run_id"]))
    others = against_options(runs, run_id)
    layer = _first(parameters, "map_layer")
    return MapChoice(
        kind=kind,
        run_id=run_id,
        layer=int(layer) if layer.isascii() and layer.isdigit() and len(layer) < 5 else None,
        by=_pick(parameters, "map_by", possible_by(runs, kind, n_pinned)),  # type: ignore[arg-type]
        threshold=_threshold(parameters),
        against=_pick(parameters, "map_against", others) if others else "",
    )


def map_bytes(
    maps: CortexMaps,
    frame: int,
    mode: Mode,
    kind: ImageFormat,
    dpi: int | None = None,
    size: PageSize | None = None,
) -> bytes:
    """Draw the page's maps as a file; of a film, one frame.

    Parameters
    ----------
    maps : CortexMaps
    frame : int
        Not used where there is no film.
    mode : {"light", "dark"}
    kind : {"png", "svg", "pdf"}
    dpi : int, optional
        Of a PNG that is 12 inches wide.
    size : PageSize, optional
        On paper: the less wide, the larger the type beside the maps.

    Returns
    -------
    bytes
    """
    inches = drawn_inches(size)
    figure = flatmap_figure(
        frame_panels(maps, frame), maps.scale, mode, title=frame_title(maps, frame),
        outlines=region_outlines(), inches=inches,
    )  # fmt: skip
    dots = round(size.pixels / inches) if size else dpi
    return flatmap_bytes(figure, kind, maps.caption, dots)


def stage_bytes(maps: CortexMaps, frame: int, mode: Mode) -> bytes:
    """Draw the page's maps for an audience: a PNG of large type, without title and caption.

    Parameters
    ----------
    maps : CortexMaps
    frame : int
    mode : {"light", "dark"}

    Returns
    -------
    bytes
    """
    figure = flatmap_figure(
        frame_panels(maps, frame), maps.scale, mode, outlines=region_outlines(),
        inches=_STAGE_INCHES,
    )  # fmt: skip
    return flatmap_bytes(figure, "png", dpi=_STAGE_DPI)


def frame_panels(maps: CortexMaps, frame: int) -> list[Panel]:
    """One frame of each panel, for a file."""
    return [
        Panel(panel.drawn()[frame if maps.film else 0], panel.evidence, panel.title, panel.frame)
        for panel in maps.panels
    ]


def frame_title(maps: CortexMaps, frame: int) -> str:
    """Title of the whole figure."""
    return maps.title if maps.film is None else f"{maps.title}: {maps.film.labels[frame]}"


def map_table(maps: CortexMaps) -> pd.DataFrame:
    """List the plotted numbers, a row for each vertex that is drawn in any panel.

    Parameters
    ----------
    maps : CortexMaps

    Returns
    -------
    pandas.DataFrame
        vertex, hemisphere, regions, and a column per panel and frame; empty where it is not drawn.
    """
    names = maps.film.labels if maps.film else None
    columns = {}
    for panel in maps.panels:
        for place, values in enumerate(panel.drawn()):
            columns[names[place] if names else panel.title or maps.title] = values
    table = pd.DataFrame(columns)
    outlines = region_outlines()
    table.insert(0, "regions", ["; ".join(regions_at(v, outlines)) for v in range(N_TARGETS)])
    table.insert(0, "hemisphere", [side_of(vertex) for vertex in range(N_TARGETS)])
    table.insert(0, "vertex", range(N_TARGETS))
    return table[table.iloc[:, 3:].notna().any(axis=1)].reset_index(drop=True)


def place_names() -> list[str]:
    """Name all regions as the parameter ``place`` does: ``left AC``."""
    return [f"{each.side} {each.name}" for each in region_outlines()]


def find_place(name: str) -> Place | None:
    """Find a place by its name: ``left AC`` or ``vertex 4711``.

    Parameters
    ----------
    name : str

    Returns
    -------
    Place or None
        None where there is no such place.
    """
    side, _, rest = name.partition(" ")
    if name in place_names():
        return Place(catalog.rois()[rest].title, side, rest, {})
    if side != "vertex" or not (rest.isascii() and rest.isdigit() and len(rest) < 6):
        return None
    vertex = int(rest)
    if vertex >= N_TARGETS:
        return None
    targets = {N_TARGETS: vertex}
    among = np.flatnonzero(region_targets() == vertex)
    if among.size:
        targets[len(region_targets())] = int(among[0])
    return Place(name.capitalize(), side_of(vertex), None, targets)


def place_sheet(
    store: ResultStore, runs: pd.DataFrame, run_id: str, place: Place, by: PlaceBy
) -> Sheet | None:
    """Draw one place's curves over layers, of runs that differ in one thing.

    Parameters
    ----------
    store : ResultStore
    runs : pandas.DataFrame
        From :func:`cortex_runs`.
    run_id : str
        Its curve is drawn first.
    place : Place
    by : {"model", "compression", "subject"}

    Returns
    -------
    Sheet or None
        None where no run knows the place.
    """
    run = runs[runs["run_id"] == run_id].iloc[0]
    keys = [key for key in ("model", "compression", "subject", "context_length") if key != by]
    alike = runs[(runs[keys] == run[keys]).all(axis=1)]
    alike = alike.sort_values("run_id", key=lambda ids: ids != run_id, kind="stable")
    curves = place_curves(store, alike, place)
    if curves.empty:
        return None
    if by == "model":
        curves = few_series(curves)
    spread = "mean over folds with 95% t intervals" if place.roi else "a single vertex, over folds"
    what = f"Pearson r by layer and {by}, {place_title(curves.iloc[0])}, {spread}"
    caption = results_caption(curves, what)
    return Sheet(
        key=f"place-by-{by}",
        build=partial(place_figure, curves, by),
        draw=None,
        data=curves,
        caption=caption,
        alt=caption,
        run_ids=tuple(curves["run_id"].unique()),
    )


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the page's figures.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        The page's own, see ``KEYS``; others are left alone.

    Returns
    -------
    list of Sheet
        The maps; where a place is chosen, its curves; where a subject of pycortex is, its map.
        None where the store holds no map.

    Raises
    ------
    InputError, StoreError
        If the store does not hold what was chosen.
    """
    brains = brain_sheets(store, parameters)
    runs = cortex_runs(store, chosen)
    if runs.empty:
        return brains
    pins, _ = read_pins(choices(store), parameters.get(PIN, ()))
    pinned = pinned_runs(store, pins, "light")
    choice = map_choice(runs, parameters, len(pinned))
    maps = cortex_maps(store, runs, choice, pinned)
    frame = maps.film.start if maps.film else 0
    flat = Sheet(
        key="flatmap",
        build=None,
        draw=lambda mode, kind, size: map_bytes(maps, frame, mode, kind, size=size),
        data=map_table(maps),
        caption=maps.caption,
        alt=maps.caption,
        run_ids=tuple(maps.runs["run_id"]),
        stage=lambda mode: stage_bytes(maps, frame, mode),
    )
    place = find_place(_first(parameters, "place"))
    if place is None:
        return [flat, *brains]
    curves = [place_sheet(store, runs, choice.run_id, place, by) for by in BY_TITLES]
    return [flat, *(sheet for sheet in curves if sheet is not None), *brains]


def _first(parameters: Parameters, key: str) -> str:
    return next(iter(parameters.get(key, ())), "")


def _pick(parameters: Parameters, key: str, options: Sequence[str]) -> str:
    asked = _first(parameters, key)
    return asked if asked in options else options[0]


def _threshold(parameters: Parameters) -> Threshold | None:
    where: str = _first(parameters, "map_where") or "q"
    if where not in WHERES or where == "none":
        return None
    measure: Measure = where  # type: ignore[assignment]
    try:
        at = float(_first(parameters, "map_at"))
    except ValueError:
        at = WHERES[where]
    return Threshold(measure, at if 0 <= at <= 1 else WHERES[where])
