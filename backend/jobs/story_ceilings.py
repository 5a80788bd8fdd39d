"""The noise ceiling of a story run."""

from collections.abc import Iterable, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import StoryRecording
from backend.encoding.ceilings import (
    ceiling_from_map,
    ceiling_from_repeats,
    ceiling_from_subjects,
)
from backend.errors import InputError
from backend.jobs.config import StoryConfig
from backend.jobs.story_design import StoryDesign, build_design, tail_seconds
from backend.jobs.story_scores import Ceilings

Array = NDArray[np.float32]


def find_ceilings(
    recording: StoryRecording,
    design: StoryDesign,
    config: StoryConfig,
    others: Iterable[StoryRecording] = (),
) -> Ceilings:
    """Take the ceiling that was given, or compute it from repeats or from other subjects.

    Parameters
    ----------
    recording : StoryRecording
    design : StoryDesign
    config : StoryConfig
        Says which of the three, or none.
    others : iterable of StoryRecording
        Other subjects of the data set; read where the ceiling comes from them.

    Returns
    -------
    Ceilings
        From repeats: of one presentation, by split halves, averaged over the stories that were
        repeated. From subjects: the correlation with the mean of the others over the stories that
        all of them heard, which is a lower bound.

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
    if config.ceiling == "subjects":
        return Ceilings(_from_subjects(recording, design, config, others), config.ceiling_floor)
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


def _from_subjects(
    recording: StoryRecording,
    design: StoryDesign,
    config: StoryConfig,
    others: Iterable[StoryRecording],
) -> Array:
    designs = [design]
    for other in others:
        if other.space.n_targets != recording.space.n_targets:
            raise InputError(
                f"{other.subject} has {other.space.n_targets} targets and {recording.subject} "
                f"{recording.space.n_targets}; a ceiling from other subjects needs one space."
            )
        designs.append(
            build_design(other, config.trim_head, config.trim_tail, tail_seconds(config))
        )
    shared = [s for s in design.stories if all(s in of_subject.stories for of_subject in designs)]
    if len(designs) < 2 or not shared:
        raise InputError(
            f"no other subject of {recording.dataset} heard the stories of {recording.subject}, so "
            "there is no noise ceiling from other subjects; use repeats, a map, or none."
        )
    parts = [np.stack(_same_trs(designs, story)) for story in shared]
    return ceiling_from_subjects(np.concatenate(parts, axis=1)).lower[0]


def _same_trs(designs: Sequence[StoryDesign], story: str) -> list[Array]:
    """Responses of each subject to the TRs of a story that all of them kept."""
    kept = []
    for design in designs:
        place = design.stories.index(story)
        own = np.asarray(design.labels) == story
        kept.append((design.rows[own] - sum(design.lengths[:place]), design.responses[own]))
    common = reduce(np.intersect1d, [trs for trs, _ in kept])
    return [responses[np.isin(trs, common)] for trs, responses in kept]


def _presentations(recording: StoryRecording, design: StoryDesign, story: str) -> np.ndarray:
    """Kept TRs of each run of a story, shape (n_repeats, n_trs, n_targets)."""
    place = design.stories.index(story)
    first = sum(design.lengths[:place])
    kept = design.rows[np.asarray(design.labels) == story] - first
    return np.stack([run.responses[kept] for run in recording.runs if run.story == story])
