"""Hidden states of every layer, one vector per sentence, streamed to disk."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from backend.errors import InputError, ModelError
from backend.features.contexts import Pooling
from backend.features.forward import hidden_states
from backend.features.loading import LoadedModel
from backend.stimuli import Sentences

Advance = Callable[[int], None]


def extract_sentence_states(
    loaded: LoadedModel,
    sentences: Sentences,
    out: Path,
    pooling: Pooling = "mean",
    layers: Sequence[int] | None = None,
    batch_size: int = 16,
    advance: Advance = lambda n: None,
) -> tuple[Path, tuple[int, ...]]:
    """Read each sentence by itself, in one forward pass, and pool every layer's states.

    Parameters
    ----------
    loaded : LoadedModel
    sentences : Sentences
    out : Path
        File to write: a ``.npy`` array [n_layers, n_sentences, n_dims] of float32, mapped rather
        than held.
    pooling : {"mean", "last"}
        Over a sentence's tokens; special tokens such as ``[CLS]`` are left out.
    layers : sequence of int, optional
        0 is the embedding output. All, by default.
    batch_size : int
        Sentences in a pass; sentences of like length go together.
    advance : callable
        Called with the number of sentences just done.

    Returns
    -------
    tuple of (Path, tuple of int)
        ``out``, and the layers along its first axis.

    Raises
    ------
    InputError
        If a sentence has no token or more tokens than the model reads, or a layer is not there.
    ModelError
        If the model gives no hidden states, or states that are not finite.
    """
    encoded = encode_sentences(loaded, sentences)
    order = np.argsort([len(ids) for ids, _ in encoded], kind="stable")
    states: NDArray[np.float32] | None = None
    kept: tuple[int, ...] = ()
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        hidden = hidden_states(loaded, [encoded[index][0] for index in batch])
        weights = _pooling_weights([encoded[index][1] for index in batch], pooling)
        weights = weights.to(loaded.device)
        if states is None:
            kept = chosen_layers(layers, len(hidden))
            shape = (len(kept), len(sentences), hidden[0].shape[-1])
            states = np.lib.format.open_memmap(out, mode="w+", dtype=np.float32, shape=shape)
        for place, layer in enumerate(kept):
            pooled = torch.einsum("bt,btd->bd", weights, hidden[layer].float())
            if not torch.isfinite(pooled).all():
                raise ModelError(
                    f"layer {layer} gave states that are not finite (NaN or infinite); the model "
                    "or its compression is broken for this input. Try compression none."
                )
            states[place, batch] = pooled.cpu().numpy()
        advance(len(batch))
    return out, kept


def static_embeddings(loaded: LoadedModel, sentences: Sentences) -> NDArray[np.float32]:
    """Mean of the sentence's word embeddings before any context, position or block.

    Parameters
    ----------
    loaded : LoadedModel
    sentences : Sentences

    Returns
    -------
    ndarray of float32, shape (n_sentences, n_dims)
    """
    table = loaded.model.get_input_embeddings()
    rows = []
    with torch.inference_mode():
        for text in sentences.texts:
            ids, content = _encode(loaded, text)
            kept = torch.tensor(ids, device=loaded.device)[torch.tensor(content).to(loaded.device)]
            rows.append(table(kept).float().mean(dim=0).cpu().numpy())
    return np.stack(rows)


def encode_sentences(
    loaded: LoadedModel, sentences: Sentences
) -> list[tuple[list[int], list[bool]]]:
    """Turn each sentence into tokens, by itself.

    Parameters
    ----------
    loaded : LoadedModel
    sentences : Sentences

    Returns
    -------
    list of (list of int, list of bool)
        Token ids, and which of them are words rather than special tokens.

    Raises
    ------
    InputError
        If a sentence has no token or more tokens than the model reads.
    """
    return [_encode(loaded, text) for text in sentences.texts]


def _encode(loaded: LoadedModel, text: str) -> tuple[list[int], list[bool]]:
    """Token ids of a sentence, and which of them are words rather than special tokens."""
    encoded = loaded.tokenizer(
        text, return_special_tokens_mask=True, return_attention_mask=False, verbose=False
    )
    content = [not special for special in encoded["special_tokens_mask"]]
    ids = encoded["input_ids"]
    if not any(content):
        raise InputError(f"the tokenizer finds no token in the sentence {text!r}; remove its row.")
    if len(ids) > loaded.max_tokens:
        raise InputError(
            f"a sentence has {len(ids)} tokens and the model reads up to {loaded.max_tokens}: "
            f"{text[:60]!r}... Split it into sentences."
        )
    return ids, content


def _pooling_weights(content: Sequence[Sequence[bool]], pooling: Pooling) -> torch.Tensor:
    """Share of each token in its sentence's vector, shape (n_sentences, longest)."""
    weights = torch.zeros((len(content), max(len(row) for row in content)))
    for row, kept in enumerate(content):
        places = np.flatnonzero(kept)
        if pooling == "last":
            places = places[-1:]
        weights[row, places] = 1.0 / len(places)
    return weights


def chosen_layers(layers: Sequence[int] | None, n_states: int) -> tuple[int, ...]:
    """Check the layers that are asked for.

    Parameters
    ----------
    layers : sequence of int or None
        None for all.
    n_states : int
        Layers that there are, the embedding output among them.

    Returns
    -------
    tuple of int
        In order, each once.

    Raises
    ------
    InputError
        If one is not there.
    """
    if layers is None:
        return tuple(range(n_states))
    wrong = [layer for layer in layers if not 0 <= layer < n_states]
    if wrong:
        raise InputError(
            f"there is no layer {wrong[0]}; this model has layers 0 (embeddings) to {n_states - 1}."
        )
    return tuple(sorted(set(layers)))
