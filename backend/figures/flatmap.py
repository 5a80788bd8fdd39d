"""Maps on fsaverage5, drawn flat for a file: both hemispheres, one panel or several, one scale."""

import io
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.cortex.flat import BOTTOM, HALF_WIDTH, TOP
from backend.cortex.outlines import Outline
from backend.cortex.surfaces import SIDES, check_values
from backend.errors import InputError
from backend.figures.export import ImageFormat
from backend.figures.flat_paint import paint
from backend.figures.map_scale import MapScale, colour_table
from backend.figures.sizes import PageSize
from backend.figures.theme import GROUND, Mode, ink, muted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches; at 160 dots to the inch a projector's full width.
_WIDTH = 12.0
# Of the width that is drawn, what two columns have; and the least that has room for its words.
_ON_PAPER, _LEAST = 0.57, 5.5
# From which width on the mark of simulated data has its full size.
_MARKED = 8.0
DPI = 160
_ASPECT = 2 * HALF_WIDTH / (TOP - BOTTOM)
_EXTENT = (-HALF_WIDTH, HALF_WIDTH, BOTTOM, TOP)
_TITLE, _SCALE = 0.55, 0.95
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
MOST_PANELS = 24


class Panel(NamedTuple):
    """One map of a figure.

    Attributes
    ----------
    values : ndarray of shape (20484,)
        The left hemisphere's first. NaN is drawn as no data: gyri and sulci show.
    evidence : str
        A simulated map carries the word SIMULATED across it.
    title : str
        Above it.
    frame : str
        Colour of a frame about it; empty for none.
    """

    values: NDArray[np.floating]
    evidence: str
    title: str = ""
    frame: str = ""


def flatmap_figure(
    panels: Sequence[Panel],
    scale: MapScale,
    mode: Mode = "light",
    *,
    title: str = "",
    outlines: Sequence[Outline] = (),
    inches: float = _WIDTH,
) -> "Figure":
    """Draw maps on nilearn's flat fsaverage5, over its gyri and sulci.

    Parameters
    ----------
    panels : sequence of Panel
        One to 24.
    scale : MapScale
        From :func:`backend.figures.map_scale.scale_of`, for all panels.
    mode : {"light", "dark"}
        The background stays transparent, so that it is the page's.
    title : str
    outlines : sequence of Outline
        Regions to outline; named where the panels are wide enough.
    inches : float
        Width; type keeps its size, and is larger beside a map that is less wide.

    Returns
    -------
    matplotlib.figure.Figure
        Belongs to no window and to no global state; it goes when its last reference does.

    Raises
    ------
    InputError
        If a map has more or fewer than 20,484 values, or there is no panel or too many.
    """
    # Imported here since it takes a third of a second, and most pages draw no cortex.
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    if not 1 <= len(panels) <= MOST_PANELS:
        raise InputError(f"a figure holds 1 to {MOST_PANELS} maps, not {len(panels)}.")
    columns = n_columns(len(panels))
    rows = math.ceil(len(panels) / columns)
    wide = inches / columns
    above = 0.34 if any(panel.title for panel in panels) else 0.0
    row_height = wide / _ASPECT + above
    height = (_TITLE if title else 0.12) + rows * row_height + _SCALE
    figure = Figure(figsize=(inches, height), dpi=DPI)
    figure.patch.set_facecolor((*to_rgb(GROUND[mode]), 0.0))
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        bottom = _SCALE + (rows - 1 - row) * row_height
        axes = figure.add_axes(
            (column / columns, bottom / height, 1 / columns, wide / _ASPECT / height)
        )
        _draw_panel(axes, panel, scale, mode, outlines, columns)
    draw_colour_bar(figure, scale, mode)
    if title:
        size = min(17, 17 * _TITLE_WIDTH * inches / _WIDTH / len(title))
        figure.text(
            0.02, 1 - 0.13 / height, title, size=size, color=ink(mode), va="top", parse_math=False
        )
    return figure


def drawn_inches(size: PageSize | None) -> float:
    """Return how wide a map is drawn that is to have a size on paper, to which it is scaled.

    Parameters
    ----------
    size : PageSize or None

    Returns
    -------
    float
        12 inches where no size is asked for or two columns are; on one column half as much, so
        that type of 13 points is 7 points there too.
    """
    if size is None:
        return _WIDTH
    return min(max(size.width_mm / 25.4 / _ON_PAPER, _LEAST), _WIDTH)


def n_columns(n_panels: int) -> int:
    """How many panels stand beside each other."""
    return {1: 1, 2: 2, 4: 2}.get(n_panels, 3)


