"""A map on a subject of pycortex, drawn flat by its quickflat: for the page, and for a file."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backend.cortex.pycortex_maps import BrainMap, dataview
from backend.cortex.pycortex_store import Brain, opened
from backend.errors import InputError
from backend.figures.flatmap import draw_colour_bar, mark_simulated
from backend.figures.map_scale import MapScale, colour_table
from backend.figures.theme import GROUND, Mode, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

# Inches, as the flat map of fsaverage5 has them.
_WIDTH, _TITLE, _SCALE, _DPI = 12.0, 0.55, 0.95, 160
_PIXELS = 1024
# Of outlines and their names, in units of the flat surface, which are about millimetres.
_STEP = 0.5
_ROOM = np.array([22.0, 9.0])


def quickflat_figure(
    drawn: BrainMap,
    scale: MapScale,
    mode: Mode = "light",
    *,
    evidence: str,
    title: str = "",
    pixels: int = _PIXELS,
) -> "Figure":
    """Draw a map with pycortex's quickflat, over gyri and sulci.

    Parameters
    ----------
    drawn : BrainMap
        NaN is transparent: curvature shows.
    scale : MapScale
        From :func:`backend.figures.map_scale.scale_of`.
    mode : {"light", "dark"}
        The background stays transparent, so that it is the page's.
    evidence : str
        A simulated map carries the word SIMULATED across it.
    title : str
    pixels : int
        Height of the cortex. A first map of a subject and height takes some 10 s, since pycortex
        finds out which pixels show which vertices; later ones take a fifth of a second.

    Returns
    -------
    matplotlib.figure.Figure
        :func:`backend.figures.flatmap.flatmap_bytes` makes files of it.

    Raises
    ------
    InputError
        If pycortex is not there, or the subject has no flat surface.

    Notes
    -----
    pycortex draws regions by Inkscape, another program; here their outlines come from the same
    overlays.svg without it.
    """
    from matplotlib.colors import ListedColormap, Normalize, to_rgb
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _WIDTH), dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    values = _places(drawn, scale)
    with opened(drawn.brain.filestore) as cortex:
        try:
            cortex.quickflat.make_figure(
                dataview(cortex, values, "viridis", scale.vmin, scale.vmax),
                fig=axes, height=pixels, with_rois=False, with_labels=False,
                with_colorbar=False, with_curvature=True,
                # Steps are never blended between layers of the cortex.
                thick=1 if scale.steps else 32,
            )  # fmt: skip
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            raise InputError(f"{drawn.brain.subject} cannot be drawn flat: {error}") from error
    image = next(each for each in axes.images if each.get_zorder() == 1)
    image.set_cmap(ListedColormap(colour_table(scale.cmap) / 255))
    image.set_norm(Normalize(scale.vmin, scale.vmax))
    left, right, bottom, top = image.get_extent()
    height = _WIDTH * (top - bottom) / (right - left)
    above = _TITLE if title else 0.12
    figure.set_size_inches(_WIDTH, above + height + _SCALE)
    figure.patch.set_facecolor((*to_rgb(GROUND[mode]), 0.0))
    whole = figure.get_figheight()
    axes.set_position((0, _SCALE / whole, 1, height / whole))
    axes.set(xlim=(left, right), ylim=(bottom, top))
    _draw_outlines(axes, drawn.brain, mode)
    draw_colour_bar(figure, scale, mode)
    if evidence == "simulated":
        mark_simulated(axes, mode, 1)
    if title:
        figure.text(
            0.02, 1 - 0.13 / whole, title, size=min(17, 17 * 85 / len(title)), color=ink(mode),
            va="top", parse_math=False,
        )  # fmt: skip
    return figure


def _places(drawn: BrainMap, scale: MapScale) -> BrainMap:
    """Put steps at their places on the scale, as the colour bar has them."""
    if not scale.steps:
        return drawn
    at = np.searchsorted(np.array(scale.steps), drawn.values).astype(np.float32)
    return BrainMap(drawn.brain, np.where(np.isfinite(drawn.values), at, np.nan).astype(np.float32))


def _draw_outlines(axes: "Axes", brain: Brain, mode: Mode) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    halo = withStroke(linewidth=3, foreground=GROUND[mode])
    outlines = _outlines(brain.filestore, brain.subject)
    cortex = next(each for each in axes.images if each.get_zorder() == 0)
    seen = [(name, _on_cortex(path, cortex)) for name, path in outlines]
    lines = LineCollection([path for _, path in seen], colors=[ink(mode)], linewidths=1.2, zorder=3)
    lines.set_path_effects([halo])
    axes.add_collection(lines, autolim=False)
    named: list[NDArray[np.float64]] = []
    for name, path in sorted(seen, key=lambda each: -len(each[1])):
        known = path[np.isfinite(path[:, 0])]
        place = known.mean(axis=0) if len(known) else None
        # A name that would cover another one gives way: the larger region's stays.
        if place is None or any((np.abs(place - other) < _ROOM).all() for other in named):
            continue
        named.append(place)
        axes.text(
            place[0], place[1], name, size=9, weight="bold", color=ink(mode), ha="center",
            va="center", path_effects=[halo], parse_math=False, zorder=4,
        )  # fmt: skip


def _on_cortex(path: NDArray[np.float64], cortex: "AxesImage") -> NDArray[np.float64]:
    """Take out of a line what runs beside the cortex, by the picture of its curvature."""
    left, right, bottom, top = cortex.get_extent()
    shown = np.isfinite(np.ma.filled(np.ma.asarray(cortex.get_array()), np.nan))
    rows, columns = shown.shape
    row = ((top - path[:, 1]) / (top - bottom) * rows).astype(int).clip(0, rows - 1)
    column = ((path[:, 0] - left) / (right - left) * columns).astype(int).clip(0, columns - 1)
    return np.where(shown[row, column][:, None], path, np.nan)


@cache
def _outlines(filestore: Path, subject: str) -> tuple[tuple[str, NDArray[np.float64]], ...]:
    """Take the regions of overlays.svg to the coordinates of the flat surface."""
    if not (filestore / subject / "overlays.svg").is_file():
        return ()
    with opened(filestore) as cortex:
        overlay = cortex.db.get_overlay(subject)
        flat = cortex.db.get_surf(subject, "flat", merge=True, nudge=True)[0][:, :2]
        # The drawing is the flat surface, moved, made larger, and upside down.
        x, y = (np.polyfit(overlay.coords[:, axis], flat[:, axis], 1) for axis in (0, 1))
        found = []
        for name, shape in overlay.rois.shapes.items():
            for polygon in [each for path in shape.splines for each in path.to_polygons()]:
                upright = polygon * [1, -1] + [0, shape.height]
                points = np.column_stack(
                    [np.polyval(x, upright[:, 0]), np.polyval(y, upright[:, 1])]
                )
                found.append((str(name), _stepwise(points)))
    return tuple(found)


def _stepwise(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Walk along a line in even steps."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    steps = np.linspace(0, along[-1], max(2, int(along[-1] / _STEP)))
    return np.column_stack([np.interp(steps, along, points[:, axis]) for axis in (0, 1)])
