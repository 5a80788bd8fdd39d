"""Views that a user keeps by name, in one file beside the results."""

from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from backend.errors import InputError, StoreError
from backend.views.files import MOST_VIEWS, read_views, write_views
from backend.views.view import View

FILE = "views.yaml"
_TITLE = "Saved views"
_PATIENCE = 10.0
Views = tuple[View, ...]


def saved_views(store: Path) -> Views:
    """List the views that are kept in a store's folder.

    Parameters
    ----------
    store : Path

    Returns
    -------
    tuple of View
        In the order of saving; none where there is no file yet.

    Raises
    ------
    InputError
        If the file is there but no list of views.
    """
    path = store / FILE
    return read_views(path).views if path.exists() else ()


def save_view(store: Path, view: View) -> None:
    """Keep a view under its title.

    Parameters
    ----------
    store : Path
        Made if it is not there.
    view : View

    Raises
    ------
    InputError
        If it has no title, one that is taken, or there are too many views.
    StoreError
        If the file cannot be written.
    """

    def add(views: Views) -> Views:
        _check_title(view.title, views)
        if len(views) >= MOST_VIEWS:
            raise InputError(f"{MOST_VIEWS} views are kept already; delete some first.")
        return (*views, view)

    _change(store, add)


def rename_view(store: Path, title: str, new: str) -> None:
    """Give a kept view another title.

    Parameters
    ----------
    store : Path
    title, new : str

    Raises
    ------
    InputError
        If there is no view of this title, or the new one is empty or taken.
    StoreError
        If the file cannot be written.
    """

    def rename(views: Views) -> Views:
        _check_known(title, views)
        _check_title(new, [view for view in views if view.title != title])
        renamed = {"title": new}
        return tuple(v.model_copy(update=renamed) if v.title == title else v for v in views)

    _change(store, rename)


def delete_view(store: Path, title: str) -> None:
    """Forget a kept view; one that is gone already is no error.

    Parameters
    ----------
    store : Path
    title : str

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    _change(store, lambda views: tuple(view for view in views if view.title != title))


def _change(store: Path, change: Callable[[Views], Views]) -> None:
    """Read, change and write while no other tab or process does: none undoes another's work."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / f"{FILE}.lock", timeout=_PATIENCE):
            write_views(store / FILE, _TITLE, change(saved_views(store)))
    except (OSError, Timeout) as error:
        raise StoreError(
            f"{FILE} in {store.name}/ cannot be changed: {error}. Make sure that the folder may be "
            "written, and try again."
        ) from error


def _check_title(title: str, views: Sequence[View]) -> None:
    if not title.strip():
        raise InputError("a saved view needs a name.")
    if title in {view.title for view in views}:
        raise InputError(f"a view named {title!r} is there already; choose another name.")


def _check_known(title: str, views: Sequence[View]) -> None:
    if title not in {view.title for view in views}:
        raise InputError(f"there is no saved view named {title!r} any more.")
