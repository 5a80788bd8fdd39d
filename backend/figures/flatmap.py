"""A map on fsaverage5, drawn flat: both hemispheres side by side, one scale."""

import io
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.catalog.entries import Evidence
from backend.cortex.surfaces import (
    SIDES,
    Side,
    check_values,
    halves,
    sulcal_depth,
    surface,
)
from backend.errors import InputError
from backend.figures.export import ImageFormat
from backend.figures.theme import Mode, ink, muted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

# Inches; at 160 dots to the inch a projector's full width.
_SIZE = (12.0, 6.3)
_DPI = 160
_GROUND = {"light": "#FFFFFF", "dark": "#0F1419"}
# Gyri and sulci, in greys that no map's colours can be taken for.
_FOLDS = {"light": (0.93, 0.74), "dark": (0.34, 0.20)}
# Cutting the cortex open leaves a few triangles that reach across a cut's mouth.
_LONGEST_EDGE = 10.0
_EXTENT = (-181.0, 181.0, -146.0, 150.0)
# No dates, so that the same map gives the same file; a PNG is squeezed less, in half the time.
_SAVING: dict[ImageFormat, dict[str, Any]] = {
    "png": {"pil_kwargs": {"compress_level": 3}},
    "svg": {"metadata": {"Date": None}},
    "pdf": {"metadata": {"CreationDate": None}},
}
# Characters that fit into a line.
_TITLE_WIDTH = 85
_CAPTION_SIZE = 9.5
_CAPTION_WIDTH = 172


class _Scale(NamedTuple):
    vmin: float
    vmax: float
    extend: Literal["neither", "min", "max", "both"]
    threshold: float | None


def flatmap_figure(
    values: ArrayLike,
    label: str,
    evidence: Evidence,
    mode: Mode = "light",
    *,
    title: str = "",
    vmin: float | None = None,
    vmax: float | None = None,
    threshold: float | None = None,
    cmap: str = "viridis",
    outlines: Mapping[str, NDArray[np.int64]] | None = None,
) -> "Figure":
    """Draw a map on nilearn's flat fsaverage5, over its sulci.

    Parameters
    ----------
    values : array-like of shape (20484,)
        One per vertex, the left hemisphere's first. NaN is drawn as no data: the sulci show.
    label : str
        What the colours mean, with units, such as ``"Pearson r"``.
    evidence : {"measured", "simulated", "published"}
        A simulated map carries the word SIMULATED across it.
    mode : {"light", "dark"}
        The background stays transparent, so that it is the page's.
    title : str
    vmin, vmax : float, optional
        Ends of the colour scale. By default from 0 (from the smallest value, where none is
        positive) to the 99th percentile; the colour bar has a point where values lie beyond.
    threshold : float, optional
        Values nearer to 0 than this are not drawn, and the colour bar says so.
    cmap : str
        A matplotlib colour map; for differences about 0 take a diverging one, with
        ``vmin=-vmax``.
    outlines : mapping of str to ndarray of int, optional
        Regions to outline: the name to write, and its targets. An empty name is not written.

    Returns
    -------
    matplotlib.figure.Figure
        Belongs to no window and to no global state; it goes when its last reference does.

    Raises
    ------
    InputError
        If there are more or fewer than 20,484 values, none of them is finite, or the scale or the
        colour map cannot be.
    """
    # Imported here since it takes a third of a second, and most pages draw no cortex.
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    checked = check_values(values)
    scale = _scale(checked, vmin, vmax, threshold)
    colours = _colour_map(cmap)
    figure = Figure(figsize=_SIZE, dpi=_DPI)
    figure.patch.set_facecolor((*to_rgb(_GROUND[mode]), 0.0))
    for side, left in zip(SIDES, (0.0, 0.5), strict=True):
        axes = figure.add_axes((left, 0.145, 0.5, 0.78))
        axes.set(xlim=_EXTENT[:2], ylim=_EXTENT[2:], aspect="equal")
        axes.set_axis_off()
        shown = _shown(halves(checked)[side], scale)
        _draw_folds(axes, side, ~shown, mode)
        _draw_values(axes, side, halves(checked)[side], shown, scale, colours)
        _draw_outlines(axes, side, outlines or {}, mode)
        _name_side(axes, side, mode)
    _draw_colour_bar(figure, scale, colours, label, mode)
    if title:
        size = min(17, 17 * _TITLE_WIDTH / len(title))
        figure.text(0.02, 0.975, title, size=size, color=ink(mode), va="top", parse_math=False)
    if evidence == "simulated":
        _mark_simulated(figure, mode)
    return figure


