"""Paths that are typed into a page: on a shared machine they keep to the data folder."""

from collections.abc import Iterable
from pathlib import Path

from backend.jobs.request import user_path
from backend.paths import confined


def typed_path(text: str) -> Path:
    """Turn what was typed into a path.

    Parameters
    ----------
    text : str

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If no file can be called so, or it lies outside of the folder that the app keeps to.
    """
    return confined(user_path(text))


def require_typed(names: Iterable[str]) -> None:
    """Refuse names that are paths outside of the folder that the app keeps to.

    Parameters
    ----------
    names : iterable of str
        Of models and data sets: from the catalogue, from a hub, or paths.

    Raises
    ------
    InputError
    """
    for name in names:
        path = user_path(name)
        # A name of a hub has a slash as a path has.
        if path.is_absolute() or ".." in path.parts or path.exists():
            confined(path)
