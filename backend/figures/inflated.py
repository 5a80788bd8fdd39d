"""A map on the inflated fsaverage5, to be turned: both hemispheres, laterally or medially."""

from typing import Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from backend.cortex.surfaces import N_VERTICES, SIDES, check_values, halves, surface
from backend.figures.flat_paint import FOLDS, fold_shares
from backend.figures.flat_payload import scale_ticks
from backend.figures.map_scale import MapScale, colour_table
from backend.figures.theme import Mode, ink, style

View = Literal["lateral", "medial", "ventral", "dorsal"]
VIEWS: dict[View, str] = {
    "lateral": "Lateral", "medial": "Medial", "ventral": "Ventral", "dorsal": "Dorsal"
}  # fmt: skip
# Millimetres between the hemispheres where they lie side by side.
_GAP = 14.0
# In units of Plotly's scenes: as wide as a page has room for.
_WIDE = 3.4
# The scene fills its height, and should not be wider than the window.
_NARROW_HEIGHT = 226


def inflated_figure(
    values: ArrayLike,
    scale: MapScale,
    mode: Mode = "light",
    view: View = "lateral",
    simulated: bool = False,
    narrow: bool = False,
) -> go.Figure:
    """Draw a map on the inflated surface.

    Parameters
    ----------
    values : array-like of shape (20484,)
        NaN where nothing is drawn: gyri and sulci show.
    scale : MapScale
        The flat maps' own, so that colours mean the same.
    mode : {"light", "dark"}
    view : {"lateral", "medial", "ventral", "dorsal"}
        The side that both hemispheres turn to the reader at first.
    simulated : bool
        Whether the word SIMULATED stands across it.
    narrow : bool
        For a narrow window: small, and without the scale, which the flat map has.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If there are more or fewer than 20,484 values.
    """
    checked = check_values(values)
    colours = _vertex_colours(checked, scale, mode)
    figure = go.Figure()
    turned = [
        _turned(surface("inflated", side).coordinates, number, view)
        for number, side in enumerate(SIDES)
    ]
    spans = np.ptp(np.concatenate(turned), axis=0)
    for number, side in enumerate(SIDES):
        mesh = surface("inflated", side)
        x, y, z = turned[number].T
        first = number * N_VERTICES
        figure.add_mesh3d(
            x=x, y=y, z=z,
            i=mesh.triangles[:, 0], j=mesh.triangles[:, 1], k=mesh.triangles[:, 2],
            vertexcolor=colours[first : first + N_VERTICES],
            customdata=halves(checked)[side],
            hovertemplate=f"%{{customdata:.{scale.digits}f}}<extra>{side} hemisphere</extra>",
            lighting={"ambient": 0.9, "diffuse": 0.3, "specular": 0.05, "roughness": 0.9},
            lightposition={"x": 0, "y": -2000, "z": 2000},
            showscale=False,
        )  # fmt: skip
    if not narrow:
        figure.add_trace(_colour_bar(scale, mode))
    style(figure, mode, height=_NARROW_HEIGHT if narrow else 460)
    hidden = {"visible": False, "showspikes": False}
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 8, "b": 8 if narrow else 76},
        showlegend=False,
        scene={
            "xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "manual",
            "aspectratio": dict(zip("xyz", _WIDE * spans / spans[0], strict=True)),
            "camera": {
                "eye": {"x": 0, "y": -2.0, "z": 0}, "up": {"x": 0, "y": 0, "z": 1},
                "projection": {"type": "orthographic"},
            },
        },
    )  # fmt: skip
    if simulated:
        figure.add_annotation(
            text="SIMULATED", xref="paper", yref="paper", x=0.5, y=0.98, showarrow=False,
            font={"size": 30, "color": ink(mode)}, opacity=0.4,
        )  # fmt: skip
    return figure


def _turned(points: NDArray[np.float64], number: int, view: View) -> NDArray[np.float64]:
    """Turn a hemisphere so that a side of it faces the reader, who looks along y.

    The left one stands on the left, whatever side is shown.
    """
    x, y, z = (points - points.mean(axis=0)).T
    outwards = -x if number == 0 else x
    # Two axes of the picture and the one towards the reader; never mirrored.
    across, up, near = {
        "lateral": (-y if number == 0 else y, z, outwards),
        "medial": (y if number == 0 else -y, z, -outwards),
        "ventral": (-x, y, -z),
        "dorsal": (x, y, z),
    }[view]
    half = np.ptp(across) / 2 + _GAP / 2
    across = across - (across.max() + across.min()) / 2 + (-half if number == 0 else half)
    return np.column_stack([across, -near, up])


def _vertex_colours(values: NDArray[np.float64], scale: MapScale, mode: Mode) -> NDArray[np.uint8]:
    gyrus, sulcus = FOLDS[mode]
    greys = np.rint(255 * (gyrus + (sulcus - gyrus) * fold_shares())).astype(np.uint8)
    colours = colour_table(scale.cmap)[scale.indices(values.astype(np.float32))]
    return np.where(np.isfinite(values)[:, None], colours, greys[:, None])


def _colour_bar(scale: MapScale, mode: Mode) -> go.Scatter3d:
    """Make a trace of nothing but a colour bar: meshes of given colours have none."""
    table = colour_table(scale.cmap)
    shares = np.linspace(0, 1, 32)
    if scale.steps:
        places = np.repeat(np.arange(len(scale.steps) + 1) / len(scale.steps), 2)[1:-1]
        rows = np.repeat(table[scale.indices(np.array(scale.steps))], 2, axis=0)
    else:
        places, rows = shares, table[np.rint(255 * shares).astype(int)]
    ticks = scale_ticks(scale)
    wide = scale.vmax - scale.vmin
    label = f"{scale.label}, {scale.note}" if scale.note else scale.label
    return go.Scatter3d(
        x=[None], y=[None], z=[None], mode="markers", hoverinfo="skip",
        marker={
            "color": [scale.vmin], "cmin": scale.vmin, "cmax": scale.vmax,
            "colorscale": [
                [float(place), f"rgb({r},{g},{b})"]
                for place, (r, g, b) in zip(places, rows, strict=True)
            ],
            "colorbar": {
                "orientation": "h", "x": 0.5, "xanchor": "center", "y": 0, "yanchor": "top",
                "len": 0.5, "thickness": 14, "outlinewidth": 0,
                "tickvals": [scale.vmin + share * wide for share, _ in ticks],
                "ticktext": [text for _, text in ticks],
                "title": {"text": label, "side": "bottom"},
            },
            "showscale": True,
        },
    )  # fmt: skip