def flatmap_bytes(figure: "Figure", kind: ImageFormat, caption: str = "") -> bytes:
    """Write a flat map to a file's bytes, its caption under it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From :func:`flatmap_figure`; it stays as it is.
    kind : {"png", "svg", "pdf"}
        In SVG and PDF the letters, lines and scale are vectors, and the cortex an image in 320
        dots to the inch: its 37,000 shaded triangles would make a file that few programs open.
    caption : str
        Data set, split, n, evidence and citation.

    Returns
    -------
    bytes
        On an opaque ground of the figure's mode.
    """
    from matplotlib.transforms import Bbox

    width, height = (float(inches) for inches in figure.get_size_inches())
    lines = textwrap.wrap(caption, _CAPTION_WIDTH)
    extra = (len(lines) * 1.35 * _CAPTION_SIZE + 8) / 72 if lines else 0.0
    under = figure.text(
        0.02, 0, "\n".join(lines), size=_CAPTION_SIZE, va="top", linespacing=1.3,
        color=ink(_mode(figure)), parse_math=False,
    )  # fmt: skip
    buffer = io.BytesIO()
    try:
        figure.savefig(
            buffer,
            format=kind,
            dpi=_DPI if kind == "png" else 2 * _DPI,
            facecolor=figure.get_facecolor()[:3],
            bbox_inches=Bbox([[0, -extra], [width, height]]),
            **_SAVING[kind],
        )
    finally:
        under.remove()
    return buffer.getvalue()


def _mode(figure: "Figure") -> Mode:
    from matplotlib.colors import to_hex

    return "dark" if to_hex(figure.get_facecolor()) == _GROUND["dark"].lower() else "light"


def _scale(
    values: NDArray[np.float64],
    vmin: float | None,
    vmax: float | None,
    threshold: float | None,
) -> _Scale:
    known = values[np.isfinite(values)]
    if not known.size:
        raise InputError("there is nothing to draw: the map has no finite value.")
    if threshold is not None and not threshold >= 0:
        raise InputError(f"a threshold is 0 or more, not {threshold}; the sign does not matter.")
    high = float(np.percentile(known, 99)) if vmax is None else vmax
    low = (0.0 if high > 0 else float(known.min())) if vmin is None else vmin
    if vmax is None and high <= low:
        # A map of one value still has a scale.
        high = low + 1.0
    if not low < high:
        raise InputError(
            f"the colour scale would run from {low:g} to {high:g}; vmin has to be below vmax."
        )
    below, above = bool(known.min() < low), bool(known.max() > high)
    extend: Literal["neither", "min", "max", "both"] = "neither"
    if below or above:
        extend = "both" if below and above else "min" if below else "max"
    return _Scale(low, high, extend, threshold)


def _colour_map(name: str) -> "Colormap":
    from matplotlib import colormaps

    if name not in colormaps:
        raise InputError(
            f"there is no colour map {name!r}. Take one of matplotlib's, such as viridis, cividis, "
            "magma, or RdBu_r for differences."
        )
    return colormaps[name]


@cache
def _plane(side: Side) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices of the flat map (x, y), and its triangles without those across a cut's mouth."""
    mesh = surface("flat", side)
    points = mesh.coordinates[:, :2]
    corners = points[mesh.triangles]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    return points, mesh.triangles[edges.max(axis=1) <= _LONGEST_EDGE]


def _shown(values: NDArray[np.float64], scale: _Scale) -> NDArray[np.bool_]:
    known = np.isfinite(values)
    if scale.threshold is None:
        return known
    return known & (np.abs(np.where(known, values, 0.0)) >= scale.threshold)


