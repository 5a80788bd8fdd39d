"""Fewer targets: only those that lie in a region, for studies that compare regions."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import Space, StoryRecording, StoryRun
from backend.jobs.config import StoryConfig


def region_targets(space: Space) -> NDArray[np.int64]:
    """List the targets that lie in any region.

    Parameters
    ----------
    space : Space

    Returns
    -------
    ndarray of int, shape (n_region_targets,)
        In order.
    """
    return np.unique(np.concatenate([region.targets for region in space.regions]))


def in_regions(recording: StoryRecording) -> StoryRecording:
    """Leave out the targets that lie in no region.

    Parameters
    ----------
    recording : StoryRecording

    Returns
    -------
    StoryRecording
        Its space has another name, since its targets are others.
    """
    kept = region_targets(recording.space)
    space = replace(
        recording.space,
        name=f"{recording.space.name}, regions",
        n_targets=len(kept),
        regions=tuple(
            replace(region, targets=np.searchsorted(kept, region.targets))
            for region in recording.space.regions
        ),
    )
    runs = [
        StoryRun(run.story, np.ascontiguousarray(run.responses[:, kept]), run.start)
        for run in recording.runs
    ]
    ceilings = None if recording.ceilings is None else recording.ceilings[kept]
    return replace(recording, space=space, runs=tuple(runs), ceilings=ceilings)


def wanted_targets(config: StoryConfig) -> Callable[[StoryRecording], StoryRecording]:
    """Choose what narrows a recording to the targets of a request.

    Parameters
    ----------
    config : StoryConfig

    Returns
    -------
    callable
    """
    return in_regions if config.targets == "regions" else _all


def _all(recording: StoryRecording) -> StoryRecording:
    return recording
