"""How many tokens a loaded model reads in a second."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from backend.errors import InputError
from backend.features.contexts import special_tokens
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel

BATCH = 4
"""Windows read in one pass."""
PASSES = 5
_ENOUGH_SECONDS = 30.0
# No tokenizer's tokens are this long on average.
_CHARACTERS_PER_TOKEN = 100


def tokens_per_second(
    loaded: LoadedModel,
    text: str,
    window: int,
    batch: int = BATCH,
    passes: int = PASSES,
    advance: Callable[[], None] = lambda: None,
) -> float:
    """Time forward passes, every layer's states given back, over windows of fixed length.

    Parameters
    ----------
    loaded : LoadedModel
        With its head, if it has one: predicting is then part of the pass.
    text : str
        Its first tokens are read, again and again where there are too few.
    window : int
        Tokens in a row, special ones included.
    batch : int
        Rows.
    passes : int
        Timed, after one of a single row that warms up. No more are begun when half a minute has
        gone by.
    advance : callable
        Called for each pass, once it is done or spared.

    Returns
    -------
    float
        ``batch * window`` over the median of the passes' seconds.

    Raises
    ------
    InputError
        If the text has no tokens, or a window no room for them.
    ModelError
        If the model cannot read the windows.
    """
    rows = _rows(loaded, text, window, batch)
    hidden_states(loaded, rows[:1])
    seconds: list[float] = []
    for _ in range(passes):
        if sum(seconds) < _ENOUGH_SECONDS:
            began = time.perf_counter()
            hidden_states(loaded, rows)
            if loaded.device.type == "cuda":
                torch.cuda.synchronize(loaded.device)
            seconds.append(time.perf_counter() - began)
        advance()
    return batch * window / statistics.median(seconds)


def _rows(loaded: LoadedModel, text: str, window: int, batch: int) -> list[list[int]]:
    """Cut windows from the beginning of a text, between this tokenizer's special tokens."""
    before, after = special_tokens(loaded.tokenizer)
    room = window - len(before) - len(after)
    beginning = text[: _CHARACTERS_PER_TOKEN * window * batch]
    ids = loaded.tokenizer(
        beginning, add_special_tokens=False, truncation=False, verbose=False
    )["input_ids"]  # fmt: skip
    if not ids or room < 1:
        raise InputError(
            f"there is nothing to time a model on: the text has {len(ids)} tokens, and a window of "
            f"{window} holds {max(0, room)} of them. Give a longer text, or longer windows."
        )
    return [[*before, *part, *after] for part in np.resize(ids, (batch, room)).tolist()]
