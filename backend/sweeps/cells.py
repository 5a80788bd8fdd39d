"""A sweep laid out: one cell for each run, what matters most first, and the task of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from backend import catalog
from backend.catalog.twins import is_random
from backend.compression import applies
from backend.datasets import SentenceRecording
from backend.datasets.story_folder import check_story_folder
from backend.errors import CortexScaleError, InputError
from backend.features.sources import ModelSource, resolve_model
from backend.jobs.config import AnyTask, Split
from backend.jobs.request import DataChoice, build_task, choose_data, user_path
from backend.jobs.stories import StoryChoice, choose_stories, is_stories
from backend.jobs.story_request import build_story_task
from backend.sweeps.config import Sweep, SweepData, nearest

_OF_SENTENCES = ("sentence", "responses", "group", "citation", "simulated")
_OF_STORIES = (
    "subjects", "context_mode", "downsampling", "delays", "hrf", "trim_head", "trim_tail",
    "test_stories", "ceiling", "permutations", "targets",
)  # fmt: skip
"""Options of one kind of data set, which would do nothing on the other."""


@dataclass(frozen=True)
class Place:
    """A recording of a sweep.

    Attributes
    ----------
    data : SweepData
    subject : str or None
        None for a table of sentences, which holds one.
    """

    data: SweepData
    subject: str | None

    @property
    def title(self) -> str:
        """The recording in a word or two."""
        name = self.data.name or _last(self.data.dataset)
        return name if self.subject is None else f"{name}, {self.subject}"


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Attributes
    ----------
    model, compression : str
    place : Place
    context : int or None
        In tokens; None for sentences.
    seed : int
    """

    model: str
    compression: str
    place: Place
    context: int | None
    seed: int

    @property
    def title(self) -> str:
        """What is computed, in a line."""
        parts = [f"{self.place.title}: {self.model}, {self.compression}"]
        if self.context is not None:
            parts.append(f"context {self.context}")
        return ", ".join([*parts, *([f"seed {self.seed}"] if self.seed else [])])

    @property
    def names(self) -> set[str]:
        """What a sweep's ``first`` may call it by."""
        data, subject = self.place.data, self.place.subject
        names = (self.model, _last(self.model), self.compression, data.name, _last(data.dataset))
        return {name for name in (*names, subject) if name}


def lay_out(sweep: Sweep) -> list[Cell]:
    """List a sweep's cells.

    What the sweep wants first comes first; after that full precision of every model, then the
    compressions of trained models, then those of random twins; runs on the same recording stand
    together, since they share their baselines.

    Parameters
    ----------
    sweep : Sweep

    Returns
    -------
    list of Cell

    Raises
    ------
    InputError
        With every data set, subject, model and option that cannot be used, or if what shall come
        first is not in the sweep.
    """
    problems: list[str] = []
    places = [place for data in sweep.datasets for place in _places(data, problems)]
    for model in sweep.models:
        try:
            resolve_model(model)
        except CortexScaleError as error:
            problems.append(str(error))
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise InputError(f"the sweep {sweep.name} cannot be laid out:\n{listed}")
    twins = [model for model in sweep.models if is_random(model)]
    trained = [model for model in sweep.models if model not in twins]
    rounds = [([*trained, *twins], True), (trained, False), (twins, False)]
    cells = [
        Cell(model, method, place, context, seed)
        for models, full in rounds
        for place in places
        for context in (sweep.contexts if place.subject is not None else (None,))
        for seed in sweep.seeds
        for model in models
        for method in place.data.compressions or sweep.compressions
        if (method == "none") is full
    ]
    return _in_order(cells, sweep.first)


def _in_order(cells: list[Cell], first: tuple[str, ...]) -> list[Cell]:
    known = sorted({name for cell in cells for name in cell.names})
    for name in first:
        if name not in known:
            raise InputError(
                f"'{name}' shall come first, but is no model, compression, data set or subject of "
                f"the sweep{nearest(name, known)}"
            )
    return sorted(cells, key=lambda cell: [name not in cell.names for name in first])


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def against(cell: Cell) -> str | None:
    """Say why a compression cannot be used on a model; None where it can."""
    return _against(cell.model, cell.compression)


