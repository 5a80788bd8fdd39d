"""Turn a choice of stories, in the CLI or on the Run page, into a checked task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from backend import catalog
from backend.datasets.story_folder import read_story_folder
from backend.demo import demo_stories
from backend.encoding.delays import DELAYS
from backend.encoding.story_folds import gap_for, make_story_folds
from backend.errors import InputError, first_problem
from backend.features.sources import resolve_model
from backend.jobs.calibration import request_calibration
from backend.jobs.config import StoryConfig, StoryTask
from backend.jobs.request import require_layers
from backend.jobs.stories import StoryChoice
from backend.paths import cache_folder


def build_story_task(
    data: StoryChoice,
    model: str,
    store: Path,
    *,
    compression: str = "none",
    calibration: Path | None = None,
    layers: Sequence[int] | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    **options: Any,
) -> StoryTask:
    """Check a choice of stories and model, and make the task that computes it.

    Parameters
    ----------
    data : StoryChoice
    model : str
        Catalogue name, folder or hub name.
    store : Path
    compression : str
    calibration : Path, optional
        The user's calibration text, for a compression that is shown one; by default one that ships.
    layers : sequence of int, optional
    device : {"auto", "cpu", "cuda"}
    **options
        Fields of :class:`~backend.jobs.config.StoryConfig`; one that is None takes its default.

    Returns
    -------
    StoryTask

    Raises
    ------
    InputError
        If an option cannot be used, or the stories cannot be split as asked.
    ModelError
        If there is no such model.
    """
    source = resolve_model(model)
    require_layers(layers, source)
    shown = request_calibration(source, compression, lambda: _texts(data), calibration)
    given = {name: value for name, value in options.items() if value is not None}
    if "hrf" in given:
        given.setdefault("delays", ())
    if given.get("split", "test-story") == "test-story":
        given.setdefault("test_stories", data.test_stories)
    given.setdefault("split", _default_split(data, given.get("test_stories", ())))
    given.setdefault("ceiling", _default_ceiling(data))
    given.setdefault("gap", gap_for(data.tr, given.get("delays", DELAYS)))
    try:
        config = StoryConfig(
            dataset=data.name,
            data_sha256=data.sha256,
            evidence=data.evidence,
            citation=data.citation,
            subject=data.subject,
            modality=data.modality,
            tr=data.tr,
            model=source.name,
            model_fingerprint=source.fingerprint,
            trust_remote_code=source.trusted,
            compression=compression,
            calibration=shown,
            layers=None if layers is None else tuple(sorted(set(layers))),
            **given,
        )
    except ValidationError as error:
        raise InputError(f"{first_problem(error)}.") from error
    _check_splits(data, config)
    return StoryTask(
        config=config,
        data_path=data.path.resolve(),
        model_name=source.address,
        store=store.resolve(),
        device=device,
        cache=cache_folder().resolve(),
        calibration_path=None if calibration is None else calibration.resolve(),
    )


def _texts(data: StoryChoice) -> list[str]:
    """Read the words of each story."""
    if data.name in catalog.story_datasets():
        stories = demo_stories()
    else:
        stories = dict(read_story_folder(data.path, data.subject).stimuli)
    return [" ".join(words.words) for words in stories.values()]


def _default_split(data: StoryChoice, test_stories: Sequence[str]) -> str:
    if test_stories:
        return "test-story"
    return "leave-story-out" if len(data.stories) > 1 else "contiguous"


def _default_ceiling(data: StoryChoice) -> str | None:
    if data.has_ceilings:
        return "given"
    return "repeats" if data.has_repeats else None


def _check_splits(data: StoryChoice, config: StoryConfig) -> None:
    """Make the folds once, on as many TRs as there are before trimming."""
    if config.ceiling == "given" and not data.has_ceilings:
        raise InputError(
            f"{data.name} comes with no noise ceilings; name their file in its dataset.yaml, or "
            "choose another source for the ceiling."
        )
    if config.ceiling == "repeats" and not data.has_repeats:
        raise InputError(
            f"no story of {data.name} was repeated, so the noise ceiling cannot be computed from "
            "repeats; leave it out, or give a map of ceilings."
        )
    if config.ceiling == "subjects" and data.n_subjects < 2:
        raise InputError(
            f"{data.name} has one subject, so there is no noise ceiling from other subjects; use "
            "repeats, a map, or none."
        )
    labels = [story for story, n_trs in data.stories.items() for _ in range(n_trs)]
    make_story_folds(
        labels,
        config.split,
        test_stories=config.test_stories,
        n_folds=config.n_folds,
        gap=config.gap,
        seed=config.seed,
    )
