"""What a sweep has to do, as pieces of work that wait for one another.

A model is compressed (or drawn at random) once, each story is read once per model, compression and
context, and each run is fitted when both are there. The pieces hand nothing over but files: copies
and states lie in the cache, under locks, so that whoever finds them done goes on.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from backend.compression.method import WrittenMethod
from backend.compression.registry import method_of
from backend.jobs.calibration import compression_as_shown
from backend.jobs.config import AnyTask, StoryTask
from backend.sweeps.cells import Cell

Kind = Literal["model", "states", "run"]


@dataclass(frozen=True)
class Piece:
    """A piece of work.

    Attributes
    ----------
    name : str
        Unlike any other's; can be a file's name.
    kind : {"model", "states", "run"}
        A compressed copy, a story's states, or a run's scores.
    title : str
        For people.
    task : Task or StoryTask
        The run itself, or one of those that wait for the copy or the states.
    story : str or None
        Whose states.
    needs : tuple of str
        Pieces that come before.
    """

    name: str
    kind: Kind
    title: str
    task: AnyTask
    story: str | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A run that the store lacks.

    Attributes
    ----------
    cell : Cell
    task : Task or StoryTask
    stories : tuple of str
        That it reads; none for sentences.
    """

    cell: Cell
    task: AnyTask
    stories: tuple[str, ...] = ()


def lay_graph(wanted: Iterable[Wanted]) -> list[Piece]:
    """List what there is to do, every piece after those that it needs.

    Parameters
    ----------
    wanted : iterable of Wanted
        What matters most first.

    Returns
    -------
    list of Piece
        In the order of ``wanted``; no name twice.
    """
    pieces: dict[str, Piece] = {}
    for want in wanted:
        copy = _copy(want)
        if copy is not None:
            pieces.setdefault(copy.name, copy)
        before = () if copy is None else (copy.name,)
        states = [_states(want, story, before) for story in want.stories]
        for piece in states:
            pieces.setdefault(piece.name, piece)
        name = f"run-{want.task.config.run_id}"
        needs = (*before, *(piece.name for piece in states))
        pieces.setdefault(name, Piece(name, "run", want.cell.title, want.task, needs=needs))
    return list(pieces.values())


def _copy(want: Wanted) -> Piece | None:
    """Make the piece that writes a model's copy, where there is one to write."""
    task, config = want.task, want.task.config
    method = method_of(config.compression)
    if not isinstance(method, WrittenMethod) and not config.model.endswith(":random"):
        return None
    name = _name("model", task.model_name, str(config.model_fingerprint), _shown(task))
    return Piece(name, "model", f"{config.model}, {config.compression}", task)


def _states(want: Wanted, story: str, needs: tuple[str, ...]) -> Piece:
    task, config = want.task, want.task.config
    assert isinstance(task, StoryTask)
    read = f"{task.config.context} {task.config.context_mode} {task.config.pooling}"
    name = _name(
        "states", task.model_name, str(config.model_fingerprint), _shown(task), read,
        str(task.data_path), story,
    )  # fmt: skip
    title = f"{story}: {config.model}, {config.compression}, context {task.config.context}"
    return Piece(name, "states", title, task, story, needs)


def _shown(task: AnyTask) -> str:
    return compression_as_shown(task.config)


def _name(kind: str, *parts: str) -> str:
    return f"{kind}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"
