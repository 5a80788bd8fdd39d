"""Hidden states of every layer for every word of a story, streamed to the cache."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import transformers
from filelock import Timeout
from numpy.typing import NDArray

from backend.errors import ModelError
from backend.features.cache import (
    StateCache,
    StateRequest,
    StoryStates,
    entry_lock,
    find_states,
    other_versions,
)
from backend.features.cache_writer import EntryWriter
from backend.features.contexts import (
    ContextSettings,
    Pooling,
    StoryTokens,
    Window,
    plan_windows,
    tokenise_story,
)
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel
from backend.stimuli import Words

Advance = Callable[[int], None]
BATCH_TOKENS = {"cpu": 1024, "cuda": 4096}
"""Tokens in a pass. Every layer's states of so many tokens are held at once, and no more."""
HALF_MAX = float(np.finfo(np.float16).max)
_PROBE_TOKENS = 8
# Far above the rounding of a forward pass, far below what attention to a changed token does.
_AHEAD_TOLERANCE = 3e-4


def extract_story_states(
    loaded: LoadedModel,
    words: Words,
    settings: ContextSettings,
    cache: StateCache,
    advance: Advance = lambda n: None,
) -> StoryStates:
    """Read a story window by window and keep every layer's states of every word.

    What the cache has is taken from there; what was interrupted goes on where it stopped. The
    states of a batch of windows are all that is held in memory.

    Parameters
    ----------
    loaded : LoadedModel
    words : Words
        One story; windows do not reach beyond it.
    settings : ContextSettings
    cache : StateCache
        Of this very model and compression.
    advance : callable
        Called with the number of words just done, those found in the cache too; with 0 while
        another process is waited for.

    Returns
    -------
    StoryStates
        Layers 0 (embeddings) to the last, [n_words, n_dims] of float16 each.

    Raises
    ------
    InputError
        If the story has no words or no tokens, or the windows do not fit the model.
    ModelError
        If the model gives no hidden states, or states that are not finite.
    StoreError
        If the cache cannot be written, or its disk is full. What was done stays.

    Notes
    -----
    Half precision keeps 11 bits of every value, up to 65,504. A layer that goes beyond is divided
    by a power of two, which :attr:`StoryStates.scales` tells; nothing is cut off. A dimension that
    hardly varies around a large value (by less than a thousandth of it) keeps little of that.
    """
    tokens = tokenise_story(loaded.tokenizer, words)
    windows = plan_windows(tokens, settings, loaded.max_tokens)
    request = cache.request(tokens, settings, getattr(loaded.model.config, "_commit_hash", None))
    notes = [*tokens.warnings, *_other_versions(cache, request)]
    states = find_states(cache.folder, request)
    if states is None:
        states, more = _compute_alone(loaded, tokens, windows, cache, request, advance)
        notes += more
    else:
        advance(len(words))
    return replace(states, warnings=(*notes, *_ahead(states, settings)))


def static_word_embeddings(loaded: LoadedModel, words: Words) -> NDArray[np.float32]:
    """Mean of each word's sub-word embeddings, before any context, position or block.

    Parameters
    ----------
    loaded : LoadedModel
    words : Words

    Returns
    -------
    ndarray of float32, shape (n_words, n_dims)

    Raises
    ------
    InputError
        If the story has no words or no tokens.
    ModelError
        If an embedding is not finite.
    """
    tokens = tokenise_story(loaded.tokenizer, words)
    table = loaded.model.get_input_embeddings()
    with torch.inference_mode():
        distinct, places = np.unique(tokens.ids, return_inverse=True)
        vectors = table(torch.from_numpy(distinct).to(loaded.device)).float()
    places_of = torch.from_numpy(places).to(loaded.device)
    parts = []
    for start in range(0, len(words), BATCH_TOKENS["cpu"]):
        chunk = slice(start, start + BATCH_TOKENS["cpu"])
        first, last = tokens.first[chunk], tokens.last[chunk]
        read = vectors[places_of[int(first[0]) : int(last.max())]]
        parts.append(_pool(read, first - first[0], last - first[0], "mean"))
    pooled = torch.cat(parts)
    _require_finite(pooled, "the embedding table")
    return pooled.cpu().numpy()


