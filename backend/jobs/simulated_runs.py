"""Runs with invented scores, as plausible in their layout as they are without meaning.

They fill a store to the size at which the app is measured. Every row says ``simulated``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backend import __version__, catalog
from backend.catalog import ModelEntry
from backend.compression import Calibration
from backend.cortex.surfaces import N_TARGETS, SIDES, SPACE, surface
from backend.jobs.config import StoryConfig
from backend.store.schema import BASELINE_SCORES, ROI_SCORES, RUNS, SPACES, TARGET_SCORES

DATASET = "simulated-large"
SUBJECTS = tuple(f"sub-{number:02d}" for number in range(1, 10))
COMPRESSIONS = (
    "none", "bnb-int8", "bnb-nf4", "bnb-fp4", "rtn-w8a16", "rtn-w4a16", "gptq-w4a16",
    "magnitude-10", "magnitude-30", "magnitude-50", "magnitude-70", "magnitude-2of4",
)  # fmt: skip
N_MODELS = 30
N_FOLDS = 8
_BASELINES = ("word-rate", "word-length", "frequency", "oasm", "all nuisance")
_LEAST_LAYERS = 12
_SAMPLES = 6000
# Steps of a map's values: 10 bits, so that zstd has something to find and a shard is small.
_STEP = 1 / 1024
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SimulatedRun:
    """One run to invent.

    Attributes
    ----------
    place : int
        Its number in the store, from 0.
    model, compression, subject : str
    n_layers : int
        Layers 0 to ``n_layers - 1`` have scores.
    map_layers : tuple of int
        Layers that have a map as well.
    seed : int
        Of the whole store.
    """

    place: int
    model: str
    compression: str
    subject: str
    n_layers: int
    map_layers: tuple[int, ...]
    seed: int

    @property
    def config(self) -> StoryConfig:
        """The request that such a run would have had."""
        needs_text = catalog.compressions()[self.compression].needs_calibration
        return StoryConfig(
            dataset=DATASET,
            data_sha256=f"{self.seed:064x}",
            evidence="simulated",
            citation="CortexScale: invented scores of a large store",
            subject=self.subject,
            modality="simulated fMRI, story listening",
            model=self.model,
            compression=self.compression,
            calibration=Calibration(text="simulated", sha256="0" * 64) if needs_text else None,
            layers=tuple(range(self.n_layers)),
            seed=self.seed,
            tr=2.0,
            ceiling="given",
            permutations=0,
        )

    def random(self) -> np.random.Generator:
        """Numbers of this run alone, whichever others are made."""
        return np.random.default_rng([self.seed, self.place])


@cache
def simulated_models() -> Mapping[str, ModelEntry]:
    """Return the models that scores are invented for: decoders of the catalogue, by its order."""
    deep = {
        name: entry
        for name, entry in catalog.models().items()
        if entry.n_layers >= _LEAST_LAYERS and not entry.instruct
    }
    return dict(list(deep.items())[:N_MODELS])


def places() -> list[tuple[str, str]]:
    """Return each region and hemisphere."""
    return [(roi, side) for roi in catalog.rois() for side in SIDES]


def run_tables(run: SimulatedRun) -> tuple[str, Mapping[str, pa.Table]]:
    """Invent one run.

    Parameters
    ----------
    run : SimulatedRun

    Returns
    -------
    tuple of (str, mapping of str to pyarrow.Table)
        The run's id, and its tables by name.
    """
    run_id, random = run.config.run_id, run.random()
    ceilings = _ceilings(run)
    scores = _scores(run, ceilings, random)
    floors = np.clip(random.normal(0.06, 0.02, (len(_BASELINES), *scores.shape[1:])), -1, 1)
    tables = {
        "roi_scores": _roi_scores(run_id, scores, ceilings, floors[-1], random),
        "baseline_scores": _baseline_scores(run_id, floors, ceilings),
        "target_scores": _target_scores(run, run_id, random),
        "spaces": _space(run_id),
        "runs": _run_row(run, run_id),
    }
    return run_id, tables


def _ceilings(run: SimulatedRun) -> NDArray[np.float64]:
    """Draw a noise ceiling per region and hemisphere, the subject's own."""
    random = np.random.default_rng([run.seed, SUBJECTS.index(run.subject), 1])
    return random.uniform(0.35, 0.7, len(places()))


def _quality(run: SimulatedRun) -> float:
    """Share of the ceiling that a model reaches: more with its size, less when compressed."""
    size = np.log10(simulated_models()[run.model].n_parameters / 1e8)
    harm = 0.02 * COMPRESSIONS.index(run.compression) * (run.compression != "none")
    return float(0.45 + 0.08 * size) * (1 - harm)


def _depths(run: SimulatedRun) -> NDArray[np.float64]:
    """Give layers a profile with its peak at two thirds of the depth."""
    depth = np.arange(run.n_layers) / max(run.n_layers - 1, 1)
    return 1 - 0.9 * (depth - 0.65) ** 2


