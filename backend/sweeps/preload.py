"""What a worker imports before its first piece, which takes seconds: torch, transformers."""

from backend.jobs import run

__all__ = ["run"]
