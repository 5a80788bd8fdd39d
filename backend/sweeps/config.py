"""The request for a sweep: one YAML of models, compressions, data sets, contexts and seeds."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from backend import catalog
from backend.errors import InputError
from backend.plain_yaml import parse_mapping, read_mapping

ALL = "all"
EXAMPLE = "name: first, models: [minilm-l6], datasets: [demo-sentences]"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"

Names = Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]


def _every(value: Any) -> Any:
    return list(catalog.compressions()) if value == ALL else value


def _known(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if name not in catalog.compressions():
            raise ValueError(f"unknown compression {name!r}{nearest(name, catalog.compressions())}")
    return value


Methods = Annotated[Names, BeforeValidator(_every), AfterValidator(_known)]


class SweepData(BaseModel):
    """A data set of a sweep, and how it is encoded; what is None takes the default of ``encode``.

    Attributes
    ----------
    dataset : str
        Catalogue name, table of sentences, or folder of stories.
    subjects : tuple of str or None
        Of a data set of stories; None for all.
    compressions : tuple of str or None
        On this data set alone, in place of the sweep's; ``all`` for every one.
    sentence, responses, group, citation, simulated
        A table's columns and reference, where the catalogue does not know it.
    name : str or None
        What results are filed under.
    layers, pooling, split, folds, gap
        As in ``encode``.
    context_mode, downsampling, delays, hrf, trim_head, trim_tail, test_stories, ceiling, \
permutations, targets
        Of stories; see :class:`~backend.jobs.config.StoryConfig`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1)
    name: str | None = None
    subjects: Names | None = None
    compressions: Methods | None = None
    sentence: str | None = None
    responses: tuple[str, ...] = ()
    group: str | None = None
    citation: str | None = None
    simulated: bool = False
    layers: tuple[int, ...] | None = None
    pooling: Literal["mean", "last"] | None = None
    split: str | None = None
    folds: int | None = Field(default=None, ge=2)
    gap: int | None = Field(default=None, ge=0)
    context_mode: Literal["strided", "exact"] | None = None
    downsampling: Literal["lanczos", "mean", "sum", "last"] | None = None
    delays: tuple[int, ...] | None = None
    hrf: Literal["glover", "spm"] | None = None
    trim_head: int | None = Field(default=None, ge=0)
    trim_tail: int | None = Field(default=None, ge=0)
    test_stories: tuple[str, ...] | None = None
    ceiling: Literal["given", "repeats", "subjects"] | None = None
    permutations: int | None = Field(default=None, ge=0)
    targets: Literal["all", "regions"] | None = None

    def given(self, names: tuple[str, ...]) -> list[str]:
        """Name those of some fields that were set."""
        return [name for name in names if getattr(self, name) not in (None, (), False)]


class Sweep(BaseModel):
    """Every combination of what is listed, where it applies.

    Attributes
    ----------
    name : str
        Of its folder in the store.
    models : tuple of str
        Catalogue names, folders or hub names; ``:random`` at the end for a twin.
    compressions : tuple of str
        ``all`` for every one in the catalogue.
    datasets : tuple of SweepData
        A name alone stands for a data set with no options.
    contexts : tuple of int
        Context lengths in tokens; of stories alone.
    seeds : tuple of int
    first : tuple of str
        Models, compressions, data sets or subjects whose runs come before all others, the first
        named before the second. A folder is named by its last part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    models: Names
    compressions: Methods = ("none",)
    datasets: Annotated[tuple[SweepData, ...], Field(min_length=1)]
    contexts: Annotated[tuple[int, ...], Field(min_length=1)] = (128,)
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    first: tuple[str, ...] = ()

    @field_validator("datasets", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [{"dataset": each} if isinstance(each, str) else each for each in value]

    @model_validator(mode="after")
    def _once(self) -> "Sweep":
        for key in ("models", "compressions", "contexts", "seeds", "datasets", "first"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names something twice; leave the second out")
        return self


def read_sweep(path: Path) -> Sweep:
    """Read a sweep's file.

    Parameters
    ----------
    path : Path
        YAML. Without ``name`` the sweep is called by its file. Data sets and models that are paths
        are relative to the file.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        With everything that is wrong with it.
    """
    content = read_mapping(path, "a sweep")
    content.setdefault("name", path.stem)
    return _beside(_checked(content, path.name), path.resolve().parent)


def parse_sweep(text: str) -> Sweep:
    """Read a sweep that was typed; it needs a name, and paths in it are whole.

    Raises
    ------
    InputError
        With everything that is wrong with it.
    """
    return _checked(parse_mapping(text.encode(), "the text", "a sweep"), "the text")


def _checked(content: Mapping[str, Any], name: str) -> Sweep:
    try:
        return Sweep.model_validate(content)
    except ValidationError as error:
        faults = "\n".join(f"- {_explain(fault)}" for fault in error.errors())
        raise InputError(f"{name} is no sweep yet:\n{faults}") from error


def nearest(given: str, known: Mapping[str, Any] | list[str]) -> str:
    """Say which known name a misspelt one is nearest to, or all of them.

    Parameters
    ----------
    given : str
    known : sequence or mapping of str

    Returns
    -------
    str
        The end of a sentence.
    """
    found = get_close_matches(given, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else f"; accepted are {', '.join(known)}"


def _beside(sweep: Sweep, folder: Path) -> Sweep:
    """Make paths whole, so that a worker in another folder finds them."""

    def whole(name: str) -> str:
        beside = folder / name
        return str(beside) if not Path(name).is_absolute() and beside.exists() else name

    known = {*catalog.datasets(), *catalog.story_datasets()}
    return sweep.model_copy(
        update={
            "datasets": tuple(
                data
                if data.dataset in known
                else data.model_copy(update={"dataset": whole(data.dataset)})
                for data in sweep.datasets
            ),
            "models": tuple(
                model if model in catalog.models() else whole(model) for model in sweep.models
            ),
        }
    )


def _explain(fault: Mapping[str, Any]) -> str:
    place = [str(part) for part in fault["loc"]]
    where = ".".join(place)
    if fault["type"] == "extra_forbidden":
        fields = list((Sweep if len(place) == 1 else SweepData).model_fields)
        return f"{where!r} is not a key it knows{nearest(place[-1], fields)}"
    if fault["type"] == "missing":
        return f"{where!r} is missing; an example: {EXAMPLE}"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
