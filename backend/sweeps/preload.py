"""What a worker imports before its first piece, which takes seconds: torch, transformers."""

from backend.jobs import run
from backend.jobs.code import code_version
from backend.sweeps.steady_clock import use_steady_clock

use_steady_clock()
# Of what is imported now: files that change later do not make this another version.
code_version()

__all__ = ["run"]
