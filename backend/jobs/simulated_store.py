"""A store of any size with invented results, for measuring the app at that size."""

import shutil
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from backend.cortex.surfaces import N_TARGETS
from backend.errors import InputError, StoreError
from backend.jobs.progress import Progress, Silent
from backend.jobs.simulated_runs import (
    COMPRESSIONS,
    N_FOLDS,
    SUBJECTS,
    SimulatedRun,
    places,
    run_tables,
    simulated_models,
)
from backend.store.shards import write_run_columns

MOST_ROWS = 100_000_000
# Measured on stores of this kind, with a fifth to spare: a row of scores with its share of the
# baselines, a value of a map, and the five files of a run.
_ROW_BYTES, _VALUE_BYTES, _RUN_BYTES = 25, 1.4, 25_000
_LAYERS_OF_A_RUN = 24


@dataclass(frozen=True)
class Layout:
    """How many rows and maps a store is to have.

    Attributes
    ----------
    rows : int
        Of ``roi_scores``; rounded up to whole layers (16 regions and hemispheres x 8 folds).
    maps : int
        Rows of ``target_scores``, each a map of fsaverage5.
    seed : int
    """

    rows: int
    maps: int
    seed: int = 0

    @property
    def n_bytes(self) -> int:
        """About how much disk it takes."""
        n_runs = len(_names(self.n_cells))
        values = self.maps * N_TARGETS * _VALUE_BYTES
        return int(self.rows * _ROW_BYTES + values + n_runs * _RUN_BYTES)

    @property
    def n_cells(self) -> int:
        """Layers of all runs together."""
        return -(-self.rows // (len(places()) * N_FOLDS))

    def runs(self) -> list[SimulatedRun]:
        """List the runs: each subject, model and compression in turn, until the rows are dealt.

        Returns
        -------
        list of SimulatedRun
        """
        names = _names(self.n_cells)
        models = simulated_models()
        depths = np.cumsum([0, *(models[model].n_layers + 1 for _, model, _ in names)])
        layers = np.diff(np.round(depths / depths[-1] * self.n_cells).astype(int))
        # Maps are dealt by layers, so that no run is asked for more maps than it has layers.
        dealt = np.cumsum([0, *layers]) * self.maps // self.n_cells
        return [
            SimulatedRun(
                place=place,
                model=model,
                compression=compression,
                subject=subject,
                n_layers=int(n_layers),
                map_layers=_spread(int(n_layers), int(last - first)),
                seed=self.seed,
            )
            for place, ((subject, model, compression), n_layers, (first, last)) in enumerate(
                zip(names, layers, pairwise(dealt), strict=True)
            )
        ]


def plan_store(rows: int, maps: int, seed: int = 0) -> Layout:
    """Check what is asked for.

    Parameters
    ----------
    rows, maps, seed : int
        See :class:`Layout`.

    Returns
    -------
    Layout

    Raises
    ------
    InputError
        If it cannot be made.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise InputError(f"{rows:,} rows were asked for; accepted are 1 to {MOST_ROWS:,}.")
    if seed < 0 or seed >= 2**32:
        raise InputError(f"the seed {seed} was given; accepted are 0 to {2**32 - 1}.")
    layout = Layout(rows, maps, seed)
    if not 0 <= maps <= layout.n_cells:
        raise InputError(
            f"{maps:,} maps were asked for; {rows:,} rows are {layout.n_cells:,} layers, and a "
            "layer has one map at most. Ask for more rows or fewer maps."
        )
    return layout


def simulate_store(out: Path, layout: Layout, progress: Progress | None = None) -> None:
    """Write a store of invented runs.

    Parameters
    ----------
    out : Path
        A folder that does not exist or is empty. It comes into being when everything is there.
    layout : Layout
    progress : Progress, optional

    Raises
    ------
    InputError
        If the folder holds something.
    StoreError
        If it cannot be written, or the disk has no room for it.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already and not an empty folder; name another one.")
    progress = progress or Silent()
    scratch = _scratch_beside(out, layout)
    try:
        runs = layout.runs()
        progress.stage("inventing runs", len(runs))
        for run in runs:
            write_run_columns(scratch, *run_tables(run))
            progress.advance()
        scratch.rename(out)
    except OSError as error:
        raise StoreError(f"{out} could not be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_beside(out: Path, layout: Layout) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out.parent).free
        if free < layout.n_bytes:
            raise StoreError(
                f"the store would take about {layout.n_bytes / 1e9:.1f} GB, and {out.parent} has "
                f"{free / 1e9:.1f} GB free. Ask for fewer --rows or --maps, or name a folder on "
                "another disk."
            )
        return Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    except OSError as error:
        raise StoreError(f"{out} cannot be made: {error.strerror or error}.") from error


def _names(n_cells: int) -> list[tuple[str, str, str]]:
    """Subject, model and compression of as many runs as the layers make."""
    every = [
        (subject, model, compression)
        for subject in SUBJECTS
        for model in simulated_models()
        for compression in COMPRESSIONS
    ]
    return every[: max(1, min(len(every), -(-n_cells // _LAYERS_OF_A_RUN)))]


def _spread(n_layers: int, n_maps: int) -> tuple[int, ...]:
    """Choose layers for maps, evenly over the depth."""
    return tuple(sorted({int(place) for place in np.arange(n_maps) * n_layers / max(n_maps, 1)}))
