"""A request for removals: checked, and made ready to be computed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from backend.encoding.folds import Split
from backend.errors import InputError, first_problem
from backend.jobs.removal_config import (
    RemovalConfig,
    RemovalTask,
    StoryRemovalConfig,
    StoryRemovalTask,
)
from backend.jobs.request import DataChoice, build_task
from backend.jobs.stories import StoryChoice, load_words
from backend.jobs.story_request import build_story_task
from backend.probing.bundled import bundled_sha256
from backend.probing.story_labels import read_story_labels
from backend.probing.tasks import PHENOMENA

LEAST_DRAWS = 2


def build_removal_task(
    data: DataChoice,
    model: str,
    store: Path,
    layers: Sequence[int],
    *,
    phenomena: Sequence[str] = PHENOMENA,
    n_random: int = 5,
    compression: str = "none",
    pooling: Literal["mean", "last"] = "mean",
    split: Split | None = None,
    citation: str | None = None,
    simulated: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> RemovalTask:
    """Check what is to be removed from which states, and make the task that measures it.

    Parameters
    ----------
    data : DataChoice
    model : str
        Catalogue name, folder or hub name.
    store : Path
    layers : sequence of int
        0 is the embedding output.
    phenomena : sequence of str
        Each is taken out by itself.
    n_random : int
        Draws of random directions.
    compression, pooling, split, citation, simulated, device
        As in :func:`backend.jobs.request.build_task`.

    Returns
    -------
    RemovalTask

    Raises
    ------
    InputError
        If the table, a layer, a phenomenon or the number of draws cannot be used.
    ModelError
        If there is no such model, or the compression cannot be used on it.
    """
    chosen = _known(phenomena)
    _require_draws(n_random)
    base, _ = build_task(
        data, model, store, compression=compression, layers=layers, pooling=pooling, split=split,
        citation=citation, simulated=simulated, device=device,
    )  # fmt: skip
    stated = base.config.model_dump()
    try:
        config = RemovalConfig(
            **stated,
            phenomena=chosen,
            tasks_sha256=bundled_sha256(),
            n_random=n_random,
        )
    except ValidationError as error:
        raise InputError(f"{first_problem(error)}.") from error
    return RemovalTask(config=config, **base.model_dump(exclude={"config"}))


def build_story_removal_task(
    data: StoryChoice,
    model: str,
    store: Path,
    layers: Sequence[int],
    *,
    phenomena: Sequence[str] = (),
    labels: Path | None = None,
    n_random: int = 5,
    compression: str = "none",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    **options: Any,
) -> StoryRemovalTask:
    """Check what is to be removed from a model's states of stories, and make the task.

    Parameters
    ----------
    data : StoryChoice
    model : str
        Catalogue name, folder or hub name.
    store : Path
    layers : sequence of int
    phenomena : sequence of str
        Of the bundled tasks, or columns of the labels; none means all.
    labels : Path, optional
        Of the stories' own words; see :func:`backend.probing.story_labels.read_story_labels`.
    n_random : int
    compression, device, **options
        As in :func:`backend.jobs.story_request.build_story_task`.

    Returns
    -------
    StoryRemovalTask
        Of the targets in regions.

    Raises
    ------
    InputError
        If an option, a layer, a phenomenon, the labels or the number of draws cannot be used.
    ModelError
        If there is no such model, or the compression cannot be used on it.
    """
    _require_draws(n_random)
    base = build_story_task(
        data, model, store, compression=compression, layers=layers, device=device,
        targets="regions", permutations=0, **options,
    )  # fmt: skip
    if labels is None:
        chosen, sha256, name = _known(phenomena or PHENOMENA), bundled_sha256(), None
    else:
        heard = load_words(base)
        found = read_story_labels(
            labels, {story: heard[story] for story in data.stories}, phenomena
        )
        chosen = tuple(each.name for each in found.properties)
        sha256, name = found.sha256, found.name
    # A removal is told by r alone, whatever the ceiling is.
    stated = {**base.config.model_dump(), "ceiling": None}
    config = StoryRemovalConfig(
        **stated, phenomena=chosen, tasks_sha256=sha256, n_random=n_random, labels=name
    )
    return StoryRemovalTask(
        config=config,
        labels_path=None if labels is None else labels.resolve(),
        **base.model_dump(exclude={"config"}),
    )


def _known(phenomena: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in phenomena if name not in PHENOMENA]
    if unknown:
        raise InputError(
            f"there is no phenomenon {unknown[0]!r}; accepted are {', '.join(PHENOMENA)}."
        )
    return tuple(name for name in PHENOMENA if name in phenomena)


def _require_draws(n_random: int) -> None:
    if n_random < LEAST_DRAWS:
        raise InputError(f"{n_random} random draws were asked for; ask for two or more.")
