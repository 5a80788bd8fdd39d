"""What the study removes from its models' states of the sentences and of the demo cortex."""

from collections.abc import Sequence
from pathlib import Path

from backend.features.sources import resolve_model
from backend.jobs.removal_config import AnyRemoval
from backend.jobs.removal_request import build_removal_task, build_story_removal_task
from backend.jobs.request import DataChoice
from backend.jobs.stories import choose_stories
from backend.sweeps.study import CORTEX, TRAINED

SUBJECT = "sub-01"
"""Of the demo cortex, unless others are named: each is as the others, and takes as long."""


def study_removals(
    data: DataChoice,
    store: Path,
    models: Sequence[str] | None = None,
    subjects: Sequence[str] = (SUBJECT,),
) -> list[AnyRemoval]:
    """List the removals of the study: every phenomenon, every layer past the embeddings.

    Parameters
    ----------
    data : DataChoice
        The sentences.
    store : Path
    models : sequence of str, optional
        By default the trained ones, at full precision; random twins hold nothing to remove.
    subjects : sequence of str
        Of the demo cortex; none for the sentences alone.

    Returns
    -------
    list of RemovalTask or StoryRemovalTask
        Of the sentences first.
    """
    names = TRAINED if models is None else [name for name in models if name in TRAINED]
    tasks: list[AnyRemoval] = [
        build_removal_task(data, name, store, _layers(name), split="contiguous") for name in names
    ]
    stories = [choose_stories(CORTEX, subject) for subject in subjects]
    return tasks + [
        build_story_removal_task(each, name, store, _layers(name))
        for each in stories
        for name in names
    ]


def _layers(model: str) -> range:
    return range(1, (resolve_model(model).n_layers or 1) + 1)
