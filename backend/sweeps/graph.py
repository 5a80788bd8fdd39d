"""What a sweep has to do, as pieces of work that wait for one another.

A model is compressed (or drawn at random) once, each story is read once per model, compression and
context, and each run is fitted when both are there. A run on stories is one piece, unless there are
so few that workers would stand idle: then blocks of its layers come before it. The pieces hand
nothing over but files: copies and states lie in the cache, under locks, and scored layers beside
the store, so that whoever finds them done goes on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from backend.catalog.twins import is_random
from backend.compression.method import WrittenMethod
from backend.compression.registry import method_of
from backend.jobs.calibration import compression_as_shown
from backend.jobs.config import AnyTask, StoryTask
from backend.sweeps.cells import Cell

Kind = Literal["model", "states", "layers", "run"]


@dataclass(frozen=True)
class Piece:
    """A piece of work.

    Attributes
    ----------
    name : str
        Unlike any other's; can be a file's name.
    kind : {"model", "states", "layers", "run"}
        A compressed copy, a story's states, the scores of some of a run's layers, or a run's.
    title : str
        For people.
    task : Task or StoryTask
        The run itself, or one of those that wait for the copy or the states.
    story : str or None
        Whose states.
    needs : tuple of str
        Pieces that come before.
    layers : tuple of int
        Which are scored, of a run.
    """

    name: str
    kind: Kind
    title: str
    task: AnyTask
    story: str | None = None
    needs: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A run that the store lacks.

    Attributes
    ----------
    cell : Cell
    task : Task or StoryTask
    stories : tuple of str
        That it reads; none for sentences.
    layers : tuple of int
        Of a run on stories that are to be scored; none where that is not known before the model
        was downloaded.
    """

    cell: Cell
    task: AnyTask
    stories: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()


def lay_graph(wanted: Sequence[Wanted], n_workers: int = 1) -> list[Piece]:
    """List what there is to do, every piece after those that it needs.

    Parameters
    ----------
    wanted : sequence of Wanted
        What matters most first.
    n_workers : int
        That there will be.

    Returns
    -------
    list of Piece
        In the order of ``wanted``; no name twice.
    """
    pieces: dict[str, Piece] = {}
    # Each block reads the responses and fits the baselines for itself: not worth it while whole
    # runs keep every worker busy.
    n_blocks = n_workers // max(1, len(wanted))
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
        blocks = [_block(want, layers, needs) for layers in _cut(want.layers, n_blocks)]
        for piece in blocks:
            pieces.setdefault(piece.name, piece)
        needs = (*needs, *(piece.name for piece in blocks))
        pieces.setdefault(name, Piece(name, "run", want.cell.title, want.task, needs=needs))
    return list(pieces.values())


def _copy(want: Wanted) -> Piece | None:
    """Make the piece that writes a model's copy, where there is one to write."""
    task, config = want.task, want.task.config
    method = method_of(config.compression)
    if not isinstance(method, WrittenMethod) and not is_random(config.model):
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


def _cut(layers: tuple[int, ...], n_blocks: int) -> list[tuple[int, ...]]:
    """Cut layers into blocks of like size; none where there would be one."""
    n = min(n_blocks, len(layers))
    if n < 2:
        return []
    edges = [len(layers) * block // n for block in range(n + 1)]
    return [layers[first:end] for first, end in pairwise(edges)]


def _block(want: Wanted, layers: tuple[int, ...], needs: tuple[str, ...]) -> Piece:
    name = f"layers-{want.task.config.run_id}-{layers[0]}-{layers[-1]}"
    title = f"{layers[0]} to {layers[-1]}: {want.cell.title}"
    return Piece(name, "layers", title, want.task, needs=needs, layers=layers)


def _shown(task: AnyTask) -> str:
    return compression_as_shown(task.config)


def _name(kind: str, *parts: str) -> str:
    return f"{kind}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"
