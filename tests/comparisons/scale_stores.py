"""Stores of made-up story runs whose models differ by what is planted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backend.store.shards import RunTables, write_quality, write_run
from tests.story_helpers import make_story_config

DATASET, SPLIT = "tales", "leave-story-out"
CEILING = 0.6


class Model(NamedTuple):
    """A model's family, parameters, and the score of its better layer."""

    family: str
    n_parameters: int
    score: float


FAMILY = {
    "cortexscale-0.1m": Model("CortexScale", 100_000, 0.14),
    "cortexscale-0.3m": Model("CortexScale", 310_000, 0.20),
    "cortexscale-1m": Model("CortexScale", 1_300_000, 0.25),
    "cortexscale-3m": Model("CortexScale", 3_000_000, 0.28),
    "cortexscale-7m": Model("CortexScale", 7_000_000, 0.30),
    "minilm-l6": Model("MiniLM", 22_713_216, 0.30),
}
TWINS = {
    f"{name}:random": Model("CortexScale, random weights", model.n_parameters, 0.05)
    for name, model in FAMILY.items()
    if model.family == "CortexScale"
}


def write_models(
    store: Path,
    models: Mapping[str, Model],
    subjects: Sequence[str] = ("sub-01",),
    responses: Sequence[tuple[str, str]] = (("AC", "left"),),
    n_stories: int = 8,
    sd: float = 0.005,
    seed: int = 0,
    n_layers: int = 3,
    **changes: object,
) -> None:
    """Write a run per model and subject; scores of all models rise and fall with the story.

    The middle layer is the best by 0.1.
    """
    random = np.random.default_rng(seed)
    ease = random.normal(0, 0.05, (len(subjects), len(responses), n_stories))
    for name, model in models.items():
        for place, subject in enumerate(subjects):
            config = make_story_config(model=name, subject=subject, **changes)
            scores, baselines = [], []
            for index, (roi, hemisphere) in enumerate(responses):
                for story in range(n_stories):
                    at = {
                        "run_id": config.run_id, "roi": roi, "hemisphere": hemisphere,
                        "fold": story, "held_out": f"story-{story}",
                    }  # fmt: skip
                    level = ease[place, index, story]
                    for layer in range(n_layers):
                        off = 0.1 * abs(layer - n_layers // 2)
                        r = model.score - off + level + random.normal(0, sd)
                        scores.append({**at, "layer": layer, "r": r, "r_normalized": r / CEILING,
                                       "ceiling": CEILING, "unique_r2": r / 10})  # fmt: skip
                    for baseline, height in (("word-rate", 0.05), ("all nuisance", 0.1),
                                             ("static-embedding", 0.4)):  # fmt: skip
                        r = height + level
                        baselines.append({**at, "baseline": baseline, "r": r,
                                          "r_normalized": r / CEILING})  # fmt: skip
            run = {
                "run_id": config.run_id, "dataset": config.dataset, "subject": subject,
                "modality": config.modality, "model": name, "model_family": model.family,
                "n_parameters": model.n_parameters, "compression": config.compression,
                "context_length": config.context, "split": config.split, "n_folds": n_stories,
                "n_samples": 300, "evidence": config.evidence, "source": config.citation,
                "created_at": datetime.now(UTC), "config": config.model_dump_json(),
            }  # fmt: skip
            write_run(store, config.run_id, RunTables([run], scores, baselines, [], []))


def write_perplexities(store: Path, corpus: str, values: Mapping[str, float]) -> None:
    for place, (model, perplexity) in enumerate(values.items()):
        row = {
            "quality_id": f"{corpus}-{place}", "model": model, "compression": "none",
            "corpus": corpus, "corpus_sha256": corpus, "perplexity": perplexity,
            "created_at": datetime.now(UTC),
        }  # fmt: skip
        write_quality(store, str(row["quality_id"]), row)