def flatmap_bytes(
    figure: "Figure", kind: ImageFormat, caption: str = "", dpi: int | None = None
) -> bytes:
    """Write a flat map to a file's bytes, its caption under it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From :func:`flatmap_figure`; it stays as it is.
    kind : {"png", "svg", "pdf"}
        In SVG and PDF the letters, lines and scale are vectors, and the cortex an image.
    caption : str
        Data set, split, n, evidence and citation.
    dpi : int, optional
        Dots to the inch of a PNG that is 12 inches wide; by default 160.

    Returns
    -------
    bytes
        On an opaque ground of the figure's mode.
    """
    from matplotlib import rc_context
    from matplotlib.transforms import Bbox

    width, height = (float(inches) for inches in figure.get_size_inches())
    lines = textwrap.wrap(caption, round(_CAPTION_WIDTH * width / _WIDTH))
    extra = (len(lines) * 1.35 * _CAPTION_SIZE + 8) / 72 if lines else 0.0
    under = figure.text(
        0.02, 0, "\n".join(lines), size=_CAPTION_SIZE, va="top", linespacing=1.3,
        color=ink(_mode(figure)), parse_math=False,
    )  # fmt: skip
    buffer = io.BytesIO()
    try:
        # TrueType letters can be selected and edited.
        with rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "flat"}):
            figure.savefig(
                buffer,
                format=kind,
                dpi=dpi or DPI,
                facecolor=figure.get_facecolor()[:3],
                bbox_inches=Bbox([[0, -extra], [width, height]]),
                **_SAVING[kind],
            )
    finally:
        under.remove()
    return buffer.getvalue()


def _mode(figure: "Figure") -> Mode:
    from matplotlib.colors import to_hex

    return "dark" if to_hex(figure.get_facecolor()) == GROUND["dark"].lower() else "light"


def _draw_panel(
    axes: "Axes",
    panel: Panel,
    scale: MapScale,
    mode: Mode,
    outlines: Sequence[Outline],
    columns: int,
) -> None:
    axes.imshow(
        paint(check_values(panel.values), scale, mode),
        extent=_EXTENT, interpolation="antialiased", aspect="equal",
    )  # fmt: skip
    axes.set(xlim=_EXTENT[:2], ylim=_EXTENT[2:])
    axes.set_axis_off()
    _draw_outlines(axes, outlines, mode, columns)
    if panel.title:
        size = min(13, 13 * 90 / columns / len(panel.title))
        axes.text(
            0.03, 1.01, panel.title, transform=axes.transAxes, size=size, color=ink(mode),
            va="bottom", parse_math=False,
        )  # fmt: skip
    if columns == 1:
        _name_sides(axes, mode)
    if panel.evidence == "simulated":
        mark_simulated(axes, mode, columns)
    if panel.frame:
        _draw_frame(axes, panel.frame)


def _draw_outlines(axes: "Axes", outlines: Sequence[Outline], mode: Mode, columns: int) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    thin = 1 / columns
    halo = withStroke(linewidth=1.2 + 1.8 * thin, foreground=GROUND[mode])
    lines = LineCollection(
        [path for each in outlines for path in each.paths], colors=[ink(mode)],
        linewidths=0.5 + 0.9 * thin,
    )  # fmt: skip
    lines.set_path_effects([halo])
    axes.add_collection(lines, autolim=False)
    # On a third of the width the names would cover what they name.
    for each in outlines if columns < 3 else ():
        axes.text(
            *each.place, each.name, size=4 + 6 * thin, weight="bold", color=ink(mode),
            ha="center", va="center", path_effects=[halo], parse_math=False,
        )  # fmt: skip


def _name_sides(axes: "Axes", mode: Mode) -> None:
    # The lower outer corners are free, below the cut about orbitofrontal cortex.
    for side, x, align in zip(SIDES, (0.02, 0.98), ("left", "right"), strict=True):
        axes.text(
            x, 0.06, f"{side} hemisphere", transform=axes.transAxes, size=13, color=ink(mode),
            ha=align, va="bottom",
        )  # fmt: skip


def draw_colour_bar(figure: "Figure", scale: MapScale, mode: Mode) -> None:
    """Draw what the colours mean, with units, at the foot of a figure."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    height = figure.get_figheight()
    axes = figure.add_axes((0.33, 0.62 / height, 0.34, 0.17 / height))
    table = colour_table(scale.cmap) / 255
    if scale.steps:
        table = table[scale.indices(np.array(scale.steps))]
    bar = figure.colorbar(
        ScalarMappable(Normalize(scale.vmin, scale.vmax), ListedColormap(table)),
        cax=axes, orientation="horizontal", extend=scale.extend,
    )  # fmt: skip
    if scale.steps:
        bar.set_ticks(range(len(scale.steps)), labels=[f"{step:g}" for step in scale.steps])
        bar.minorticks_off()
    bar.outline.set_edgecolor(muted(mode))
    axes.tick_params(colors=ink(mode), labelsize=12)
    note = f", {scale.note}" if scale.note else ""
    axes.set_xlabel(scale.label + note, size=13, color=ink(mode), parse_math=False)


def mark_simulated(axes: "Axes", mode: Mode, columns: int) -> None:
    """Write SIMULATED across both hemispheres of a panel that is one of so many in a row."""
    from matplotlib.patheffects import withStroke

    whole = axes.get_figure(root=True)
    size = 34 / columns * min(1.0, whole.get_figwidth() / _MARKED if whole else 1.0)
    # Across parietal cortex, above the regions of language and their names.
    for x in (0.25, 0.75):
        axes.text(
            x, 0.70, "SIMULATED", size=size, weight="bold", rotation=10, alpha=0.5,
            color=GROUND[mode], ha="center", va="center", transform=axes.transAxes,
            path_effects=[withStroke(linewidth=2, foreground=ink(mode), alpha=0.5)],
        )  # fmt: skip


def _draw_frame(axes: "Axes", colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (0.005, 0.01), 0.99, 0.98, transform=axes.transAxes, fill=False, linewidth=2.5,
            edgecolor=colour,
        )
    )  # fmt: skip
