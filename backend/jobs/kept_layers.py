"""Scores of a run's layers, kept until all of it is in the store: what was stopped goes on there.

``STORE/unfinished/RUN_ID/MADE_BY`` holds a file for each layer that is fitted. A layer is kept as
it was scored, so that the rows of a run are the same however often it was stopped. Baselines are
not kept: what remains to be fitted needs their kernels, which are far larger than the scores.
"""

import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.floating]]
UNFINISHED = "unfinished"
_SECONDS = "seconds"
_ENDING = ".npz"


@dataclass(frozen=True)
class LayerScores:
    """What is kept of a layer.

    Attributes
    ----------
    arrays : mapping of str to ndarray of float
    seconds : float
        That fitting it took: runs of the same kind are reckoned from it.
    """

    arrays: Arrays
    seconds: float


class KeptLayers:
    """The layers of one run that are fitted.

    Parameters
    ----------
    store : Path
    run_id : str
    made_by : str
        Scores made by anything else are not read: see
        :func:`~backend.jobs.description.made_by`.
    shapes : mapping of str to tuple of int
        Of the arrays that each layer has.

    Attributes
    ----------
    warnings : list of str
        Files that were damaged, and what kept a layer from being written.
    """

    def __init__(
        self, store: Path, run_id: str, made_by: str, shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        self._all = store / UNFINISHED / run_id
        self._folder = self._all / made_by
        self._shapes = dict(shapes)
        self.warnings: list[str] = []

    def has(self, layer: int) -> bool:
        """Whether there is a file of a layer, whole or not."""
        return self._path(layer).exists()

    def read(self, layers: Iterable[int]) -> dict[int, LayerScores]:
        """Read the layers that are there; a damaged file is named, and its layer left out.

        Parameters
        ----------
        layers : iterable of int

        Returns
        -------
        dict of int to LayerScores
        """
        found = {}
        for layer in layers:
            try:
                found[layer] = self._read(layer)
            except FileNotFoundError:
                continue
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
                self.warnings.append(
                    f"the scores of layer {layer} that were kept in {self._path(layer)} were "
                    f"damaged ({error}); they were computed again."
                )
        return found

    def write(self, layer: int, scores: LayerScores) -> None:
        """Keep a layer; where that is not possible, say so and let the run go on.

        Parameters
        ----------
        layer : int
        scores : LayerScores
        """
        arrays: dict[str, Any] = {**scores.arrays, _SECONDS: scores.seconds}
        temporary = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            os.replace(temporary, self._path(layer))
        except OSError as error:
            said = (
                f"scored layers could not be kept in {self._all.parent} "
                f"({error.strerror or error}); had the run been stopped, they were lost."
            )
            if said not in self.warnings:
                self.warnings.append(said)
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)

    def complete(
        self, layers: Iterable[int], there: Mapping[int, LayerScores], fit: Callable[[int], Arrays]
    ) -> dict[int, LayerScores]:
        """Give every layer's scores: fit those that are not there, and keep each at once.

        Parameters
        ----------
        layers : iterable of int
        there : mapping of int to LayerScores
            As of :meth:`read`.
        fit : callable
            Given a layer, its arrays.

        Returns
        -------
        dict of int to LayerScores
            In the order of ``layers``.
        """
        scores = {}
        for layer in layers:
            if layer in there:
                scores[layer] = there[layer]
                continue
            started = time.perf_counter()
            arrays = fit(layer)
            scores[layer] = LayerScores(arrays, time.perf_counter() - started)
            self.write(layer, scores[layer])
        return scores

    def _path(self, layer: int) -> Path:
        return self._folder / f"layer-{layer:02d}{_ENDING}"

    def _read(self, layer: int) -> LayerScores:
        # Each member of the archive has a checksum, which reading it to its end compares.
        with np.load(self._path(layer), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        seconds = float(arrays.pop(_SECONDS))
        shapes = {name: array.shape for name, array in arrays.items()}
        if shapes != self._shapes or any(array.dtype.kind != "f" for array in arrays.values()):
            raise ValueError(f"it holds {shapes}, not {self._shapes}")
        return LayerScores(arrays, seconds)


def stage_name(n_there: int, n_layers: int) -> str:
    """Name the stage of fitting layers, with how many of them need not be.

    Parameters
    ----------
    n_there, n_layers : int

    Returns
    -------
    str
    """
    return f"fitting layers ({n_there} of {n_layers} were there)" if n_there else "fitting layers"


def seconds_before(there: Mapping[int, LayerScores]) -> float:
    """Seconds that layers which were there took when they were fitted.

    Parameters
    ----------
    there : mapping of int to LayerScores

    Returns
    -------
    float
    """
    return sum(scores.seconds for scores in there.values())


def discard_layers(store: Path, run_id: str) -> None:
    """Remove what was kept of a run, whoever made it: the run is in the store now.

    Parameters
    ----------
    store : Path
    run_id : str
    """
    shutil.rmtree(store / UNFINISHED / run_id, ignore_errors=True)


def count_kept(store: Path, run_id: str) -> int:
    """Count the layers of a run that are kept, whoever made them.

    Parameters
    ----------
    store : Path
    run_id : str

    Returns
    -------
    int
    """
    return len({path.name for path in (store / UNFINISHED / run_id).glob(f"*/layer-*{_ENDING}")})
