"""A map on a subject of pycortex, told in full: from a user's file, or from a run of the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from backend import catalog
from backend.catalog.entries import Evidence
from backend.comparisons.maps import on_surface
from backend.cortex.pycortex_maps import BrainMap, brain_map, masked_map, read_brain_map
from backend.cortex.pycortex_store import Brain, available, default_filestore, find_brain
from backend.cortex.webgl_viewer import write_webgl
from backend.datasets.volumes import read_mask
from backend.errors import InputError, StoreError
from backend.figures.captions import results_caption
from backend.figures.flatmap import flatmap_bytes
from backend.figures.map_scale import MAP_KINDS, MapKind, MapScale, scale_of
from backend.figures.quickflat import quickflat_figure
from backend.figures.sizes import PageSize
from backend.figures.theme import Mode
from backend.store.map_queries import MAPS, map_runs, stored_maps
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.map_names import run_name
from backend.views.sheet import ImageFormat, Sheet

KEYS = ("brain", "brain_transform", "brain_run", "brain_map", "brain_at")
"""Names of its query parameters on the Cortex page."""

VERTICES, FILE = "none", "file"
"""What stands in place of a transform, and of a run."""

Parameters = Mapping[str, Sequence[str]]

# Small is strong: a threshold keeps what lies below it.
_SMALL = ("p", "q")


@dataclass(frozen=True)
class BrainPicture:
    """A map and what is said of it.

    Attributes
    ----------
    drawn : BrainMap
        With the threshold applied.
    scale : MapScale
    title, caption, evidence : str
    run_id : str
        Of the run that it comes from; empty where it comes from a file.
    """

    drawn: BrainMap
    scale: MapScale
    title: str
    caption: str
    evidence: str
    run_id: str = ""

    def sheet(self) -> Sheet:
        """Make it a figure among those of a page."""
        return Sheet(
            key="pycortex",
            build=None,
            draw=self.image,
            data=self.table(),
            caption=self.caption,
            alt=f"Flat map of both hemispheres: {self.caption}",
            run_ids=(self.run_id,) if self.run_id else (),
        )

    def image(self, mode: Mode, kind: ImageFormat, size: PageSize | None = None) -> bytes:
        """Draw it as PNG, SVG or PDF, its caption under it."""
        figure = quickflat_figure(
            self.drawn, self.scale, mode, evidence=self.evidence, title=self.title
        )
        dots = round(size.pixels / figure.get_figwidth()) if size else None
        return flatmap_bytes(figure, kind, self.caption, dots)

    def viewer(self, folder: Path) -> Path:
        """Write it as a WebGL viewer; see :func:`backend.cortex.webgl_viewer.write_webgl`."""
        low, high = self.scale.vmin, self.scale.vmax
        return write_webgl(
            self.drawn, folder, cmap=self.scale.cmap, vmin=low, vmax=high, title=self.title,
            caption=self.caption, evidence=self.evidence,
        )  # fmt: skip

    def table(self) -> pd.DataFrame:
        """List the drawn numbers: vertex, value; or z, y, x, value."""
        at = np.nonzero(np.isfinite(self.drawn.values))
        names = ("z", "y", "x") if self.drawn.is_volume else ("vertex",)
        return pd.DataFrame({**dict(zip(names, at, strict=True)), "value": self.drawn.values[at]})


def file_picture(
    path: Path,
    brain: Brain,
    *,
    label: str = "value",
    threshold: float | None = None,
    evidence: Evidence | str = "measured",
) -> BrainPicture:
    """Take a map from a file.

    Parameters
    ----------
    path : Path
        See :func:`backend.cortex.pycortex_maps.read_brain_map`.
    brain : Brain
    label : str
        What its colours mean.
    threshold : float, optional
        Values below it are left out.
    evidence : str

    Returns
    -------
    BrainPicture

    Raises
    ------
    InputError
        If it cannot be read, does not fit the subject, or has no value at all.
    """
    drawn, note = _thresholded(read_brain_map(path, brain), threshold, "value")
    scale = scale_of(MapKind(label, label), [drawn.values], note=note)
    what = f"{label}: {path.name}" + (f"; {note}" if note else "")
    return BrainPicture(
        drawn, scale, path.name, f"{what}. {_of_subject(drawn)} Evidence: {evidence}.", evidence
    )


def run_picture(
    store: ResultStore,
    run_id: str,
    layer: int | None,
    what: str,
    brain: Brain,
    threshold: float | None = None,
) -> BrainPicture:
    """Take a map from a run whose targets are vertices or voxels of the subject.

    Parameters
    ----------
    store : ResultStore
    run_id : str
    layer : int or None
        None for the one with the highest mean over targets.
    what : {"r", "unique_r2", "ceiling", "p", "q"}
    brain : Brain
    threshold : float, optional
        Values below it are left out; of p and q, those above it.

    Returns
    -------
    BrainPicture

    Raises
    ------
    InputError, StoreError
        If there is no such run, layer or map, or its targets do not fit the subject.
    """
    if what not in MAPS:
        raise InputError(f"a run has no map {what!r}; those are {', '.join(MAPS)}.")
    run = _run(store, run_id)
    maps = stored_maps(store, run_id, what)
    if layer is None:
        means = [np.nanmean(values) if np.isfinite(values).any() else -np.inf
                 for values in maps.values]  # fmt: skip
        layer = maps.layers[int(np.argmin(means) if what in _SMALL else np.argmax(means))]
    if layer not in maps.layers:
        raise InputError(
            f"the run {run_id} has no layer {layer}; its layers are "
            f"{', '.join(map(str, maps.layers))}."
        )
    values = maps.values[maps.layers.index(layer)]
    brain = brain._replace(transform=brain.transform or run["transform"] or None)
    if run["kind"] == "volume" and run["mask"]:
        whole = masked_map(brain, values, read_mask(Path(run["mask"])))
    else:
        whole = brain_map(brain, values)
    drawn, note = _thresholded(whole, threshold, what)
    scale = scale_of(MAP_KINDS[what], [drawn.values], note=note)
    title = f"{run_name(run)}, layer {layer}"
    told = f"{MAP_KINDS[what].label}: {title}" + (f"; {note}" if note else "")
    caption = f"{results_caption(pd.DataFrame([run]), told)} {_of_subject(drawn)}"
    return BrainPicture(drawn, scale, title, caption, str(run["evidence"]), run_id)


def pycortex_runs(store: ResultStore, selection: Selection, split: str) -> pd.DataFrame:
    """List the runs with maps that are not on fsaverage5, which may be those of a subject.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    split : str

    Returns
    -------
    pandas.DataFrame
        See :func:`backend.store.map_queries.map_runs`.
    """
    runs = map_runs(store, selection, split)
    return runs[~runs["run_id"].isin(on_surface(runs)["run_id"])].reset_index(drop=True)


def brain_sheets(store: ResultStore, parameters: Parameters) -> list[Sheet]:
    """Make the figure of a subject of pycortex that the page's parameters name.

    Parameters
    ----------
    store : ResultStore
    parameters : mapping of str to sequence of str
        See ``KEYS``; the filestore is this machine's.

    Returns
    -------
    list of Sheet
        Empty where none is named, or where pycortex is not there.

    Raises
    ------
    InputError, StoreError
        If this machine's filestore or the store does not hold what is named.
    """
    subject, transform, run_id, what, at = (next(iter(parameters.get(key, ())), "") for key in KEYS)
    if not subject or run_id in ("", FILE) or available() is not None:
        return []
    brain = find_brain(
        default_filestore(), subject, transform if transform not in ("", VERTICES) else None
    )
    try:
        threshold = float(at) if at else None
    except ValueError:
        threshold = None
    return [run_picture(store, run_id, None, what or "r", brain, threshold).sheet()]


def _run(store: ResultStore, run_id: str) -> pd.Series:
    rows = store.query(
        "SELECT runs.*, spaces.space, spaces.kind, spaces.mask, spaces.transform "
        "FROM runs JOIN spaces USING (run_id) WHERE run_id = ?",
        [run_id],
    )
    if rows.empty:
        raise StoreError(
            f"the store has no run {run_id} with a map. List the runs: python -m backend results"
        )
    return rows.astype(object).where(rows.notna(), None).iloc[0]


def _thresholded(whole: BrainMap, threshold: float | None, what: str) -> tuple[BrainMap, str]:
    if threshold is None:
        return whole, ""
    is_small = what in _SMALL
    note = f"{what} {'≤' if is_small else '≥'} {threshold:g}"
    drawn = whole.within(highest=threshold) if is_small else whole.within(lowest=threshold)
    known = whole.values[np.isfinite(whole.values)]
    if known.size and not np.isfinite(drawn.values).any():
        raise InputError(
            f"nothing is shown where {note}: the values run from {known.min():.3g} to "
            f"{known.max():.3g}. Choose a threshold between them."
        )
    return drawn, f"shown where {note}"


def _of_subject(drawn: BrainMap) -> str:
    brain, n = drawn.brain, int(np.isfinite(drawn.values).sum())
    where = f"voxels, transform {brain.transform}" if drawn.is_volume else "vertices"
    return (
        f"Subject {brain.subject} of pycortex, flat; {n:,} {where}. Drawn with "
        f"{catalog.citations()['gao2015'].text}."
    )
