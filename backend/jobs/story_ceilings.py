"""The noise ceiling of a story run."""

import numpy as np

from backend.datasets.story_recording import StoryRecording
from backend.encoding.ceilings import ceiling_from_map, ceiling_from_repeats
from backend.errors import InputError
from backend.jobs.config import StoryConfig
from backend.jobs.story_design import StoryDesign
from backend.jobs.story_scores import Ceilings


def find_ceilings(recording: StoryRecording, design: StoryDesign, config: StoryConfig) -> Ceilings:
    """Take the ceiling that was given, or compute it from the repeats of a story.

    Parameters
    ----------
    recording : StoryRecording
    design : StoryDesign
    config : StoryConfig
        Says which of the two, or neither.

    Returns
    -------
    Ceilings
        From repeats: of one presentation, by split halves, averaged over the stories that were
        repeated.

    Raises
    ------
    InputError
        If what is asked for is not there.
    """
    if config.ceiling is None:
        return Ceilings(None, config.ceiling_floor)
    if config.ceiling == "given":
        if recording.ceilings is None:
            raise InputError(
                f"{recording.dataset} comes with no noise ceilings; name their file in its "
                "dataset.yaml, or compute them from repeats."
            )
        given = ceiling_from_map(recording.ceilings, recording.space.n_targets)
        return Ceilings(given, config.ceiling_floor)
    repeated = [story for story, count in design.repeats.items() if count > 1]
    if not repeated:
        raise InputError(
            f"no story of {recording.dataset} was repeated, so there is no noise ceiling from "
            "repeats; give a map of ceilings, or do without."
        )
    of_stories = [
        ceiling_from_repeats(_presentations(recording, design, story), "single", seed=config.seed)
        for story in repeated
    ]
    return Ceilings(np.mean(of_stories, axis=0, dtype=np.float32), config.ceiling_floor)


def _presentations(recording: StoryRecording, design: StoryDesign, story: str) -> np.ndarray:
    """Kept TRs of each run of a story, shape (n_repeats, n_trs, n_targets)."""
    place = design.stories.index(story)
    first = sum(design.lengths[:place])
    kept = design.rows[np.asarray(design.labels) == story] - first
    return np.stack([run.responses[kept] for run in recording.runs if run.story == story])
