"""Flat maps that answer: hovered, clicked, played, and reached with the keyboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from backend.cortex.surfaces import N_TARGETS
from backend.figures.flat_html import ATLAS_JS, MAPS_CSS, MAPS_JS
from backend.figures.flat_payload import Film, LivePanel, atlas_payload, maps_payload
from backend.figures.map_scale import MapScale
from pages.shared.panel import mode

# The mesh is a component of its own, which never changes: Streamlit sends it once to a browser.
_atlas = st.components.v2.component("cortexscale_atlas", js=ATLAS_JS)
_maps = st.components.v2.component("cortexscale_flatmap", js=MAPS_JS, css=MAPS_CSS)


@dataclass(frozen=True)
class Pick:
    """A place that was clicked, or chosen with the keyboard.

    Attributes
    ----------
    vertex : int
    roi : str or None
        The region that the vertex lies in.
    """

    vertex: int
    roi: str | None


@dataclass(frozen=True)
class FlatmapState:
    """What a user did to the maps.

    Attributes
    ----------
    picked : Pick or None
        In this run of the script; None otherwise.
    frame : int or None
        Where the film stands, once it was moved.
    """

    picked: Pick | None
    frame: int | None


def flatmaps(
    key: str,
    panels: Sequence[LivePanel],
    scale: MapScale,
    short: str,
    film: Film | None = None,
) -> FlatmapState:
    """Draw flat maps that share a scale.

    Parameters
    ----------
    key : str
    panels : sequence of LivePanel
    scale : MapScale
    short : str
        What a single value is called.
    film : Film, optional
        What the frames of the panels are.

    Returns
    -------
    FlatmapState
    """
    _atlas(key=f"{key}-atlas", data=atlas_payload(), height=1)
    payload = maps_payload(panels, scale, short, mode(), film)
    result = _maps(
        key=key,
        data=payload,
        on_picked_change=_nothing,
        on_frame_change=_nothing,
    )
    return FlatmapState(_pick(result.get("picked")), _frame(result.get("frame"), film))


def _nothing() -> None:
    """Leave it: what a component reports is read from its result."""


def _pick(said: Any) -> Pick | None:
    """Read what the browser said, which may be anything."""
    if not isinstance(said, dict):
        return None
    vertex, roi = said.get("vertex"), said.get("roi")
    if not isinstance(vertex, int) or not 0 <= vertex < N_TARGETS:
        return None
    return Pick(vertex, roi if isinstance(roi, str) else None)


def _frame(said: Any, film: Film | None) -> int | None:
    if film is None or not isinstance(said, int) or not 0 <= said < len(film.labels):
        return None
    return said
