"""Where the project's own files lie, and where a user's results go."""

import os
import re
from pathlib import Path

from backend.errors import InputError

PROJECT = Path(__file__).resolve().parent.parent
ASSETS = PROJECT / "assets"
STORE_VARIABLE = "CORTEXSCALE_STORE"
SHARED_VARIABLE = "CORTEXSCALE_SHARED"
CACHE_VARIABLE = "CORTEXSCALE_CACHE"
DATA_VARIABLE = "CORTEXSCALE_DATA"
PRECOMPUTED_VARIABLE = "CORTEXSCALE_PRECOMPUTED"
# Of two slashes a path keeps one.
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]+:/")
# A port is no password.
_PASSWORD = re.compile(r"(://[^/:@]*:)(?!\d+/).*@")
SHIPPED = PROJECT / "precomputed" / "results.duckdb"
"""Results that ship with the project."""
PRECOMPUTED = Path(os.environ.get(PRECOMPUTED_VARIABLE) or SHIPPED)
"""Results shown beside the user's own: those that ship, or the file of another group that the
environment variable ``CORTEXSCALE_PRECOMPUTED`` names."""


def default_store() -> Path:
    """Return the user's result store.

    Returns
    -------
    Path
        The folder named by the environment variable ``CORTEXSCALE_STORE``, or ``runs/`` in the
        project.
    """
    return _folder(STORE_VARIABLE, "runs")


def shared_results() -> str | None:
    """Return the address of results that others share, which are read beside the user's own.

    Returns
    -------
    str or None
        What the environment variable ``CORTEXSCALE_SHARED`` names, such as ``s3://bucket/prefix``
        or a mounted folder.
    """
    return os.environ.get(SHARED_VARIABLE) or None


def address_of(path: Path) -> str | None:
    """Give the address that a path was made of, such as ``s3://bucket/prefix``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or None
        With both of its slashes; None for a path of a file or folder.
    """
    text = str(path)
    return text.replace(":/", "://", 1) if _ADDRESS.match(text) else None


def without_password(address: str) -> str:
    """Hide the password that somebody has written into an address.

    Parameters
    ----------
    address : str

    Returns
    -------
    str
    """
    return _PASSWORD.sub(r"\1***@", address)


def cache_folder() -> Path:
    """Return the folder where models' states and copies are kept between runs.

    Returns
    -------
    Path
        The folder named by the environment variable ``CORTEXSCALE_CACHE``, or ``cache/`` in the
        project.
    """
    return _folder(CACHE_VARIABLE, "cache")


def data_folder() -> Path:
    """Return the folder of data sets.

    Returns
    -------
    Path
        The folder named by the environment variable ``CORTEXSCALE_DATA``, or ``data/`` in the
        project.
    """
    return _folder(DATA_VARIABLE, "data")


def confined_to() -> Path | None:
    """Return the folder that the app keeps to.

    Returns
    -------
    Path or None
        The data folder, where ``CORTEXSCALE_DATA`` names one; on a machine of one's own none is.
    """
    return data_folder().resolve() if os.environ.get(DATA_VARIABLE) else None


def confined(path: Path) -> Path:
    """Refuse a path outside of the folder that the app keeps to.

    Parameters
    ----------
    path : Path
        Links in it are followed.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    InputError
    """
    folder = confined_to()
    if folder is not None and not _leads_into(path, folder):
        raise InputError(
            f"{path} lies outside of the data folder. Give a path in {folder}, which is all that "
            f"the app reads and writes here ({DATA_VARIABLE})."
        )
    return path


def _folder(variable: str, otherwise: str) -> Path:
    named = os.environ.get(variable)
    return Path(named).expanduser() if named else PROJECT / otherwise


def _leads_into(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder)
    # No file can be called so, or links lead in a circle.
    except (OSError, RuntimeError, ValueError):
        return False
