"""Where regions of interest lie on the flat cortex: their borders, and a place for their names."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.cortex.flat import flat_cortex, side_of
from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS, Side
from backend.datasets.story_recording import Region

_Edge = tuple[int, int]


class Outline(NamedTuple):
    """One region of one hemisphere on the flat cortex.

    Attributes
    ----------
    name : str
        The region's short name.
    side : {"left", "right"}
    targets : ndarray of int64
        All of its vertices, on the flat cortex or not.
    paths : tuple of ndarray, each of shape (n_points, 2)
        Its borders in millimetres, halfway between vertices inside and vertices outside. A border
        that ends at the edge of the flat cortex is not closed.
    place : tuple of float
        Where its name stands: the middle of its vertices.
    """

    name: str
    side: Side
    targets: NDArray[np.int64]
    paths: tuple[NDArray[np.float64], ...]
    place: tuple[float, float]


def outline(region: Region) -> Outline | None:
    """Outline a region of one hemisphere.

    Parameters
    ----------
    region : Region
        Its targets are those of fsaverage5.

    Returns
    -------
    Outline or None
        None where nothing of it is on the flat cortex.
    """
    cortex = flat_cortex()
    member = np.zeros(N_TARGETS, dtype=bool)
    member[region.targets] = True
    seen = region.targets[cortex.shown[region.targets]]
    if not seen.size:
        return None
    x, y = cortex.points[seen].mean(axis=0)
    paths = tuple(_borders(member))
    return Outline(region.name, side_of(int(seen[0])), region.targets, paths, (float(x), float(y)))


@cache
def region_outlines() -> tuple[Outline, ...]:
    """Outline the catalogue's regions.

    Returns
    -------
    tuple of Outline
        In the catalogue's order, the left one of a name first.
    """
    found = [outline(region) for region in surface_regions()]
    return tuple(each for each in found if each is not None)


def regions_at(target: int, outlines: Sequence[Outline]) -> list[str]:
    """Name the regions that a vertex lies in; they may overlap.

    Parameters
    ----------
    target : int
    outlines : sequence of Outline

    Returns
    -------
    list of str
    """
    return [each.name for each in outlines if target in each.targets]


def _borders(member: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Join the lines that cross triangles with vertices on both sides into long ones."""
    cortex = flat_cortex()
    inside = member[cortex.triangles]
    mixed = cortex.triangles[inside.any(axis=1) & ~inside.all(axis=1)]
    neighbours: dict[_Edge, list[_Edge]] = defaultdict(list)
    for corners in mixed:
        # A border enters and leaves a triangle in the middle of the edges that change sides.
        first, second = (
            (min(a, b), max(a, b))
            for a, b in zip(corners.tolist(), np.roll(corners, -1).tolist(), strict=True)
            if member[a] != member[b]
        )
        neighbours[first].append(second)
        neighbours[second].append(first)
    return [cortex.points[np.array(path)].mean(axis=1) for path in _chains(neighbours)]


def _chains(neighbours: dict[_Edge, list[_Edge]]) -> list[list[_Edge]]:
    """Follow each line to its end; those with ends first, so that the others are closed."""
    chains, seen = [], set[_Edge]()
    for start in sorted(neighbours, key=lambda edge: len(neighbours[edge])):
        if start in seen:
            continue
        chain = [start]
        seen.add(start)
        while following := [edge for edge in neighbours[chain[-1]] if edge not in seen]:
            chain.append(following[0])
            seen.add(following[0])
        if len(chain) > 2 and start in neighbours[chain[-1]]:
            chain.append(start)
        chains.append(chain)
    return chains
