"""The study that ships with the project: small models and random twins, compressed in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend import catalog
from backend.compression import applies
from backend.family.sizes import SIZES
from backend.features.sources import resolve_model
from backend.jobs.config import AnyTask
from backend.jobs.request import DataChoice, build_task
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task

CORTEX = "demo-cortex"
MINILM = "minilm-l6"
TRAINED = (*SIZES, MINILM)
TWINS = tuple(f"{name}:random" for name in SIZES)


@dataclass(frozen=True)
class Cell:
    """A place in the study's table.

    Attributes
    ----------
    model, compression : str
    subject : str or None
        Of the demo cortex; None for the sentences.
    """

    model: str
    compression: str
    subject: str | None = None

    @property
    def title(self) -> str:
        """What is computed, in a line."""
        where = f"{CORTEX}, {self.subject}" if self.subject else "sentences"
        return f"{where}: {self.model}, {self.compression}"


def study_cells(
    models: Sequence[str] = (*TRAINED, *TWINS),
    compressions: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[Cell]:
    """List the study's cells, what matters most first.

    Full precision of every model comes first, then the compressions of trained models, then those
    of their twins; runs on the same recording stand together, since they share their baselines.

    Parameters
    ----------
    models : sequence of str
    compressions : sequence of str, optional
        By default all in compressions.yaml.
    subjects : sequence of str, optional
        Of the demo cortex; by default all.

    Returns
    -------
    list of Cell
    """
    methods = list(catalog.compressions() if compressions is None else compressions)
    people = catalog.story_datasets()[CORTEX].subjects if subjects is None else subjects
    places = [None, *people]
    full = [name for name in methods if name == "none"]
    others = [name for name in methods if name != "none"]
    twins = [model for model in models if model.endswith(":random")]
    trained = [model for model in models if model not in twins]
    rounds = [([*trained, *twins], full), (trained, others), (twins, others)]
    return [
        Cell(model, method, place)
        for some_models, some_methods in rounds
        for place in places
        for model in some_models
        for method in some_methods
    ]


def against(cell: Cell) -> str | None:
    """Say why a compression cannot be used on a model; None where it can.

    Raises
    ------
    ModelError
        If there is no such model here.
    """
    return applies(cell.compression, resolve_model(cell.model))


class StudyTasks:
    """Makes the tasks of cells; data are looked at once.

    Parameters
    ----------
    sentences : DataChoice
        The sentence data set.
    store : Path
    """

    def __init__(self, sentences: DataChoice, store: Path) -> None:
        self._sentences = sentences
        self._store = store
        self._stories = {
            subject: choose_stories(CORTEX, subject)
            for subject in catalog.story_datasets()[CORTEX].subjects
        }

    def task(self, cell: Cell) -> AnyTask:
        """Make the task that computes a cell.

        Sentences on contiguous folds; of the demo cortex the regions, whole stories held out.

        Raises
        ------
        CortexScaleError
            As its message says.
        """
        if cell.subject is None:
            return build_task(
                self._sentences,
                cell.model,
                self._store,
                compression=cell.compression,
                split="contiguous",
            )[0]
        return build_story_task(
            self._stories[cell.subject],
            cell.model,
            self._store,
            compression=cell.compression,
            targets="regions",
            permutations=0,
        )
