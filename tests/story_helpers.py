"""Story runs that several test modules build: scoreboards and what the store holds of them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.cortex.regions import surface_regions
from backend.cortex.surfaces import N_TARGETS as SURFACE_TARGETS
from backend.cortex.surfaces import SPACE
from backend.datasets.story_recording import Region, Space
from backend.features.baselines import JOINT
from backend.jobs.config import StoryConfig
from backend.jobs.story_rows import baseline_rows, roi_rows, space_row, target_rows
from backend.jobs.story_scores import Ceilings, Scoreboard, SetScores
from backend.store.shards import RunTables, write_run

N_TARGETS = 12
STORIES = ("harbour", "orchard", "station")
REGIONS = (
    Region("AC", "left", np.arange(0, 4)),
    Region("AC", "right", np.arange(4, 8)),
    Region("TP", "left", np.arange(2, 6)),
)


def make_story_config(**changes: object) -> StoryConfig:
    fields: dict[str, object] = {
        "dataset": "tales",
        "data_sha256": "0" * 64,
        "evidence": "simulated",
        "citation": "made up",
        "subject": "sub-01",
        "modality": "simulated fMRI",
        "model": "minilm-l6",
        "tr": 2.0,
        "ceiling": "given",
    }
    return StoryConfig.model_validate({**fields, **changes})


def make_space(kind: str = "parcels") -> Space:
    return Space("toy", kind, N_TARGETS, REGIONS)  # type: ignore[arg-type]


def make_surface() -> Space:
    return Space(SPACE, "surface", SURFACE_TARGETS, surface_regions())


def make_board(
    seed: int = 0, n_layers: int = 3, n_targets: int = N_TARGETS, floor: float = 0.1
) -> Scoreboard:
    random = np.random.default_rng(seed)

    def scores(centre: float, unique: bool = False) -> SetScores:
        shape = (len(STORIES), n_targets)
        r = (centre + 0.05 * random.standard_normal(shape)).astype(np.float32)
        return SetScores(
            r=r,
            unique_r2=(r**2 / 2).astype(np.float32) if unique else None,
            p=random.uniform(0.001, 0.2, n_targets).astype(np.float32) if unique else None,
        )

    ceiling = np.linspace(0.05, 0.8, n_targets).astype(np.float32)
    return Scoreboard(
        layers={layer: scores(0.1 + 0.1 * layer, unique=True) for layer in range(n_layers)},
        baselines={"word-rate": scores(0.1), "oasm": scores(0.0), JOINT: scores(0.12)},
        held_out=STORIES,
        repeats=(1, 1, 3),
        ceilings=Ceilings(ceiling, floor),
    )


def write_story_run(
    store: Path, config: StoryConfig, seed: int = 0, space: Space | None = None
) -> Scoreboard:
    space, run_id = space or make_space(), config.run_id
    board = make_board(seed, n_targets=space.n_targets)
    run = {
        "run_id": run_id,
        "dataset": config.dataset,
        "subject": config.subject,
        "modality": config.modality,
        "model": config.model,
        "model_family": "MiniLM",
        "n_parameters": 22_713_216,
        "compression": config.compression,
        "bits_per_weight": 32.0,
        "sparsity": 0.0,
        "context_length": config.context,
        "delays": list(config.delays),
        "split": config.split,
        "n_folds": len(STORIES),
        "n_samples": 300,
        "n_words": 900,
        "evidence": config.evidence,
        "source": config.citation,
        "code_version": "0",
        "created_at": datetime.now(UTC),
        "seconds": 60.0,
        "extraction_seconds": 20.0,
        "fit_seconds": 40.0,
        "peak_memory_bytes": 10**9,
        "device": "CPU",
        "warnings": [],
        "config": config.model_dump_json(),
    }
    tables = RunTables(
        runs=[run],
        roi_scores=roi_rows(run_id, board, space),
        baseline_scores=baseline_rows(run_id, board, space),
        target_scores=target_rows(run_id, board, space),
        spaces=[space_row(run_id, space)],
    )
    write_run(store, run_id, tables)
    return board
