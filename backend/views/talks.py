"""Presenters' lists: views to step through, kept by name in files beside the results."""

import re
from pathlib import Path

from backend.errors import InputError, StoreError
from backend.views.files import read_views, write_views
from backend.views.view import View

FOLDER = "talks"
_NAME = re.compile(r"\w[\w .-]{0,59}")
Views = tuple[View, ...]


def talk_names(store: Path) -> list[str]:
    """List the talks that are kept in a store's folder.

    Parameters
    ----------
    store : Path

    Returns
    -------
    list of str
        In the order of the alphabet.
    """
    names = (path.stem for path in (store / FOLDER).glob("*.yaml"))
    return sorted(name for name in names if _NAME.fullmatch(name))


def read_talk(store: Path, name: str) -> Views:
    """Read a talk.

    Parameters
    ----------
    store : Path
    name : str

    Returns
    -------
    tuple of View

    Raises
    ------
    InputError
        If there is none of this name, or its file is no list of views.
    """
    path = _path(store, name)
    if not path.exists():
        raise InputError(f"there is no talk named {name!r}.")
    return read_views(path).views


def write_talk(store: Path, name: str, views: Views) -> None:
    """Keep a talk; an older one of the same name is replaced.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    name : str
    views : tuple of View

    Raises
    ------
    InputError
        If the name cannot be one of a file.
    StoreError
        If the file cannot be written.
    """
    write_views(_path(store, name), name, views)


def free_name(store: Path, wanted: str) -> str:
    """Find a name that no talk has yet.

    Parameters
    ----------
    store : Path
    wanted : str
        As a file says it; what cannot be in a name is left out.

    Returns
    -------
    str
        With a number behind it where the name is taken.
    """
    name = re.sub(r"[^\w .-]", "", wanted).strip(" .-")[:50] or "Talk"
    taken = set(talk_names(store))
    names = (name if number == 1 else f"{name} {number}" for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


def delete_talk(store: Path, name: str) -> None:
    """Forget a talk; one that is gone already is no error.

    Parameters
    ----------
    store : Path
    name : str

    Raises
    ------
    InputError
        If the name cannot be one of a file.
    StoreError
        If the file cannot be deleted.
    """
    try:
        _path(store, name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the talk {name!r} cannot be deleted: {error.strerror}.") from error


def _path(store: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:60]!r} cannot name a talk; give up to 60 letters, digits, spaces, dots and "
            "hyphens, a letter or digit first."
        )
    return store / FOLDER / f"{name}.yaml"
