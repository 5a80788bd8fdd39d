"""Where probing tasks come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from backend.errors import InputError
from backend.probing.bundled import NAME, bundled_sha256, bundled_tasks
from backend.probing.cloze import bundled_facts, read_cloze
from backend.probing.holmes import CITATION, read_holmes
from backend.probing.judgements import ChoiceTask
from backend.probing.minimal_pairs import read_pairs
from backend.probing.tasks import ProbingTask, choose_tasks
from backend.probing.transcript_labels import read_transcript_labels
from backend.stimuli import Words


@dataclass(frozen=True)
class ChoiceSet:
    """Minimal pairs or facts of one source; as :class:`ProbeSet`."""

    name: str
    sha256: str
    citation: str
    tasks: tuple[ChoiceTask, ...]


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
    stories : tuple of Words
        That the texts are parts of; empty where they stand by themselves.
    """

    name: str
    sha256: str
    citation: str
    tasks: tuple[ProbingTask, ...]
    notes: tuple[str, ...] = ()
    stories: tuple[Words, ...] = ()


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
    return replace(found, tasks=choose_tasks(found.tasks, names))


def read_choices(source: str, path: Path | None = None, names: tuple[str, ...] = ()) -> ChoiceSet:
    """Read minimal pairs or facts.

    Parameters
    ----------
    source : {"pairs", "cloze"}
    path : Path, optional
        File or folder; none for the facts that ship with the project.
    names : tuple of str
        Tasks or phenomena; none means all.

    Returns
    -------
    ChoiceSet

    Raises
    ------
    InputError
        If it cannot be read, or a name fits no task.
    """
    if source == "pairs":
        path = _required(path, "the file of minimal pairs")
        tasks, sha256, citation = read_pairs(path)
    elif path is None:
        tasks, sha256, citation = bundled_facts()
    else:
        tasks, sha256, citation = read_cloze(path)
    name = "bundled facts" if path is None else path.resolve().stem
    return ChoiceSet(name, sha256, citation, choose_tasks(tasks, names))


def _bundled(path: Path | None, transcript: Path | None) -> ProbeSet:
    if path is not None:
        raise InputError(f"the bundled tasks are in no file; leave {path.name} out.")
    return ProbeSet(NAME, bundled_sha256(), "CortexScale's own probing tasks", bundled_tasks())


def _holmes(path: Path | None, transcript: Path | None) -> ProbeSet:
    folder = _required(path, "the folder of Holmes")
    tasks, sha256, notes = read_holmes(folder)
    return ProbeSet(folder.resolve().name, sha256, CITATION, tasks, notes)


def _transcript(path: Path | None, transcript: Path | None) -> ProbeSet:
    file = _required(path, "the file of labels")
    tasks, sha256, notes, stories = read_transcript_labels(file, transcript)
    folder = file.resolve().parent.name
    citation = "user-supplied labels, no citation given"
    return ProbeSet(f"{folder}/{file.stem}", sha256, citation, tasks, notes, stories)


def _required(path: Path | None, what: str) -> Path:
    if path is None:
        raise InputError(f"name {what}.")
    return path


_READERS: Mapping[str, Callable[[Path | None, Path | None], ProbeSet]] = {
    "bundled": _bundled,
    "holmes": _holmes,
    "transcript": _transcript,
}
