"""pycortex, where it is installed, and its filestore: subjects, transforms, vertices, regions.

pycortex builds from source, so that an environment may lack it: nothing here imports it before it
is asked for. It keeps one filestore for a whole process and is not made for threads; whoever uses
it does so within :func:`opened`.
"""

import contextlib
import importlib
import io
import os
import site
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from backend.errors import InputError

VARIABLE = "CORTEXSCALE_PYCORTEX_STORE"
HOW = (
    "pycortex is not installed here. It builds from source, which takes about a minute and a C "
    "compiler (Debian and Ubuntu: apt-get install build-essential); then: pip install "
    "pycortex==1.4.0. Everything else works without it."
)
_DISTRIBUTION = "pycortex"
_LOCK = threading.RLock()


class Brain(NamedTuple):
    """A subject of a filestore.

    Attributes
    ----------
    filestore : Path
    subject : str
    transform : str or None
        Ties a volume to the subject's surface; vertices need none.
    """

    filestore: Path
    subject: str
    transform: str | None = None


def available() -> str | None:
    """Say what keeps pycortex from being used.

    Returns
    -------
    str or None
        None where nothing does; else what to do.
    """
    try:
        metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return HOW
    return None


def default_filestore() -> Path:
    """Return the user's filestore.

    Returns
    -------
    Path
        The folder named by the environment variable ``CORTEXSCALE_PYCORTEX_STORE``, or the one
        that pycortex ships, with the subject S1.
    """
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else _shared() / "db"


def subjects(filestore: Path) -> list[str]:
    """List a filestore's subjects; pycortex need not be there.

    Parameters
    ----------
    filestore : Path

    Returns
    -------
    list of str
        By name.

    Raises
    ------
    InputError
        If there is no such folder, or no subject in it.
    """
    if not filestore.is_dir():
        raise InputError(
            f"there is no pycortex filestore {filestore}. Name a folder with a folder for each "
            f"subject (SUBJECT/surfaces/...), here or with the environment variable {VARIABLE}."
        )
    found = sorted(path.name for path in filestore.iterdir() if (path / "surfaces").is_dir())
    if not found:
        raise InputError(
            f"{filestore} holds no subject of pycortex. A filestore has a folder for each subject, "
            "with surfaces/ in it; give the folder above the subjects, often named db."
        )
    return found


def transforms(filestore: Path, subject: str) -> list[str]:
    """List the transforms of a subject, by which its volumes lie on its surface.

    Parameters
    ----------
    filestore : Path
    subject : str

    Returns
    -------
    list of str
        By name; empty where there is none.
    """
    folder = filestore / subject / "transforms"
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if (path / "matrices.xfm").is_file())


def find_brain(filestore: Path, subject: str, transform: str | None = None) -> Brain:
    """Choose a subject, and a transform of it.

    Parameters
    ----------
    filestore : Path
    subject : str
    transform : str, optional

    Returns
    -------
    Brain

    Raises
    ------
    InputError
        If the filestore does not hold them.
    """
    known = subjects(filestore)
    if subject not in known:
        raise InputError(
            f"{filestore} has no subject {subject!r}; its subjects are: {', '.join(known)}."
        )
    ways = transforms(filestore, subject)
    if transform is not None and transform not in ways:
        raise InputError(
            f"{subject} has no transform {transform!r}; "
            + (f"its transforms are: {', '.join(ways)}." if ways else "it has none at all.")
        )
    return Brain(filestore, subject, transform)


@contextlib.contextmanager
def opened(filestore: Path) -> Iterator[Any]:
    """Use pycortex on one filestore; whoever comes second waits.

    Parameters
    ----------
    filestore : Path

    Yields
    ------
    module
        ``cortex``.

    Raises
    ------
    InputError
        If pycortex is not there or cannot write its caches.
    """
    with _LOCK, warnings.catch_warnings():
        # Of regions without outlines and sparse formats, which no user can act on.
        warnings.simplefilter("ignore")
        cortex = _cortex()
        if cortex.db.filestore != str(filestore):
            cortex.db.filestore = str(filestore)
            cortex.db._memocache = {}
        cortex.db.reload_subjects()
        try:
            # It prints what it computes, which is no part of a command's output.
            with contextlib.redirect_stdout(io.StringIO()):
                yield cortex
        except PermissionError as error:
            raise InputError(
                f"pycortex keeps what it computes of a subject in the filestore, and {filestore} "
                "cannot be written to. Copy the subject's folder to one of your own, and name that."
            ) from error


def n_vertices(brain: Brain) -> tuple[int, int]:
    """Count a subject's vertices: left hemisphere, right hemisphere."""
    return _n_vertices(brain.filestore, brain.subject)


def shape_of(brain: Brain) -> tuple[int, int, int]:
    """Return the shape of the volumes of a brain's transform, as (z, y, x)."""
    with opened(brain.filestore) as cortex:
        z, y, x = cortex.db.get_xfm(brain.subject, brain.transform).shape
    return int(z), int(y), int(x)


def n_voxels(brain: Brain) -> dict[str, int]:
    """Count the voxels of each mask that the filestore holds for a brain's transform."""
    with opened(brain.filestore) as cortex:
        masks = cortex.db[brain.subject].transforms[brain.transform].masks
        return {name: int((masks[name] > 0).sum()) for name in sorted(masks._masks)}


@cache
def _n_vertices(filestore: Path, subject: str) -> tuple[int, int]:
    with opened(filestore) as cortex:
        try:
            left, right = cortex.db.get_surf(subject, "flat")
        except OSError as error:
            raise InputError(
                f"the subject {subject} has no flat surface in {filestore}, which a flat map and "
                "its regions need. Cut and flatten it with pycortex first."
            ) from error
    return len(left[0]), len(right[0])


@cache
def _cortex() -> Any:
    problem = available()
    if problem:
        raise InputError(problem)
    # The paths of the environment it was built in are baked into it, and it would write a file of
    # options into the user's home: it is given its own to read instead.
    before = os.environ.get("XDG_CONFIG_HOME")
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder, "pycortex", "options.cfg")
        options.parent.mkdir()
        options.write_text(
            f"[basic]\nfilestore = {_shared() / 'db'}\n"
            f"[webgl]\ncolormaps = {_shared() / 'colormaps'}\n",
            encoding="utf-8",
        )
        os.environ["XDG_CONFIG_HOME"] = folder
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return importlib.import_module("cortex")
        except Exception as error:
            # Whatever a build that is not whole raises.
            raise InputError(
                f"pycortex is installed and cannot be imported ({error}). Build it again: pip "
                "install --force-reinstall --no-deps --no-cache-dir pycortex==1.4.0"
            ) from error
        finally:
            if before is None:
                del os.environ["XDG_CONFIG_HOME"]
            else:
                os.environ["XDG_CONFIG_HOME"] = before


def _shared() -> Path:
    """Find what pycortex installs beside its code."""
    places = [Path(root, "share", "pycortex") for root in (sys.prefix, site.getuserbase())]
    return next((place for place in places if place.is_dir()), places[0])