def _shade(
    axes: "Axes", side: Side, colours: NDArray[np.float64], painted: NDArray[np.int64]
) -> None:
    """Paint triangles, each a blend of its vertices' colours."""
    from matplotlib.collections import TriMesh
    from matplotlib.tri import Triangulation

    if painted.size:
        mesh = Triangulation(*_plane(side)[0].T, painted)
        axes.add_collection(TriMesh(mesh, facecolors=colours, rasterized=True), autolim=False)


def _draw_folds(axes: "Axes", side: Side, bare: NDArray[np.bool_], mode: Mode) -> None:
    """Paint gyri and sulci where a vertex has nothing else to show."""
    triangles = _plane(side)[1]
    depth = halves(sulcal_depth().astype(np.float64))[side]
    gyrus, sulcus = _FOLDS[mode]
    grey = gyrus + (sulcus - gyrus) * np.clip((depth + 1) / 2, 0, 1)
    colours = np.column_stack([grey, grey, grey, np.ones_like(grey)])
    _shade(axes, side, colours, triangles[bare[triangles].any(axis=1)])


def _draw_values(
    axes: "Axes",
    side: Side,
    values: NDArray[np.float64],
    shown: NDArray[np.bool_],
    scale: _Scale,
    colours: "Colormap",
) -> None:
    """Paint the triangles all of whose vertices have a value to show."""
    triangles = _plane(side)[1]
    share = (np.where(shown, values, scale.vmin) - scale.vmin) / (scale.vmax - scale.vmin)
    _shade(axes, side, colours(np.clip(share, 0, 1)), triangles[shown[triangles].all(axis=1)])


def _draw_outlines(
    axes: "Axes", side: Side, outlines: Mapping[str, NDArray[np.int64]], mode: Mode
) -> None:
    from matplotlib.patheffects import withStroke

    points, triangles = _plane(side)
    halo = [withStroke(linewidth=3, foreground=_GROUND[mode])]
    for name, targets in outlines.items():
        member = np.zeros(2 * len(points))
        member[targets] = 1
        within = halves(member)[side]
        if not within[triangles].any():
            continue
        axes.tricontour(
            *points.T, triangles, within, levels=[0.5], colors=[ink(mode)], linewidths=1.4
        ).set_path_effects(halo)
        x, y = points[within == 1].mean(axis=0)
        axes.text(
            x, y, name, size=11, weight="bold", color=ink(mode), ha="center", va="center",
            path_effects=halo, parse_math=False,
        )  # fmt: skip


def _name_side(axes: "Axes", side: Side, mode: Mode) -> None:
    # The lower outer corners are free, below the cut about orbitofrontal cortex.
    x, align = (0.04, "left") if side == "left" else (0.96, "right")
    axes.text(
        x, 0.08, f"{side} hemisphere", transform=axes.transAxes, size=13, color=ink(mode),
        ha=align, va="bottom",
    )  # fmt: skip


def _draw_colour_bar(
    figure: "Figure", scale: _Scale, colours: "Colormap", label: str, mode: Mode
) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes = figure.add_axes((0.33, 0.105, 0.34, 0.028))
    bar = figure.colorbar(
        ScalarMappable(Normalize(scale.vmin, scale.vmax), colours),
        cax=axes, orientation="horizontal", extend=scale.extend,
    )  # fmt: skip
    bar.outline.set_edgecolor(muted(mode))
    axes.tick_params(colors=ink(mode), labelsize=12)
    note = ""
    if scale.threshold:
        note = f" (not drawn below {scale.threshold:g})"
        hidden = np.clip([-scale.threshold, scale.threshold], scale.vmin, scale.vmax)
        axes.axvspan(*hidden, color=str(_FOLDS[mode][0]))
    axes.set_xlabel(label + note, size=13, color=ink(mode), parse_math=False)


def _mark_simulated(figure: "Figure", mode: Mode) -> None:
    from matplotlib.patheffects import withStroke

    # Across parietal cortex, above the regions of language and their names.
    for x in (0.25, 0.75):
        figure.text(
            x, 0.69, "SIMULATED", size=34, weight="bold", rotation=10, alpha=0.5,
            color=_GROUND[mode], ha="center", va="center",
            path_effects=[withStroke(linewidth=2, foreground=ink(mode), alpha=0.5)],
        )  # fmt: skip
