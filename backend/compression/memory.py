"""Out of memory: the same answer wherever it happens, with what to change."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from backend.errors import ModelError

READ_LESS = (
    "Choose a smaller model, a bitsandbytes compression, fewer layers, a shorter context or a "
    "machine with more memory; --device cpu uses the machine's memory instead of the GPU's."
)


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
    except (MemoryError, RuntimeError, ModelError) as error:
        # A forward pass says of any failure that the model cannot read the text.
        cause = error.__cause__ if isinstance(error, ModelError) else error
        if not _is_out_of_memory(cause):
            raise
        raise ModelError(_message(name, doing, advice)) from error


def _is_out_of_memory(error: BaseException | None) -> bool:
    # What torch raises on a processor has no class of its own.
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def _message(name: str, doing: str, advice: str) -> str:
    return (
        f"memory ran out while {name} was {doing}. Nothing half written is left, and what was "
        f"finished before stays in the cache. {advice}"
    )
