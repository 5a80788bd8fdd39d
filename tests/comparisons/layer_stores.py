"""Stores of made-up story runs whose curves by region and layer are given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backend.store.shards import RunTables, write_run
from tests.story_helpers import make_story_config


def write_regions(
    store: Path, curves: Sequence[np.ndarray], rois: Sequence[str], **changes: object
) -> None:
    """Write a run for each array of shape (n_stories, n_rois, n_layers), the left hemisphere."""
    for number, values in enumerate(curves):
        config = make_story_config(**{"model": f"model-{number}", **changes})
        n_stories, _, n_layers = values.shape
        scores = [
            {"run_id": config.run_id, "roi": roi, "hemisphere": "left", "layer": layer,
             "fold": story, "held_out": f"story-{story}", "r": values[story, place, layer]}
            for place, roi in enumerate(rois)
            for layer in range(n_layers)
            for story in range(n_stories)
        ]  # fmt: skip
        run = {
            "run_id": config.run_id, "dataset": config.dataset, "subject": config.subject,
            "model": config.model, "compression": config.compression, "split": config.split,
            "context_length": config.context, "n_folds": n_stories, "n_samples": 300,
            "evidence": config.evidence, "source": config.citation,
            "created_at": datetime.now(UTC), "config": config.model_dump_json(),
        }  # fmt: skip
        write_run(store, config.run_id, RunTables([run], scores, [], [], []))