class SweepTasks:
    """Makes the tasks of cells; data and models are looked at once.

    Parameters
    ----------
    store : Path
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._tables: dict[SweepData, DataChoice] = {}
        self._stories: dict[Place, StoryChoice] = {}
        self._recordings: dict[SweepData, SentenceRecording] = {}

    def task(self, cell: Cell) -> AnyTask:
        """Make the task that computes a cell.

        Raises
        ------
        CortexScaleError
            As its message says.
        """
        data = cell.place.data
        if cell.place.subject is not None:
            return build_story_task(
                self.stories(cell.place),
                cell.model,
                self._store,
                compression=cell.compression,
                layers=data.layers,
                context=cell.context,
                seed=cell.seed,
                n_folds=data.folds,
                **_story_options(data),
            )
        task, recording = build_task(
            self.table(data),
            cell.model,
            self._store,
            compression=cell.compression,
            layers=data.layers,
            pooling=data.pooling or "mean",
            split=_sentence_split(data.split),
            n_folds=data.folds,
            gap=data.gap,
            seed=cell.seed,
            citation=data.citation,
            simulated=data.simulated,
        )
        self._recordings[data] = recording
        return task

    def table(self, data: SweepData) -> DataChoice:
        """Look at a table of sentences."""
        if data not in self._tables:
            self._tables[data] = choose_data(
                data.dataset, data.sentence, data.responses, data.group, data.name
            )
        return self._tables[data]

    def stories(self, place: Place) -> StoryChoice:
        """Look at a subject of a data set of stories."""
        if place not in self._stories:
            data = place.data
            self._stories[place] = choose_stories(data.dataset, place.subject, data.name)
        return self._stories[place]

    def looked_at(self, cell: Cell) -> SentenceRecording | StoryChoice:
        """Give what a cell's task was made of, once it is made."""
        if cell.place.subject is not None:
            return self._stories[cell.place]
        return self._recordings[cell.place.data]


@cache
def _against(model: str, compression: str) -> str | None:
    return applies(compression, _source(model))


@cache
def _source(model: str) -> ModelSource:
    return resolve_model(model)


def _places(data: SweepData, problems: list[str]) -> list[Place]:
    stories = _known_stories(data, problems)
    if stories is None:
        return []
    wrong = data.given(_OF_SENTENCES if stories else _OF_STORIES)
    if wrong:
        kind = "a table of sentences" if stories else "stories"
        problems.append(f"{data.dataset}: {', '.join(wrong)} belongs to {kind}; leave it out")
        return []
    if not stories:
        return [Place(data, None)]
    unknown = [name for name in data.subjects or () if name not in stories]
    problems += [
        f"{data.dataset}: there is no subject {name!r}{nearest(name, list(stories))}"
        for name in unknown
    ]
    return [Place(data, name) for name in data.subjects or stories if name in stories]


def _known_stories(data: SweepData, problems: list[str]) -> Sequence[str] | None:
    """Subjects of a data set of stories, none for a table; None where there is no such data."""
    try:
        if is_stories(data.dataset):
            entry = catalog.story_datasets().get(data.dataset)
            if entry is not None:
                return entry.subjects
            report = check_story_folder(user_path(data.dataset))
            problems += [f"{data.dataset}: {problem}" for problem in report.problems]
            return None if report.problems else [facts.name for facts in report.subjects]
        choose_data(data.dataset, data.sentence, data.responses, data.group, data.name)
    except CortexScaleError as error:
        problems.append(str(error))
        return None
    return ()


def _story_options(data: SweepData) -> dict[str, Any]:
    names = (*_OF_STORIES[1:], "pooling", "split", "gap")
    return {name: getattr(data, name) for name in names}


def _sentence_split(split: str | None) -> Split | None:
    if split is not None and split not in get_args(Split):
        raise InputError(
            f"the split {split} is not for sentences; they take {', '.join(get_args(Split))}."
        )
    return cast(Split | None, split)
