"""Where on the simulated cortex there is a signal, what drives it, and how strong it is.

Each region of rois.yaml is the middle of a field that falls off along the cortex as a Gaussian. A
vertex belongs to the field that is strongest there; its noise ceiling is that field's strength.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, identity, kron
from scipy.sparse.csgraph import dijkstra

from backend import catalog
from backend.cortex.surfaces import N_TARGETS, N_VERTICES, SIDES, Side, surface, to_mni152

Array = NDArray[np.float32]

SPEECH_RATE = "speech rate"
LAYERS: tuple[int, ...] = (1, 3, 5)
"""Layers of the driving model: early, middle, late."""
EARLY, MIDDLE, LATE = LAYERS


@dataclass(frozen=True)
class Field:
    """What a region's field is.

    Attributes
    ----------
    driver : int or str
        A layer of the driving model, or ``SPEECH_RATE``.
    peak : float
        Noise ceiling (r) in the middle of the left hemisphere's field, for a subject of strength 1.
    """

    driver: int | str
    peak: float


FIELDS: dict[str, Field] = {
    "AC": Field(SPEECH_RATE, 0.80),
    "pSTS": Field(EARLY, 0.75),
    "aSTS": Field(MIDDLE, 0.75),
    "TP": Field(LATE, 0.65),
    "AG_TPJ": Field(MIDDLE, 0.65),
    "BA44": Field(LATE, 0.60),
    "BA45": Field(LATE, 0.65),
    "BA47": Field(LATE, 0.55),
}
"""From sound to meaning: later layers further from auditory cortex, as in published maps."""
REACH = 15.0
"""Standard deviation of a field along the cortex, in millimetres."""
RIGHT = 0.8
"""Strength of the right hemisphere's fields relative to the left's."""
FLOOR = 0.1
"""Below this ceiling there is no signal at all."""
_SMOOTHING_STEPS = 8


@dataclass(frozen=True)
class CortexMap:
    """One subject's ground truth.

    Attributes
    ----------
    layer : ndarray of float32, shape (n_targets,)
        Planted layer preference; NaN where no layer drives the response.
    rate : ndarray of bool, shape (n_targets,)
        Targets driven by speech rate alone.
    ceilings : ndarray of float32, shape (n_targets,)
        Exact correlation (r) of one presentation's response with its noiseless signal; 0 where
        there is none.
    """

    layer: Array
    rate: NDArray[np.bool_]
    ceilings: Array


def cortex_map(strength: float = 1.0, extent: float = 1.0) -> CortexMap:
    """Lay the fields out on fsaverage5.

    Parameters
    ----------
    strength, extent : float
        A subject's factors on the fields' peaks and on their reach.

    Returns
    -------
    CortexMap
    """
    names = list(FIELDS)
    peaks = np.asarray([FIELDS[name].peak for name in names])
    sizes = []
    for side in SIDES:
        factor = strength * (1.0 if side == "left" else RIGHT)
        falloff = np.exp(-0.5 * (_distances(side) / (extent * REACH)) ** 2)
        sizes.append(factor * peaks[:, None] * falloff)
    strengths = np.concatenate(sizes, axis=1)
    ceilings = strengths.max(axis=0)
    ceilings[ceilings < FLOOR] = 0.0
    drivers = [FIELDS[name].driver for name in names]
    layers = np.asarray([d if isinstance(d, int) else np.nan for d in drivers], dtype=np.float32)
    owner = strengths.argmax(axis=0)
    layer = np.where(ceilings > 0, layers[owner], np.float32(np.nan))
    return CortexMap(layer, (ceilings > 0) & np.isnan(layer), ceilings.astype(np.float32))


def smooth_over_cortex(values: Array) -> Array:
    """Average with neighbouring vertices, a few times over.

    Parameters
    ----------
    values : ndarray of shape (n_maps, n_targets)

    Returns
    -------
    ndarray of float32, shape (n_maps, n_targets)
        Nothing crosses from one hemisphere to the other.
    """
    step = _averaging()
    smooth = np.ascontiguousarray(values.T, dtype=np.float32)
    for _ in range(_SMOOTHING_STEPS):
        smooth = step @ smooth
    return np.ascontiguousarray(smooth.T)


@cache
def _distances(side: Side) -> NDArray[np.float64]:
    """Millimetres along the cortex from each field's middle, shape (n_fields, n_vertices)."""
    mesh = surface("midthickness", side)
    cortex = to_mni152(mesh.coordinates)
    rois = catalog.rois()
    centres = np.asarray([rois[name].centre(side) for name in FIELDS])
    middles = [int(np.linalg.norm(cortex - centre, axis=1).argmin()) for centre in centres]
    pairs = _edges(mesh.triangles)
    lengths = np.linalg.norm(mesh.coordinates[pairs[:, 0]] - mesh.coordinates[pairs[:, 1]], axis=1)
    graph = csr_array((lengths, tuple(pairs.T)), shape=(N_VERTICES, N_VERTICES))
    return dijkstra(graph, directed=False, indices=middles)


@cache
def _averaging() -> csr_array:
    """Half of a vertex and half of its neighbours' mean; both hemispheres have the same mesh."""
    pairs = _edges(surface("white", "left").triangles)
    ones = np.ones(len(pairs), dtype=np.float32)
    graph = csr_array((ones, tuple(pairs.T)), shape=(N_VERTICES, N_VERTICES))
    graph = graph + graph.T
    mean = diags_array(1.0 / graph.sum(axis=1), dtype=np.float32) @ graph
    one = 0.5 * (mean + identity(N_VERTICES, dtype=np.float32))
    both = csr_array(kron(identity(2, dtype=np.float32), one), dtype=np.float32)
    assert both.shape == (N_TARGETS, N_TARGETS)
    return both


def _edges(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of neighbouring vertices, each once."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)
