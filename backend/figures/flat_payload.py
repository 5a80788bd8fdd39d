"""Maps as a browser is sent them: the flat cortex once, then some bytes for each map."""

import base64
import hashlib
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend import catalog
from backend.cortex.flat import BOTTOM, HALF_WIDTH, TOP, flat_cortex
from backend.cortex.outlines import region_outlines
from backend.cortex.surfaces import check_values
from backend.figures.flat_paint import FOLDS, fold_shares
from backend.figures.flatmap import n_columns
from backend.figures.map_scale import MapScale, colour_table
from backend.figures.theme import Mode

# Fifteen bits for a value, with one code for no value, and one bit that says it is not drawn.
_NOTHING = 0x7FFF
_HIDDEN = 0x8000


class LivePanel(NamedTuple):
    """One flat map on a page, or a film of them.

    Attributes
    ----------
    key : str
        Comes back with a click on it.
    title : str
        Above it.
    alt : str
        What a screen reader says.
    evidence : str
        A simulated map carries the word SIMULATED across it.
    values : ndarray of float32, shape (n_frames, 20484)
        NaN where a value is not known.
    shown : ndarray of bool, shape (n_frames, 20484), or None
        Where a known value is drawn; None for everywhere.
    frame : str
        Colour of a frame about it; empty for none.
    """

    key: str
    title: str
    alt: str
    evidence: str
    values: NDArray[np.float32]
    shown: NDArray[np.bool_] | None = None
    frame: str = ""

    def drawn(self) -> NDArray[np.float32]:
        """Return what is drawn, NaN elsewhere, shape (n_frames, 20484)."""
        if self.shown is None:
            return self.values
        return np.where(self.shown, self.values, np.float32(np.nan))


class Film(NamedTuple):
    """What the frames of the panels are.

    Attributes
    ----------
    name : str
        Of the slider.
    labels : tuple of str
        Of the frames.
    start : int
        The frame to begin with.
    """

    name: str
    labels: tuple[str, ...]
    start: int


@cache
def atlas_payload() -> dict[str, Any]:
    """Pack what all flat maps share: the mesh, its folds, and the regions.

    Returns
    -------
    dict
        For JSON; points are 16-bit shares of the picture's box.
    """
    cortex = flat_cortex()
    low, wide = [-HALF_WIDTH, BOTTOM], [2 * HALF_WIDTH, TOP - BOTTOM]
    points = np.rint((cortex.points - low) / wide * 65535).clip(0, 65535)
    return {
        "x": [-HALF_WIDTH, HALF_WIDTH],
        "y": [BOTTOM, TOP],
        "points": _packed(points.astype("<u2")),
        "triangles": _packed(cortex.triangles.astype("<u2")),
        "folds": _packed(np.rint(255 * fold_shares()).astype(np.uint8)),
        "greys": {mode: list(greys) for mode, greys in FOLDS.items()},
        "regions": _regions(),
    }


def maps_payload(
    panels: Sequence[LivePanel], scale: MapScale, short: str, mode: Mode, film: Film | None = None
) -> dict[str, Any]:
    """Pack maps that share a scale.

    Parameters
    ----------
    panels : sequence of LivePanel
        Each with as many frames as the film has, or one.
    scale : MapScale
    short : str
        What a single value is called.
    mode : {"light", "dark"}
    film : Film, optional

    Returns
    -------
    dict
        For JSON. ``identity`` differs when what is shown does.

    Raises
    ------
    InputError
        If a map has more or fewer than 20,484 values.
    """
    low, high = _range(panels, scale)
    maps = [
        {
            "key": panel.key,
            "title": panel.title,
            "alt": panel.alt,
            "evidence": panel.evidence,
            "frame": panel.frame,
            "values": _packed(_codes(panel, scale, low, high)),
        }
        for panel in panels
    ]
    told = hashlib.sha256("".join(each["key"] + each["values"] for each in maps).encode())
    return {
        "identity": told.hexdigest()[:16],
        "panels": maps,
        "columns": n_columns(len(panels)),
        "range": [low, high],
        "table": base64.b64encode(colour_table(scale.cmap).tobytes()).decode(),
        "scale": {
            "vmin": scale.vmin,
            "vmax": scale.vmax,
            "steps": list(scale.steps),
            "extend": scale.extend,
            "digits": scale.digits,
            "short": short,
            "label": scale.label,
            "note": scale.note,
            "ticks": scale_ticks(scale),
        },
        "mode": mode,
        "film": None if film is None else film._asdict(),
    }


def scale_ticks(scale: MapScale) -> list[tuple[float, str]]:
    """Choose round numbers for a colour bar.

    Parameters
    ----------
    scale : MapScale

    Returns
    -------
    list of (float, str)
        Share of the bar's length, and what stands there.
    """
    if scale.steps:
        n = len(scale.steps)
        # More numbers than these would touch.
        every = -(-n // 12)
        return [((i + 0.5) / n, f"{scale.steps[i]:g}") for i in range(0, n, every)]
    from matplotlib.ticker import MaxNLocator

    values = MaxNLocator(5).tick_values(scale.vmin, scale.vmax)
    wide = scale.vmax - scale.vmin
    slack = 1e-9 * wide
    return [
        (float((value - scale.vmin) / wide), f"{value + 0.0:.6g}".replace("-", "−"))
        for value in values
        if scale.vmin - slack <= value <= scale.vmax + slack
    ]


def _regions() -> list[dict[str, Any]]:
    cortex, regions = flat_cortex(), []
    for each in region_outlines():
        seen = each.targets[cortex.shown[each.targets]]
        away = np.linalg.norm(cortex.points[seen] - each.place, axis=1)
        regions.append(
            {
                "name": each.name,
                "title": catalog.rois()[each.name].title,
                "side": each.side,
                "place": [round(value, 2) for value in each.place],
                "paths": [np.round(path, 2).tolist() for path in each.paths],
                "targets": each.targets.tolist(),
                "middle": int(seen[away.argmin()]),
            }
        )
    return regions


def _range(panels: Sequence[LivePanel], scale: MapScale) -> tuple[float, float]:
    if scale.steps:
        return 0.0, float(max(len(scale.steps) - 1, 1))
    known = np.concatenate([panel.values[np.isfinite(panel.values)] for panel in panels])
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if low < high else (low, low + 1.0)


def _codes(panel: LivePanel, scale: MapScale, low: float, high: float) -> NDArray[np.uint16]:
    for frame in panel.values:
        check_values(frame)
    known = np.isfinite(panel.values)
    values = np.where(known, panel.values, low)
    if scale.steps:
        values = np.searchsorted(np.array(scale.steps), panel.values).clip(max=len(scale.steps) - 1)
        known &= np.isin(panel.values, scale.steps)
    levels = np.rint((values - low) / (high - low) * (_NOTHING - 1)).clip(0, _NOTHING - 1)
    codes = np.where(known, levels, _NOTHING).astype(np.uint16)
    if panel.shown is not None:
        codes |= np.where(panel.shown, 0, _HIDDEN).astype(np.uint16)
    return codes.astype("<u2")


def _packed(values: NDArray[np.generic]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes(), 3)).decode()
