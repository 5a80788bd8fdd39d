"""Where the project's own files lie, and where a user's results go."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ASSETS = PROJECT / "assets"
STORE_VARIABLE = "CORTEXSCALE_STORE"
CACHE_VARIABLE = "CORTEXSCALE_CACHE"
PRECOMPUTED_VARIABLE = "CORTEXSCALE_PRECOMPUTED"
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
    named = os.environ.get(STORE_VARIABLE)
    return Path(named).expanduser() if named else PROJECT / "runs"


def cache_folder() -> Path:
    """Return the folder where models' states of stories are kept between runs.

    Returns
    -------
    Path
        The folder named by the environment variable ``CORTEXSCALE_CACHE``, or ``cache/`` in the
        project.
    """
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else PROJECT / "cache"