def reads_ahead(loaded: LoadedModel, tokens: StoryTokens) -> bool:
    """Find out whether states depend on the tokens that follow, as a bidirectional model's do.

    Two inputs that differ in their last token only are read; in a causal model every state before
    it is the same.

    Parameters
    ----------
    loaded : LoadedModel
    tokens : StoryTokens

    Returns
    -------
    bool
    """
    return _reads_ahead(_probe(loaded, tokens))


def _probe(loaded: LoadedModel, tokens: StoryTokens) -> tuple[torch.Tensor, ...]:
    """Every layer's states of one short input with two different last tokens."""
    ids = np.resize(tokens.ids, _PROBE_TOKENS).tolist()
    vocabulary = set(loaded.tokenizer.get_vocab().values()) - {ids[-1]}
    other = next((token for token in tokens.ids.tolist() if token in vocabulary), None)
    changed = [*ids[:-1], min(vocabulary) if other is None else other]
    return hidden_states(loaded, [[*tokens.before, *ids], [*tokens.before, *changed]])


def _reads_ahead(hidden: Sequence[torch.Tensor]) -> bool:
    for layer in hidden:
        earlier = layer[:, :-1].float()
        difference = torch.linalg.vector_norm(earlier[0] - earlier[1])
        if difference > _AHEAD_TOLERANCE * torch.linalg.vector_norm(earlier[0]):
            return True
    return False


def _ahead(states: StoryStates, settings: ContextSettings) -> tuple[str, ...]:
    if not states.sees_ahead:
        return ()
    return (
        f"the model is bidirectional: in strided windows a word's states also depend on the words "
        f"after it, up to {settings.context} tokens ahead (up to {2 * settings.context} at the "
        "story's start), which a listener has not heard yet. The mode exact leaves them out.",
    )


def _other_versions(cache: StateCache, request: StateRequest) -> list[str]:
    return [
        f"the cached states of {request.story} in {name} were written by another version of "
        "CortexScale and are not read; `python -m backend cache` lists them."
        for name in other_versions(cache.folder, request)
    ]


def _compute_alone(
    loaded: LoadedModel,
    tokens: StoryTokens,
    windows: Sequence[Window],
    cache: StateCache,
    request: StateRequest,
    advance: Advance,
) -> tuple[StoryStates, list[str]]:
    """Compute an entry while no other process does; take theirs where they were first."""
    waited = 0.0
    while True:
        started = time.monotonic()
        try:
            with entry_lock(cache.folder, request.name, timeout=0.5):
                notes = (
                    [f"waited {waited:.0f} s for another run that computed the same states"]
                    if waited
                    else []
                )
                states = find_states(cache.folder, request)
                if states is not None:
                    advance(len(tokens.words))
                    return states, notes
                states, more = _compute(loaded, tokens, windows, cache, request, advance)
                return states, notes + more
        except Timeout:
            waited += time.monotonic() - started
            advance(0)


