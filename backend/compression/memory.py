"""Out of memory: the same answer wherever it happens, with what to change."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from backend.errors import ModelError


@contextmanager
def explained_memory(name: str, doing: str, advice: str) -> Iterator[None]:
    """Turn what torch and Python raise when memory runs out into a message with a way on.

    Parameters
    ----------
    name : str
        Of the model.
    doing : str
        What was being done, such as ``being read``.
    advice : str
        What to change.

    Raises
    ------
    ModelError
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise ModelError(_message(name, doing, advice)) from error
    except RuntimeError as error:
        # What torch raises on a processor has no class of its own.
        if "can't allocate memory" not in str(error):
            raise
        raise ModelError(_message(name, doing, advice)) from error


def _message(name: str, doing: str, advice: str) -> str:
    return (
        f"memory ran out while {name} was {doing}. Nothing half written is left, and what was "
        f"finished before stays in the cache. {advice}"
    )
