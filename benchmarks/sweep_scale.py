"""How a sweep grows: the pace of handing out pieces, laying out and planning, and the store's size.

    python -m benchmarks.sweep_scale --pieces 2000

Pieces that do nothing are handed to one worker in this process, so that what is measured is the
driver, Dask and the record. The layout is that of 30 models x 12 compressions x 9 recordings.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from backend import catalog
from backend.jobs.config import AnyTask
from backend.store.reader import ResultStore
from backend.store.schema import RUN_TABLES
from backend.store.shards import write_run_columns
from backend.sweeps import piece_work
from backend.sweeps.config import Sweep
from backend.sweeps.driver import Driver
from backend.sweeps.engine import Computers
from backend.sweeps.folder import SweepStatus, sweep_folder
from backend.sweeps.graph import Piece
from backend.sweeps.plan import cost_of, lay_against

_MODELS, _METHODS = 30, 12
_LAYERS, _VOXELS = 40, 80_000
# Of each target's score in the map of a layer: r, its ceiling and p, as 32-bit floats.
_MAP_BYTES = 12


def main() -> None:
    """Print a line for each thing measured or reckoned."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cortexscale-scale-") as scratch:
        task = _layout(Path(scratch))
        _pace(Path(scratch), task, arguments.pieces)
        runs = _MODELS * _METHODS * 9
        print(
            f"maps of {runs} runs x {_LAYERS} layers x {_VOXELS} voxels: "
            f"{runs * _LAYERS * _VOXELS * _MAP_BYTES / 1e9:.0f} GB before compression"
        )
        _map(Path(scratch) / "maps", runs)


def _map(store: Path, n_runs: int) -> None:
    """Write the maps of one run, and time reading one layer of them."""
    random = np.random.default_rng(0)
    rows = [
        {
            "run_id": "one", "layer": layer, "space": "voxels",
            "r": random.normal(0, 0.1, _VOXELS).astype(np.float32),
            "ceiling": random.random(_VOXELS, np.float32), "p": random.random(_VOXELS, np.float32),
        }
        for layer in range(_LAYERS)
    ]  # fmt: skip
    tables = {name: schema.empty_table() for name, schema in RUN_TABLES.items()}
    tables["target_scores"] = pa.Table.from_pylist(rows, RUN_TABLES["target_scores"])
    write_run_columns(store, "one", tables)
    size = (store / "target_scores" / "one.parquet").stat().st_size
    seconds = []
    for layer in range(_LAYERS):
        opened = ResultStore(store)
        started = time.perf_counter()
        opened.query("SELECT r, ceiling FROM target_scores WHERE layer = ?", [layer])
        seconds.append(time.perf_counter() - started)
    print(
        f"maps of one run: {size / 1e6:.0f} MB on disk, of {n_runs}: {n_runs * size / 1e9:.0f} GB; "
        f"one layer's map is read in {1e3 * np.median(seconds):.0f} ms (median of {_LAYERS})"
    )


def _layout(store: Path) -> AnyTask:
    names = [name for name, entry in catalog.models().items() if not entry.gated][:_MODELS]
    methods = list(catalog.compressions())[:_METHODS]
    sweep = Sweep(
        name="scale", models=tuple(names), compressions=tuple(methods),
        datasets=({"dataset": "demo-cortex", "targets": "regions"},), seeds=(0, 1, 2),
    )  # fmt: skip
    started = time.perf_counter()
    layout, tasks = lay_against(sweep, store)
    laid_out = time.perf_counter()
    cost_of(layout, tasks, store)
    print(
        f"{layout.n_cells} runs laid out in {laid_out - started:.1f} s, {len(layout.pieces)} "
        f"pieces; their cost reckoned in {time.perf_counter() - laid_out:.1f} s"
    )
    return layout.wanted[0].task


def _pace(store: Path, task: AnyTask, n: int) -> None:
    piece_work._DO["run"] = lambda work, progress: "done"
    folder = sweep_folder(store, "pace")
    folder.path.mkdir(parents=True)
    pieces = [Piece(f"run-{number}", "run", "nothing", task) for number in range(n)]
    started = time.perf_counter()
    Driver(pieces, folder, Computers("here"), SweepStatus(), lambda line: None).run()
    seconds = time.perf_counter() - started
    print(f"{n} pieces that do nothing: {n / seconds:.0f} a second")


if __name__ == "__main__":
    main()
