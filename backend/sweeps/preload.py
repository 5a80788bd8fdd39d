"""What a worker imports before its first piece, which takes seconds: torch, transformers."""

from backend.jobs import run
from backend.sweeps.steady_clock import use_steady_clock

use_steady_clock()

__all__ = ["run"]
