"""Hand out a sweep's pieces, put on record what comes of each, and survive what goes wrong.

No more pieces are handed out than workers can begin soon. So pausing takes effect at once, order is
kept, and when a scheduler is lost little has to be asked for again. What is done is known from the
store and the cache alone; the record is for people.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from shutil import rmtree
from typing import Any, Literal

from backend.errors import JobError
from backend.jobs.code import code_version
from backend.sweeps.crew import Crew
from backend.sweeps.engine import DEATHS, GPU, Computers, Engine, open_engine
from backend.sweeps.folder import CANCEL, PAUSE, SweepFolder, SweepStatus
from backend.sweeps.graph import Piece
from backend.sweeps.pace import Pace
from backend.sweeps.piece_work import RUNNING, Result, Work, do_piece
from backend.sweeps.versions import refuse_other_versions, send_home

_LOOK_SECONDS = 0.25
_WRITE_SECONDS = 1.0
_ANSWER_SECONDS = 10.0
# Of one piece, by workers of another version of the code, before it is called a failure.
_REFUSALS = 5
# Of schedulers, one after the other, with nothing done in between, before the sweep gives up.
_LOSSES = 5


@dataclass
class Ended:
    """How a sweep ended.

    Attributes
    ----------
    state : {"done", "failed", "cancelled"}
    failures : list of (Piece, Result)
        With those that could not be tried since something that they need failed.
    """

    state: Literal["done", "failed", "cancelled"]
    failures: list[tuple[Piece, Result]] = field(default_factory=list)


class LostSchedulerError(Exception):
    """The scheduler no longer answers; what it was doing has to be asked for again."""


class Driver:
    """Drives one sweep on one cluster after the other, until it has come to its end.

    Parameters
    ----------
    pieces : sequence of Piece
        Each after those that it needs.
    folder : SweepFolder
        Whose lock is held.
    computers : Computers
    status : SweepStatus
        To begin with.
    say : callable
        Given a line for people when a piece has ended.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        folder: SweepFolder,
        computers: Computers,
        status: SweepStatus,
        say: Callable[[str], None],
    ) -> None:
        self._pieces = {piece.name: piece for piece in pieces}
        self._folder = folder
        self._computers = computers
        self._say = say
        self._results: dict[str, Result] = {}
        self._waiting = list(self._pieces)
        self._at_work: dict[str, Any] = {}
        self._refusals: dict[str, int] = {}
        self._ended: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._pace = Pace(pieces)
        self._written = float("-inf")
        self._crew = Crew(computers)
        self.status = replace(status, total=len(self._pieces))

    def run(self) -> Ended:
        """Do all pieces.

        Returns
        -------
        Ended

        Raises
        ------
        JobError
            If a scheduler does not answer, or no worker comes.
        """
        rmtree(self._folder.path / RUNNING, ignore_errors=True)
        losses: list[int] = []
        while self._waiting and not self._folder.wishes(CANCEL):
            with open_engine(self._computers) as engine:
                self.status = self._now(place=engine.title, state="running")
                self._write(engine, at_once=True)
                try:
                    self._welcome(engine)
                    self._drive(engine)
                except LostSchedulerError:
                    self._tell(f"{engine.title} is lost; what it was doing is asked for again")
                    self._waiting = [*self._at_work, *self._waiting]
                    self._at_work.clear()
                    losses.append(len(self._results))
                    if losses[-_LOSSES:].count(losses[-1]) == _LOSSES:
                        raise JobError(
                            f"{engine.title} was lost {_LOSSES} times with nothing done in "
                            "between; look at its log. What is done is kept."
                        ) from None
        return self._end()

    def _drive(self, engine: Engine) -> None:
        while self._waiting or self._at_work:
            self._crew.look(engine)
            if self._folder.wishes(CANCEL):
                # Workers see the wish too, and stop between two steps.
                self._withdraw_unbegun(engine)
            elif not self._folder.wishes(PAUSE):
                self._hand_out(engine)
            self._take_in(engine)
            paused = self._folder.wishes(PAUSE)
            self.status = self._now(state="paused" if paused else "running")
            self._write(engine)
            if self._folder.wishes(CANCEL) and not self._at_work:
                return

    def _hand_out(self, engine: Engine) -> None:
        room = 2 * max(1, self._crew.slots) - len(self._at_work)
        for name in list(self._waiting):
            if room <= 0:
                return
            piece = self._pieces[name]
            failed = self._failed_need(piece)
            if failed is not None:
                self._waiting.remove(name)
                self._record(Result(name, "failed", f"needs what failed: {failed.title}"))
            elif all(need in self._results for need in piece.needs):
                self._waiting.remove(name)
                self._submit(engine, piece)
                room -= 1

    def _failed_need(self, piece: Piece) -> Piece | None:
        for need in piece.needs:
            result = self._results.get(need)
            if result is not None and result.end not in ("done", "there"):
                return self._pieces[need]
        return None

    def _submit(self, engine: Engine, piece: Piece) -> None:
        work = Work(piece, self._folder.path, code_version())
        future = engine.client.submit(
            do_piece, work, pure=False, retries=0,
            resources={GPU: 1} if engine.has_gpus() else None,
        )  # fmt: skip
        self._at_work[piece.name] = future
        future.add_done_callback(lambda ended, name=piece.name: self._ended.put((name, ended)))

    def _take_in(self, engine: Engine) -> None:
        """Wait a little for pieces that end."""
        if engine.client.status not in ("running", "connecting"):
            raise LostSchedulerError
        deadline = time.monotonic() + _LOOK_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                name, future = self._ended.get(timeout=left)
            except Empty:
                return
            # One of a scheduler that was lost may still be heard of.
            if self._at_work.get(name) is future:
                self._take(engine, name, future)
                if self._ended.empty():
                    return

    def _take(self, engine: Engine, name: str, future: Any) -> None:
        if future.status == "cancelled":
            if self._folder.wishes(CANCEL):
                del self._at_work[name]
                self._record(Result(name, "cancelled"))
                return
            raise LostSchedulerError
        del self._at_work[name]
        result = _result_of(name, future)
        future.release()
        if result is None:
            # What was done is in the store, and is found there.
            self._waiting.insert(0, name)
        elif result.end == "refused":
            self._refused(engine, name, result)
        else:
            self._record(result)

    def _refused(self, engine: Engine, name: str, result: Result) -> None:
        """Send a worker of another version home, and let another have the piece."""
        self._tell(f"refused: {result.reason}; it is sent home")
        send_home(engine, {result.worker})
        self._refusals[name] = self._refusals.get(name, 0) + 1
        if self._refusals[name] >= _REFUSALS:
            self._record(Result(name, "failed", result.reason, worker=result.worker))
        else:
            self._waiting.insert(0, name)

    def _welcome(self, engine: Engine) -> None:
        """Wait for workers, and refuse those of another version of the code."""
        self._crew.begin()
        while not engine.workers():
            if self._folder.wishes(CANCEL):
                return
            self._crew.look(engine)
            self._write(engine)
            time.sleep(_LOOK_SECONDS)
        refuse_other_versions(engine, self._tell)

    def _withdraw_unbegun(self, engine: Engine) -> None:
        at_work = {str(each["piece"]) for each in self._folder.running()}
        for name, future in self._at_work.items():
            if name not in at_work:
                future.cancel()

    def _record(self, result: Result) -> None:
        piece = self._pieces[result.name]
        self._results[result.name] = result
        self._folder.add(result)
        rmtree(self._folder.path / RUNNING / result.name, ignore_errors=True)
        self._pace.count(piece, result)
        place = f"[{len(self._results)}/{len(self._pieces)}] {piece.kind} {piece.title}"
        said = {
            "done": f"{result.seconds:.1f} s",
            "there": "was there",
            "cancelled": "cancelled",
        }.get(result.end, f"FAILED, {result.reason}")
        self._tell(f"{place}: {said}")
        if result.details:
            self._folder.log(result.details)

    def _tell(self, line: str) -> None:
        self._folder.log(line)
        self._say(line)

    def _now(self, **changes: Any) -> SweepStatus:
        ended = list(self._results.values())
        failed = sum(result.end == "failed" for result in ended)
        cancelled = sum(result.end == "cancelled" for result in ended)
        return replace(
            self.status,
            done=len(ended) - failed - cancelled,
            failed=failed,
            waiting=len(self._waiting),
            rate=self._pace.rate(),
            seconds=self._pace.seconds(),
            seconds_left=self._pace.seconds_left(self._results, max(1, self._crew.slots)),
            workers=self._crew.slots,
            memory=self._crew.memory,
            memory_limit=self._crew.memory_limit,
            **changes,
        )

    def _write(self, engine: Engine, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._written >= _WRITE_SECONDS:
            self._folder.write(self.status)
            self._written = time.monotonic()

    def _end(self) -> Ended:
        failures = [
            (self._pieces[name], result)
            for name, result in self._results.items()
            if result.end == "failed"
        ]
        cancelled = len(self._results) < len(self._pieces) or any(
            result.end == "cancelled" for result in self._results.values()
        )
        return Ended("cancelled" if cancelled else "failed" if failures else "done", failures)


def _result_of(name: str, future: Any) -> Result | None:
    """Fetch what a piece came to; None where a worker has left, and taken that along."""
    if future.status == "finished":
        try:
            result: Result = future.result(timeout=_ANSWER_SECONDS)
        except TimeoutError:
            # Dask would wait for another worker to do it again, and there may be none.
            return None
        return result
    if future.status != "error":
        return None
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        reason = (
            f"its worker died {DEATHS + 1} times: out of memory, as a rule. Give workers more with "
            "--memory and fewer --workers, or leave this one out"
        )
        return Result(name, "failed", reason)
    return Result(name, "failed", f"a defect: {type(error).__name__}: {error}")
