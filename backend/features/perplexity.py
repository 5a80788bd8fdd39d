"""How well a causal language model predicts held-out text."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch

from backend.errors import InputError, ModelError
from backend.features.contexts import special_tokens, tokenise_story
from backend.features.loading import LoadedModel
from backend.features.story_states import reads_ahead
from backend.stimuli import Words

WINDOW = 256
"""Tokens read at once unless told otherwise: what every model of the catalogue can read, so that
models with longer windows are not favoured by them."""

# Logits held at once, in numbers: 200 MB in 32-bit floats.
_LOGITS = 50_000_000
_BATCH = 16
_PROBE_WORDS = 8
Count = Callable[[int], None]


def _ignore(n: int) -> None:
    """Take no notice of a count."""


@dataclass(frozen=True)
class Perplexity:
    """What a model makes of a text.

    Attributes
    ----------
    n_tokens : int
        Tokens that were scored: all but the first one, which nothing stands before.
    n_bytes : int
        Bytes of UTF-8 text that these tokens stand for.
    window : int
        Tokens read at once, special ones included.
    nats : float
        Negative log-likelihood of these tokens.
    """

    n_tokens: int
    n_bytes: int
    window: int
    nats: float

    @property
    def perplexity(self) -> float:
        """Per token; comparable between models of one tokenizer."""
        mean = self.nats / self.n_tokens
        # The exponential of a broken model's loss may be too large for a float.
        return math.exp(mean) if mean < 700 else math.inf

    @property
    def bits_per_byte(self) -> float:
        """Comparable between tokenizers, however long their tokens are."""
        return self.nats / math.log(2) / self.n_bytes


@dataclass(frozen=True)
class _Window:
    """Tokens ``start`` to ``stop - 1`` are read, the last ``kept`` of them scored."""

    start: int
    stop: int
    kept: int


def measure_perplexity(
    loaded: LoadedModel,
    text: str,
    window: int = WINDOW,
    max_tokens: int | None = None,
    begin: Count = _ignore,
    advance: Count = _ignore,
) -> Perplexity:
    """Score every token of a text but the first, once, with known context.

    Parameters
    ----------
    loaded : LoadedModel
        With its language-model head.
    text : str
    window : int
        Tokens read at once. Windows move by half of it, and in all but the first only the tokens
        of the second half are scored: each has between half a window and a window before it.
    max_tokens : int, optional
        Tokens of the text that are read, from its beginning; all by default.
    begin : callable
        Given the number of tokens that will be scored.
    advance : callable
        Given the number of tokens just scored.

    Returns
    -------
    Perplexity

    Raises
    ------
    InputError
        If the window is longer than the model's or too short, or the text is shorter than a
        window.
    ModelError
        If the model is not causal or has no head, cannot read the text, or gives logits that are
        not finite.

    Notes
    -----
    The strided windows of Hugging Face's guide, "Perplexity of fixed-length models"
    (https://huggingface.co/docs/transformers/perplexity). Special tokens that the tokenizer puts
    before a text stand before every window and are not scored. A byte's bits are as in Radford et
    al. (2019), "Language models are unsupervised multitask learners", section 3.1: text that the
    tokenizer replaces by its unknown token is counted as predicted when that token is.
    """
    _require_causal(loaded, text)
    before, _ = special_tokens(loaded.tokenizer)
    room = window - len(before)
    if room < 2 or window > loaded.max_tokens:
        raise InputError(
            f"windows of {window} tokens were asked for; the model reads {2 + len(before)} to "
            f"{loaded.max_tokens} at once. Choose a number between."
        )
    ids, n_bytes = _tokenise(loaded, text, max_tokens)
    if len(ids) < room:
        raise InputError(
            f"the held-out text has {len(ids)} tokens; at least one window of {room} is needed. "
            "Give a longer text, or shorter windows."
        )
    nats = 0.0
    begin(len(ids) - 1)
    for batch in _batches(list(_plan(len(ids), room)), window, loaded):
        rows = [[*before, *ids[each.start : each.stop]] for each in batch]
        nats += _nats(loaded, rows, batch[0].kept)
        advance(len(batch) * batch[0].kept)
    return Perplexity(len(ids) - 1, n_bytes, window, nats)


def _plan(n_tokens: int, room: int) -> Iterator[_Window]:
    """Lay windows over a text so that each token but the first is kept once."""
    start, done = 0, 1
    while done < n_tokens:
        stop = min(start + room, n_tokens)
        yield _Window(start, stop, stop - done)
        start, done = start + room // 2, stop


def _batches(
    windows: Sequence[_Window], window: int, loaded: LoadedModel
) -> Iterator[list[_Window]]:
    """Put windows of one shape together, as many as the logits leave memory for."""
    n_words = loaded.model.config.get_text_config().vocab_size
    most = max(1, min(_BATCH, _LOGITS // (window * n_words)))
    for _, group in groupby(windows, key=lambda each: (each.stop - each.start, each.kept)):
        alike = list(group)
        for first in range(0, len(alike), most):
            yield alike[first : first + most]


def _nats(loaded: LoadedModel, rows: Sequence[Sequence[int]], kept: int) -> float:
    """Negative log-likelihood of the last ``kept`` tokens of each row."""
    ids = torch.tensor(rows, device=loaded.device)
    try:
        with torch.inference_mode():
            logits = loaded.model(input_ids=ids, use_cache=False).logits
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ModelError(
            f"{type(loaded.model).__name__} cannot read this text ({error}); choose a causal "
            "language model, with its own tokenizer, that fits in memory."
        ) from error
    predicted = logits[:, -kept - 1 : -1].float().flatten(0, 1)
    losses = torch.nn.functional.cross_entropy(
        predicted, ids[:, -kept:].flatten(), reduction="none"
    )
    nats = float(losses.double().sum())
    if not math.isfinite(nats):
        raise ModelError(
            f"{type(loaded.model).__name__} gave logits that are not finite (NaN or infinite); the "
            "model or its compression is broken for this text. Try compression none."
        )
    return nats


def _tokenise(loaded: LoadedModel, text: str, most: int | None) -> tuple[list[int], int]:
    """Token ids of a text's beginning, and the bytes that all but the first stand for."""
    tokenizer = loaded.tokenizer
    plain = {"add_special_tokens": False, "truncation": False, "verbose": False}
    if not tokenizer.is_fast:
        ids = tokenizer(text, **plain)["input_ids"][:most]
        return ids, len(tokenizer.decode(ids[1:]).encode())
    encoded = tokenizer(text, return_offsets_mapping=True, **plain)
    ids, places = encoded["input_ids"][:most], encoded["offset_mapping"][:most]
    # Some tokenizers leave the space before a token out of its place; where it ends is certain.
    return ids, len(text[places[0][1] : places[-1][1]].encode()) if ids else 0


def is_causal(loaded: LoadedModel, text: str) -> bool:
    """Find out whether a model's states are independent of what follows, by trying it.

    Parameters
    ----------
    loaded : LoadedModel
    text : str
        A few words of it are read.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        If the text has no words.
    """
    words = tuple(text.split()[:_PROBE_WORDS])
    times = np.arange(len(words), dtype=np.float64)
    unheard = Words("text", words, times, times, np.zeros(len(words), dtype=bool))
    return not reads_ahead(loaded, tokenise_story(loaded.tokenizer, unheard))


def _require_causal(loaded: LoadedModel, text: str) -> None:
    if not text.strip():
        raise InputError("the held-out text is empty; give a text of some thousand words.")
    name = type(loaded.model).__name__
    if not is_causal(loaded, text):
        raise ModelError(
            f"{name} is not causal: what it makes of a word depends on the words that follow, so "
            "it has no perplexity. Choose a decoder, such as cortexscale-7m or gpt2."
        )
    if loaded.model.get_output_embeddings() is None:
        raise ModelError(
            f"{name} was loaded without its language-model head, so it predicts no words. Load it "
            "with load_causal_model."
        )
