"""Rows of a story regression: which TRs are kept, of which story, with which responses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.story_recording import StoryRecording, StoryRun
from backend.encoding.alignment import check_story, tr_midpoints, trim
from backend.errors import InputError
from backend.jobs.config import StoryConfig

Array = NDArray[np.float32]


@dataclass(frozen=True)
class StoryDesign:
    """The time axis that features and responses share, story after story.

    Attributes
    ----------
    stories : tuple of str
        In the order of their first run.
    lengths : tuple of int
        TRs of each story before trimming: features exist for all of them, since the delayed
        features of a kept TR may come from a trimmed one.
    starts : tuple of float
        Seconds from each story's start to its first TR.
    rows : ndarray of int, shape (n_samples,)
        Kept TRs, as indices into all TRs of all stories.
    labels : tuple of str
        Story of each kept TR.
    responses : ndarray of float32, shape (n_samples, n_targets)
        Each run is centred and scaled by itself; the runs of a repeated story are averaged.
    repeats : mapping of str to int
        Runs of each story.
    warnings : tuple of str
        What a reader of the result should know.
    """

    stories: tuple[str, ...]
    lengths: tuple[int, ...]
    starts: tuple[float, ...]
    rows: NDArray[np.int64]
    labels: tuple[str, ...]
    responses: Array
    repeats: Mapping[str, int]
    warnings: tuple[str, ...]


def build_design(
    recording: StoryRecording, trim_head: int, trim_tail: int, tail_seconds: float
) -> StoryDesign:
    """Lay a recording's runs out as the rows of one regression.

    Parameters
    ----------
    recording : StoryRecording
    trim_head, trim_tail : int
        TRs left out at the edges of each story, where the response to its on- and offset and
        the scanner's settling outweigh the words.
    tail_seconds : float
        How long after its last word a story still shapes the response; later TRs are left out.

    Returns
    -------
    StoryDesign

    Raises
    ------
    InputError
        If no TR of a story is left, or the runs of one story do not begin at the same time.
    """
    grouped = _by_story(recording)
    lengths: list[int] = []
    starts: list[float] = []
    rows: list[NDArray[np.int64]] = []
    labels: list[str] = []
    blocks: list[Array] = []
    warnings: list[str] = []
    offset = 0
    for story, runs in grouped.items():
        n_trs = min(len(run.responses) for run in runs)
        start = _common_start(story, runs, recording.tr)
        words = recording.stimuli[story]
        warnings += check_story(words, n_trs, recording.tr, start)
        if n_trs < max(len(run.responses) for run in runs):
            warnings.append(
                f"the runs of {story} differ in length; the first {n_trs} TRs of each are used."
            )
        times = tr_midpoints(n_trs, recording.tr, start)
        inside = np.flatnonzero((times >= 0) & (times <= words.seconds + tail_seconds))
        kept = _trimmed(story, inside, trim_head, trim_tail)
        blocks.append(average_runs([run.responses[kept] for run in runs]))
        rows.append(kept + offset)
        labels += [story] * len(kept)
        lengths.append(n_trs)
        starts.append(start)
        offset += n_trs
    return StoryDesign(
        stories=tuple(grouped),
        lengths=tuple(lengths),
        starts=tuple(starts),
        rows=np.concatenate(rows),
        labels=tuple(labels),
        responses=np.concatenate(blocks),
        repeats={story: len(runs) for story, runs in grouped.items()},
        warnings=tuple(warnings),
    )


def tail_seconds(config: StoryConfig) -> float:
    """Find how long after the last word responses are kept: as long as the features reach.

    Parameters
    ----------
    config : StoryConfig

    Returns
    -------
    float
        Seconds; a canonical response has come back to its baseline after some 20.
    """
    return 20.0 if config.hrf else max(config.delays) * config.tr


def average_runs(runs: Sequence[Array]) -> Array:
    """Centre and scale each run by itself, and average the runs of one story.

    Scanner gain and offset differ from run to run and say nothing of the stimulus. The average is
    not scaled again: a mean of repeats that disagree is small, as it should be.

    Parameters
    ----------
    runs : sequence of ndarray of shape (n_trs, n_targets)

    Returns
    -------
    ndarray of float32, shape (n_trs, n_targets)
        A target that is constant in a run is 0 there.
    """
    total = np.zeros(runs[0].shape, dtype=np.float32)
    for run in runs:
        centred = run - run.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = run.std(axis=0, dtype=np.float64).astype(np.float32)
        total += centred / np.where(scale > 0, scale, 1.0)
    return total / np.float32(len(runs))


def _trimmed(story: str, inside: NDArray[np.int64], head: int, tail: int) -> NDArray[np.int64]:
    try:
        return inside[trim(len(inside), head, tail)]
    except InputError as error:
        raise InputError(f"{story}, of the TRs while its words are heard: {error}") from error


def _by_story(recording: StoryRecording) -> dict[str, list[StoryRun]]:
    grouped: dict[str, list[StoryRun]] = {}
    for run in recording.runs:
        grouped.setdefault(run.story, []).append(run)
    return grouped


def _common_start(story: str, runs: Sequence[StoryRun], tr: float) -> float:
    starts = [run.start for run in runs]
    if max(starts) - min(starts) > tr / 10:
        raise InputError(
            f"the runs of {story} begin at {min(starts):g} to {max(starts):g} s from its start, so "
            "they cannot be averaged TR by TR; cut them to a common beginning, or give the repeats "
            "names of their own."
        )
    return starts[0]
