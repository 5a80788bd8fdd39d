"""How long one flat map takes: this project's raster and its files, beside nilearn and pycortex.

    python -m benchmarks.flatmap [--rounds N]

The same map (the shipped demo cortex, MiniLM's layer 5, both hemispheres) is drawn by each in turn,
so that whatever else the machine does falls on all of them alike. What is made once, such as the
raster, is made before the clock starts, as a server has it. Printed are medians.

pycortex does not know fsaverage5: it draws its own subject S1, of fifteen times as many vertices,
each with one of the map's values, at its default height of 1,024 pixels. It is left out where it is
not installed.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from backend.comparisons.maps import layer_maps, on_surface
from backend.cortex.outlines import region_outlines
from backend.cortex.pycortex_store import (
    available,
    default_filestore,
    find_brain,
    n_vertices,
    opened,
)
from backend.cortex.surfaces import N_VERTICES, SIDES
from backend.figures.flat_paint import paint
from backend.figures.flat_payload import LivePanel, atlas_payload, maps_payload
from backend.figures.flatmap import Panel, flatmap_bytes, flatmap_figure
from backend.figures.map_scale import MAP_KINDS, scale_of
from backend.paths import PRECOMPUTED
from backend.store.map_queries import map_runs
from backend.store.reader import ResultStore
from backend.store.selection import Selection

LAYER = 5
Contender = Callable[[np.ndarray], bytes]


def demo_map() -> np.ndarray:
    """Read the map that all draw."""
    with TemporaryDirectory() as folder:
        store = ResultStore(Path(folder), PRECOMPUTED)
        chosen = Selection(dataset="demo-cortex", models=("minilm-l6",), subjects=("sub-01",))
        run = on_surface(map_runs(store, chosen, "leave-story-out")).iloc[0]
        return layer_maps(store, run, "r").at(LAYER)


def redraw(values: np.ndarray) -> bytes:
    """Gather and encode: a new map as a PNG of 1810 x 740 pixels."""
    buffer = io.BytesIO()
    picture = Image.fromarray(paint(values, scale_of(MAP_KINDS["r"], [values]), "light"))
    # Squeezed less: half the time for a tenth more bytes.
    picture.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def page(values: np.ndarray) -> bytes:
    """Pack what a browser is sent for a new map, which paints it itself."""
    scale = scale_of(MAP_KINDS["r"], [values])
    panel = LivePanel("one", "", "", "simulated", values[None])
    return str(maps_payload([panel], scale, "r", "light")).encode()


def file(values: np.ndarray) -> bytes:
    """Draw the whole figure for a file: outlines, names, scale, caption; 1920 pixels wide."""
    scale = scale_of(MAP_KINDS["r"], [values])
    figure = flatmap_figure([Panel(values, "simulated")], scale, outlines=region_outlines())
    return flatmap_bytes(figure, "png", "A caption.")


def nilearn(values: np.ndarray) -> bytes:
    """Draw both flat hemispheres with plot_surf_stat_map, over curvature, with one colour bar."""
    from matplotlib import pyplot
    from nilearn.datasets import load_fsaverage, load_fsaverage_data
    from nilearn.plotting import plot_surf_stat_map

    mesh = load_fsaverage("fsaverage5")["flat"]
    folds = load_fsaverage_data("fsaverage5", data_type="curvature").data.parts
    figure, axes = pyplot.subplots(
        ncols=2, figsize=(12, 5), dpi=160, subplot_kw={"projection": "3d"}
    )
    halves = (values[:N_VERTICES], values[N_VERTICES:])
    for side, half, place in zip(SIDES, halves, axes, strict=True):
        plot_surf_stat_map(
            surf_mesh=mesh.parts[side], stat_map=half, bg_map=folds[side], hemi=side,
            view="dorsal", cmap="viridis", vmin=0, vmax=0.5, axes=place, figure=figure,
            colorbar=side == "right", engine="matplotlib",
        )  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    pyplot.close(figure)
    return buffer.getvalue()


def pycortex(values: np.ndarray) -> bytes:
    """Draw S1 with quickflat.make_png, over curvature, with a colour bar and without regions."""
    brain = find_brain(default_filestore(), "S1")
    spread = np.resize(values, sum(n_vertices(brain)))
    buffer = io.BytesIO()
    with opened(brain.filestore) as cortex:
        cortex.quickflat.make_png(
            buffer, cortex.Vertex(spread, "S1", cmap="viridis", vmin=0, vmax=0.5),
            with_curvature=True, with_rois=False, with_labels=False, with_colorbar=True,
        )  # fmt: skip
    return buffer.getvalue()


CONTENDERS: dict[str, Contender] = {
    "redraw: gather and PNG": redraw,
    "page: bytes for the browser": page,
    "file: figure with outlines and names": file,
    "nilearn: plot_surf_stat_map, flat": nilearn,
}
if available() is None:
    CONTENDERS["pycortex: quickflat.make_png, S1"] = pycortex
"""By name, what draws a map; another program's column is one more entry."""


def measure(
    contenders: Mapping[str, Contender], values: np.ndarray, rounds: int
) -> dict[str, list[float]]:
    """Draw the map with each in turn, round by round.

    Parameters
    ----------
    contenders : mapping of str to callable
    values : ndarray of shape (20484,)
    rounds : int
        Beside a first one, which is not counted.

    Returns
    -------
    dict of str to list of float
        Seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, draw in contenders.items():
            start = time.perf_counter()
            # Another map each time, so that nothing answers from memory.
            draw((values + 0.001 * turn).astype(np.float32))
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time one flat map of both hemispheres.")
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    values = demo_map()
    atlas_payload()
    seconds = measure(CONTENDERS, values, rounds)
    redraws = seconds["redraw: gather and PNG"]
    print(f"median of {rounds} paired rounds, ms (ratio to the redraw, paired)")
    for name, took in seconds.items():
        ratios = [mine / base for mine, base in zip(took, redraws, strict=True)]
        print(
            f"{name:40s} {1000 * statistics.median(took):8.1f}   {statistics.median(ratios):6.2f}"
        )


if __name__ == "__main__":
    main()
