"""Start a sweep in a process that outlives the one that starts it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.errors import JobError
from backend.paths import PROJECT
from backend.sweeps.config import Sweep
from backend.sweeps.folder import REQUEST, SweepFolder, sweep_folder

OUTPUT = "output.txt"


def start_sweep(sweep: Sweep, store: Path, options: Sequence[str] = ()) -> tuple[SweepFolder, int]:
    """Start ``run`` on a sweep, from the request in its folder.

    Parameters
    ----------
    sweep : Sweep
    store : Path
    options : sequence of str
        Of ``python -m backend run``.

    Returns
    -------
    tuple of (SweepFolder, int)
        The folder and the process.

    Raises
    ------
    JobError
        If it is being run already, or its folder cannot be written.
    """
    folder = sweep_folder(store, sweep.name)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        if folder.is_driven():
            raise JobError(f"the sweep {sweep.name} is being run already.")
        folder.keep(sweep)
        with (folder.path / OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "backend", "run", str(folder.path / REQUEST),
                    "--store", str(folder.store), *options,
                ],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise JobError(
            f"the folder {folder.path} cannot be written: {error.strerror}. Set CORTEXSCALE_STORE "
            "to a folder that you can write to."
        ) from error
    return folder, process.pid