def _scores(
    run: SimulatedRun, ceilings: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    """Pearson r of each layer, place and fold."""
    mean = _quality(run) * _depths(run)[:, None, None] * ceilings[None, :, None]
    noise = random.normal(0, 0.03, (run.n_layers, len(ceilings), N_FOLDS))
    return np.clip(mean + noise, -1, 1)


def _columns(shape: tuple[int, int, int]) -> dict[str, NDArray[np.generic]]:
    """Place and fold of each row, where the first axis is the layer or the baseline."""
    names = np.array(places())
    first, place, fold = np.indices(shape).reshape(3, -1)
    return {
        "first": first,
        "roi": names[place, 0],
        "hemisphere": names[place, 1],
        "fold": fold,
        "held_out": np.array([f"story-{number + 1}" for number in range(N_FOLDS)])[fold],
    }


def _table(schema: pa.Schema, run_id: str, n: int, **columns: object) -> pa.Table:
    """Fill a table; columns that are not given are empty."""
    known = {"run_id": [run_id] * n, **columns}
    arrays = [
        pa.nulls(n, field.type)
        if field.name not in known
        else pa.array(known[field.name], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _roi_scores(
    run_id: str,
    scores: NDArray[np.float64],
    ceilings: NDArray[np.float64],
    floor: NDArray[np.float64],
    random: np.random.Generator,
) -> pa.Table:
    columns, n = _columns(scores.shape), scores.size
    ceiling = np.broadcast_to(ceilings[None, :, None], scores.shape)
    return _table(
        ROI_SCORES, run_id, n,
        layer=columns["first"], roi=columns["roi"], hemisphere=columns["hemisphere"],
        fold=columns["fold"], held_out=columns["held_out"],
        n_targets=np.full(n, 90), n_normalized=np.full(n, 90),
        r=scores.ravel(), r_normalized=(scores / ceiling).ravel(), ceiling=ceiling.ravel(),
        baseline_r=np.broadcast_to(floor, scores.shape).ravel(),
        unique_r2=(scores.clip(0) ** 2 * 0.4 + random.normal(0, 0.005, scores.shape)).ravel(),
    )  # fmt: skip


def _baseline_scores(
    run_id: str, floors: NDArray[np.float64], ceilings: NDArray[np.float64]
) -> pa.Table:
    columns = _columns(floors.shape)
    return _table(
        BASELINE_SCORES, run_id, floors.size,
        baseline=np.array(_BASELINES)[columns["first"]], roi=columns["roi"],
        hemisphere=columns["hemisphere"], fold=columns["fold"], held_out=columns["held_out"],
        r=floors.ravel(), r_normalized=(floors / ceilings[None, :, None]).ravel(),
    )  # fmt: skip


def _target_scores(run: SimulatedRun, run_id: str, random: np.random.Generator) -> pa.Table:
    n = len(run.map_layers)
    pattern = _quality(run) * _pattern(SUBJECTS.index(run.subject))
    depth = _depths(run)[list(run.map_layers)].astype(np.float32)
    maps = random.standard_normal((n, N_TARGETS), dtype=np.float32) * np.float32(0.02)
    maps += depth[:, None] * pattern
    np.round(maps / _STEP, out=maps)
    maps *= np.float32(_STEP)
    offsets = pa.array(np.arange(n + 1) * N_TARGETS, pa.int32())
    values = pa.ListArray.from_arrays(offsets, pa.array(maps.ravel(), pa.float32()))
    return _table(TARGET_SCORES, run_id, n, layer=list(run.map_layers), space=[SPACE] * n, r=values)


@cache
def _pattern(subject: int) -> NDArray[np.float32]:
    """Make a smooth map over both hemispheres, the subject's own, between 0 and 0.6."""
    points = np.concatenate([surface("midthickness", side).coordinates for side in SIDES])
    random = np.random.default_rng(subject)
    waves = np.cos(points @ random.normal(0, 1 / 25, (3, 4)) + random.uniform(0, 6, 4))
    return (0.3 + 0.3 * waves.mean(axis=1)).astype(np.float32)


def _space(run_id: str) -> pa.Table:
    return _table(
        SPACES, run_id, 1, space=[SPACE], kind=["surface"], n_targets=[N_TARGETS],
        target_rois=[[]],
    )  # fmt: skip


def _run_row(run: SimulatedRun, run_id: str) -> pa.Table:
    config, entry = run.config, simulated_models()[run.model]
    bits = _bits(run.compression)
    row = {
        "dataset": DATASET, "subject": run.subject, "modality": config.modality,
        "model": run.model, "model_family": entry.family, "n_parameters": entry.n_parameters,
        "compression": run.compression, "bits_per_weight": bits, "sparsity": 0.0,
        "context_length": config.context, "delays": list(config.delays), "split": config.split,
        "n_folds": N_FOLDS, "n_samples": _SAMPLES, "n_words": 20_000,
        "evidence": config.evidence, "source": config.citation, "code_version": __version__,
        "created_at": _FIRST_DAY + timedelta(minutes=run.place), "seconds": 600.0,
        "extraction_seconds": 400.0, "fit_seconds": 200.0,
        "peak_memory_bytes": 4 * entry.n_parameters, "device": "none: invented", "warnings": [],
        "config": config.model_dump_json(),
    }  # fmt: skip
    return _table(RUNS, run_id, 1, **{name: [value] for name, value in row.items()})


def _bits(compression: str) -> float:
    if any(mark in compression for mark in ("int8", "w8")):
        return 8.0
    return 4.5 if any(mark in compression for mark in ("nf4", "fp4", "w4")) else 16.0
