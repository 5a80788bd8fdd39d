"""Workers that run another version of the code: found, named and sent home."""

import os
import socket
from collections.abc import Callable, Iterable
from typing import Any

from backend.errors import JobError
from backend.jobs.code import code_version
from backend.sweeps.engine import Engine


def refuse_other_versions(engine: Engine, tell: Callable[[str], None]) -> None:
    """Send home the workers that do not run the code of this process.

    Parameters
    ----------
    engine : Engine
    tell : callable
        Given a line for each.

    Raises
    ------
    JobError
        If none is left.
    """
    answers, own = _ask(engine), code_version()
    wrong = {
        address: answer
        for address, answer in answers.items()
        if not isinstance(answer, tuple) or answer[1] != own
    }
    for address, answer in wrong.items():
        said = f"version {answer[1]}" if isinstance(answer, tuple) else f"none of it ({answer})"
        tell(f"refused: the worker at {address} runs {said} of the code, this is {own}")
    if wrong:
        _dismiss(engine, wrong)
    if wrong and len(wrong) == len(answers):
        raise JobError(
            f"every worker runs another version of the code than this ({own}): "
            f"{', '.join(wrong)}. Bring the same version there, and start the workers again."
        )


def send_home(engine: Engine, names: set[str]) -> None:
    """Have workers leave the cluster.

    Parameters
    ----------
    engine : Engine
    names : set of str
        Machine and process, as a :class:`~backend.sweeps.piece_work.Result` says.
    """
    gone = [
        address
        for address, answer in _ask(engine).items()
        if isinstance(answer, tuple) and answer[0] in names
    ]
    _dismiss(engine, gone)


def _dismiss(engine: Engine, addresses: Iterable[str]) -> None:
    # Dask's own way, retiring, is given up where nobody is left to take over what a worker holds;
    # the worker then stays, does nothing and keeps the pieces that it was given.
    for address in addresses:
        engine.client.sync(
            engine.client.scheduler.unregister,
            address=address, expected=True, close=True, stimulus_id="other-version",
        )  # fmt: skip


def _ask(engine: Engine) -> dict[str, Any]:
    answers: dict[str, Any] = engine.client.run(_identify, on_error="return")
    return answers


def _identify() -> tuple[str, str]:
    return f"{socket.gethostname()}:{os.getpid()}", code_version()
