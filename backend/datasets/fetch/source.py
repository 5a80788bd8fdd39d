"""What is said of a public data set, and the steps that every one of them is fetched by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.archives import Advance, RemoteFile, fetch_files
from backend.errors import InputError


@dataclass(frozen=True)
class Wanted:
    """What of a data set is wanted.

    Attributes
    ----------
    subjects : tuple of str
        Empty for the data set's first.
    stories : tuple of str
        Empty for all.
    archive : str or None
        Address of the archive, where it is not the usual one.
    """

    subjects: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    archive: str | None = None


@dataclass(frozen=True)
class Source:
    """A public data set.

    Attributes
    ----------
    name : str
        Of its folder.
    title, licence, citation, page : str
        ``page`` is where its authors describe it.
    size : str
        Of the whole, and of what is fetched by default.
    subjects : tuple of str
        Those there are; empty where it is fetched whole.
    list_files : callable
        Given what is wanted, lists the files, with their paths in the folder.
    arrange : callable
        Given the folder once all is there, makes it what ``--dataset`` takes.
    after : str
        What can be done with it then.
    """

    name: str
    title: str
    licence: str
    citation: str
    page: str
    size: str
    subjects: tuple[str, ...]
    list_files: Callable[[Wanted], list[RemoteFile]]
    arrange: Callable[[Path], Path]
    after: str

    def choose(self, wanted: Wanted) -> Sequence[str]:
        """Take the subjects that are wanted, or the first.

        Raises
        ------
        InputError
            If there is no such subject.
        """
        unknown = [name for name in wanted.subjects if name not in self.subjects]
        if unknown:
            raise InputError(
                f"{self.name} has no subject {unknown[0]!r}; it has {', '.join(self.subjects)}."
            )
        return wanted.subjects or self.subjects[:1]


@dataclass(frozen=True)
class Fetched:
    """A data set that is here.

    Attributes
    ----------
    path : Path
        What ``--dataset`` takes, or the folder.
    description : str
        Title, licence and citation.
    """

    path: Path
    description: str


def fetch_source(
    source: Source, folder: Path, wanted: Wanted, advance: Advance = lambda n: None
) -> Fetched:
    """Bring what is wanted of a data set here.

    Parameters
    ----------
    source : Source
    folder : Path
        Of all data sets; this one gets a folder in it.
    wanted : Wanted
    advance : callable
        Told of bytes as they come.

    Returns
    -------
    Fetched

    Raises
    ------
    InputError
        As :func:`backend.datasets.archives.fetch_files`.
    """
    home = folder / source.name
    fetch_files(source.list_files(wanted), home, advance)
    return Fetched(source.arrange(home), describe(source))


def describe(source: Source) -> str:
    """Say what a data set is."""
    return f"{source.title}. Licence: {source.licence}. Cite: {source.citation}"
