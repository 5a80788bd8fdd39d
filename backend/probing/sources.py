"""Where probing tasks come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.errors import InputError
from backend.probing.bundled import NAME, bundled_sha256, bundled_tasks
from backend.probing.tasks import ProbingTask, choose_tasks


@dataclass(frozen=True)
class ProbeSet:
    """Tasks of one source.

    Attributes
    ----------
    name : str
        What results are filed under.
    sha256 : str
        Hash of the content.
    citation : str
    tasks : tuple of ProbingTask
    notes : tuple of str
        What a reader of the results should know: what was left out, and why.
    """

    name: str
    sha256: str
    citation: str
    tasks: tuple[ProbingTask, ...]
    notes: tuple[str, ...] = ()


def read_probes(
    source: str,
    path: Path | None = None,
    transcript: Path | None = None,
    names: tuple[str, ...] = (),
) -> ProbeSet:
    """Read the tasks of a source.

    Parameters
    ----------
    source : {"bundled", "holmes", "transcript"}
    path : Path, optional
        The folder or file; none for what ships with the project.
    transcript : Path, optional
        What word-level labels are held to.
    names : tuple of str
        Tasks or phenomena; none means all.

    Returns
    -------
    ProbeSet

    Raises
    ------
    InputError
        If it cannot be read, or a name fits no task.
    """
    found = _READERS[source](path, transcript)
    return ProbeSet(
        found.name, found.sha256, found.citation, choose_tasks(found.tasks, names), found.notes
    )


def _bundled(path: Path | None, transcript: Path | None) -> ProbeSet:
    if path is not None:
        raise InputError(f"the bundled tasks are in no file; leave {path.name} out.")
    return ProbeSet(NAME, bundled_sha256(), "CortexScale's own probing tasks", bundled_tasks())


_READERS: Mapping[str, Callable[[Path | None, Path | None], ProbeSet]] = {"bundled": _bundled}
