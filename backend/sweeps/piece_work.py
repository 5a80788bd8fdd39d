"""The one function that does a piece of work, whichever machine it runs on.

It returns what came of it and raises nothing, so that a failure is told from a worker that died.
"""

import os
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from backend.encoding.parallel import THREADS_VARIABLE, n_threads
from backend.errors import CancelledError
from backend.jobs.code import code_version
from backend.jobs.config import AnyTask, StoryTask
from backend.jobs.failures import is_explained, reason_of
from backend.jobs.kept_layers import discard_layers
from backend.jobs.local import JobStatus
from backend.jobs.progress import Progress
from backend.jobs.shared_work import SharedWork
from backend.jobs.worker import StatusFile
from backend.sweeps.graph import Piece
from backend.sweeps.whole import is_whole

End = Literal["done", "there", "failed", "cancelled", "refused"]
LOCKS = "locks"
CANCEL = "cancel"
RUNNING = "running"
_WAIT_SECONDS = 0.5
_shared = SharedWork()
_held: dict[str, Any] = {}


@dataclass(frozen=True)
class Work:
    """A piece, and what a worker must know to do it.

    Attributes
    ----------
    piece : Piece
    folder : Path
        Of the sweep: where progress is written and a wish to cancel is seen.
    code : str
        Version of the code that asks; see :func:`~backend.jobs.code.code_version`.
    """

    piece: Piece
    folder: Path
    code: str


@dataclass(frozen=True)
class Result:
    """What came of a piece.

    Attributes
    ----------
    name : str
        The piece's.
    end : {"done", "there", "failed", "cancelled", "refused"}
        ``there``: another had done it. ``refused``: this worker runs another version of the code.
    reason : str
        Of a failure, in words for the user.
    details : str
        Of a defect, for the log.
    seconds : float
    worker : str
        Machine and process.
    """

    name: str
    end: End
    reason: str = ""
    details: str = ""
    seconds: float = 0.0
    worker: str = ""


def do_piece(work: Work) -> Result:
    """Do a piece of work, unless it is done.

    Parameters
    ----------
    work : Work

    Returns
    -------
    Result
    """
    started, worker = time.perf_counter(), f"{socket.gethostname()}:{os.getpid()}"
    name = work.piece.name
    end: End = "failed"
    reason = details = ""
    if code_version() != work.code:
        reason = f"{worker} runs version {code_version()} of the code, the sweep {work.code}"
        return Result(name, "refused", reason, worker=worker)
    try:
        with _told(work) as progress:
            _use_threads()
            end = _DO[work.piece.kind](work, progress)
    except CancelledError:
        end = "cancelled"
    except Exception as error:
        reason = reason_of(error)
        details = "" if is_explained(error) else traceback.format_exc()
    return Result(name, end, reason, details, time.perf_counter() - started, worker)


class _Watched(StatusFile):
    """Progress in the sweep's folder, which stops the work when the sweep is cancelled."""

    def __init__(self, work: Work) -> None:
        folder = work.folder / RUNNING / work.piece.name
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        status = JobStatus(
            "running", "starting", message=work.piece.title, started=now, pid=os.getpid()
        )
        super().__init__(folder, status)
        self._cancel = work.folder / CANCEL

    def advance(self, n: int = 1) -> None:
        if self._cancel.exists():
            raise CancelledError("cancelled")
        super().advance(n)


@contextmanager
def _told(work: Work) -> Iterator[_Watched]:
    progress = _Watched(work)
    progress.advance(0)
    yield progress


def _use_threads() -> None:
    """Let torch keep to this worker's share of the processors, where it was told one."""
    import torch

    if os.environ.get(THREADS_VARIABLE):
        torch.set_num_threads(n_threads())


def _do_run(work: Work, progress: Progress) -> End:
    from backend.jobs.run import run_task

    task = work.piece.task
    run_id = task.config.run_id
    _held.clear()
    # Two sweeps may want the same run; the second waits, and finds it there.
    with _lock(task.store / LOCKS / f"{run_id}.lock", progress):
        if is_whole(task.store, run_id):
            return "there"
        run_task(task, progress, _shared)
    return "done"


def _do_layers(work: Work, progress: Progress) -> End:
    from backend.jobs.encode_stories import keep_layers

    task = work.piece.task
    assert isinstance(task, StoryTask)
    _held.clear()
    with _lock(task.store / LOCKS / f"{work.piece.name}.lock", progress):
        if is_whole(task.store, task.config.run_id):
            return "there"
        n_fitted = keep_layers(task, work.piece.layers, progress, _shared)
        if is_whole(task.store, task.config.run_id):
            # Another sweep has finished the run meanwhile, and reads none of this.
            discard_layers(task.store, task.config.run_id)
    return "done" if n_fitted else "there"


def _do_model(work: Work, progress: Progress) -> End:
    progress.stage("compressing", 1)
    _load(work.piece.task, _texts(work.piece.task))
    progress.advance()
    return "done"


def _do_states(work: Work, progress: Progress) -> End:
    from backend.features.cache import StateCache
    from backend.features.contexts import ContextSettings
    from backend.features.sources import resolve_model
    from backend.features.story_states import extract_story_states
    from backend.jobs.calibration import compression_as_shown
    from backend.jobs.stories import load_words

    task, story = work.piece.task, work.piece.story
    assert isinstance(task, StoryTask)
    assert story is not None
    config = task.config
    words = load_words(task)
    progress.stage("reading the story", len(words[story]))
    loaded = _load(task, [" ".join(each.words) for each in words.values()])
    settings = ContextSettings(config.context, config.context_mode, config.pooling)
    source = resolve_model(task.model_name)
    cache = StateCache.of(source, compression_as_shown(config), task.cache)
    extract_story_states(loaded, words[story], settings, cache, progress.advance)
    return "done"


def _load(task: AnyTask, texts: list[str]) -> Any:
    """Load a model, or give the one that the last piece on this worker loaded."""
    from backend.features.loading import load_model
    from backend.features.sources import resolve_model
    from backend.jobs.calibration import calibration_of, compression_as_shown

    source = resolve_model(task.model_name)
    key = f"{task.model_name} {source.fingerprint} {compression_as_shown(task.config)}"
    if key not in _held:
        # Let go of the last one first: two may not fit.
        _held.clear()
        shown = calibration_of(task.config, task.calibration_path, texts)
        _held[key] = load_model(source, task.config.compression, task.device, shown)
    return _held[key]


def _texts(task: AnyTask) -> list[str]:
    if isinstance(task, StoryTask):
        from backend.jobs.stories import load_words

        return [" ".join(words.words) for words in load_words(task).values()]
    from backend.datasets import read_sentence_table

    config = task.config
    table = read_sentence_table(task.data_path, config.sentence, config.responses, config.group)
    return [" ".join(table.sentences.texts)]


@contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=_WAIT_SECONDS)
            break
        except Timeout:
            # Another is at it; a wish to cancel is heard while waiting.
            progress.advance(0)
    try:
        yield
    finally:
        lock.release()


_DO = {"model": _do_model, "states": _do_states, "layers": _do_layers, "run": _do_run}