def _compute(
    loaded: LoadedModel,
    tokens: StoryTokens,
    windows: Sequence[Window],
    cache: StateCache,
    request: StateRequest,
    advance: Advance,
) -> tuple[StoryStates, list[str]]:
    probe = _probe(loaded, tokens)
    sizes = {layer.shape[-1] for layer in probe}
    if len(sizes) > 1:
        raise ModelError(
            f"{type(loaded.model).__name__} has layers of different widths ({sorted(sizes)}), "
            "which cannot be compared; choose a model of one width."
        )
    with EntryWriter(
        cache.folder,
        request,
        n_layers=len(probe),
        n_dims=sizes.pop(),
        n_windows=len(windows),
        sees_ahead=request.mode == "strided" and _reads_ahead(probe),
        libraries={"torch": torch.__version__, "transformers": transformers.__version__},
    ) as writer:
        advance(writer.words_done)
        furthest = writer.words_done
        while writer.windows_done < len(windows):
            batch = _next_batch(windows[writer.windows_done :], tokens, loaded)
            layers = [
                _require_finite(layer, f"layer {index}")
                for index, layer in enumerate(_read(loaded, tokens, batch, request.pooling))
            ]
            scales = _fitting(layers, writer.scales)
            if scales != writer.scales:
                writer.restart(scales)
                continue
            halves = [
                (layer * scale).to(torch.float16).cpu().numpy()
                for layer, scale in zip(layers, scales, strict=True)
            ]
            writer.append(halves, len(batch))
            advance(max(0, writer.words_done - furthest))
            furthest = max(furthest, writer.words_done)
        return writer.finish(), writer.warnings


def _next_batch(
    windows: Sequence[Window], tokens: StoryTokens, loaded: LoadedModel
) -> list[Window]:
    """Take the next windows that together, padded, hold no more tokens than a pass may."""
    limit = BATCH_TOKENS.get(loaded.device.type, BATCH_TOKENS["cpu"])
    batch = [windows[0]]
    longest = len(windows[0])
    for window in windows[1:]:
        longest = max(longest, len(window))
        if (longest + tokens.n_special) * (len(batch) + 1) > limit:
            break
        batch.append(window)
    return batch


def _read(
    loaded: LoadedModel, tokens: StoryTokens, batch: Sequence[Window], pooling: Pooling
) -> Iterator[torch.Tensor]:
    """Read windows together; each layer's states of the words kept, [n_words, n_dims]."""
    sequences = [
        [*tokens.before, *tokens.ids[window.start : window.stop].tolist(), *tokens.after]
        for window in batch
    ]
    hidden = hidden_states(loaded, sequences)
    longest = hidden[0].shape[1]
    first, last = [], []
    for row, window in enumerate(batch):
        kept = slice(window.first_word, window.last_word)
        shift = row * longest + len(tokens.before) - window.start
        first.append(tokens.first[kept] + shift)
        last.append(tokens.last[kept] + shift)
    begins, ends = np.concatenate(first), np.concatenate(last)
    for layer in hidden:
        yield _pool(layer.reshape(-1, layer.shape[-1]), begins, ends, pooling)


def _pool(
    states: torch.Tensor, first: NDArray[np.int64], last: NDArray[np.int64], pooling: Pooling
) -> torch.Tensor:
    """Pool runs of rows of ``states`` [n_tokens, n_dims] to [n_words, n_dims], in float32.

    The mean adds first sub-words, then second ones and so on: the same order on every device.
    """
    begin = torch.from_numpy(first).to(states.device)
    end = torch.from_numpy(last).to(states.device)
    if pooling == "last":
        return states[end - 1].float()
    total = states[begin].float()
    for step in range(1, int((last - first).max())):
        more = torch.nonzero(begin + step < end).squeeze(1)
        total[more] += states[begin[more] + step].float()
    return total / (end - begin).unsqueeze(1)


def _fitting(layers: Sequence[torch.Tensor], scales: tuple[float, ...]) -> tuple[float, ...]:
    """Scales under which half precision holds the layers: powers of two, with room to spare."""
    peaks = [float(layer.abs().max()) for layer in layers]
    return tuple(
        scale if peak * scale <= HALF_MAX else 2.0 ** -math.ceil(math.log2(8 * peak / HALF_MAX))
        for peak, scale in zip(peaks, scales, strict=True)
    )


def _require_finite(states: torch.Tensor, where: str) -> torch.Tensor:
    if not torch.isfinite(states).all():
        raise ModelError(
            f"{where} gave states that are not finite (NaN or infinite); the model or its "
            "compression is broken for this story. Try compression none."
        )
    return states
