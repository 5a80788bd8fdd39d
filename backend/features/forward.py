"""One forward pass of a batch of token sequences, and the hidden states of every layer."""

import inspect
from collections.abc import Sequence

import torch

from backend.errors import ModelError
from backend.features.loading import LoadedModel


def hidden_states(
    loaded: LoadedModel, sequences: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, ...]:
    """Read sequences together and return what every layer makes of them.

    Padding stands on the right, which leaves the positions of real tokens as they are, in
    encoders and, with a causal mask, in decoders.

    Parameters
    ----------
    loaded : LoadedModel
    sequences : sequence of sequence of int
        Token ids, special tokens included.

    Returns
    -------
    tuple of Tensor, each of shape (n_sequences, longest, n_dims)
        The first is the embedding output. Places past a sequence's end hold nothing of use.

    Raises
    ------
    ModelError
        If the model cannot read the tokens, memory runs out, or it gives no hidden states.
    """
    longest = max(len(tokens) for tokens in sequences)
    ids = torch.full((len(sequences), longest), int(loaded.tokenizer.pad_token_id or 0))
    mask = torch.zeros((len(sequences), longest), dtype=torch.long)
    for row, tokens in enumerate(sequences):
        ids[row, : len(tokens)] = torch.as_tensor(tokens)
        mask[row, : len(tokens)] = 1
    try:
        with torch.inference_mode():
            output = loaded.model(
                input_ids=ids.to(loaded.device),
                attention_mask=mask.to(loaded.device),
                output_hidden_states=True,
                **_without_cache(loaded),
            )
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        # A model of images besides text, a tokenizer of another model, or too little memory.
        raise ModelError(
            f"{type(loaded.model).__name__} cannot read this text ({error}); choose a "
            "transformer language model, with its own tokenizer, that fits in memory."
        ) from error
    hidden = getattr(output, "hidden_states", None)
    if not hidden:
        raise ModelError(
            f"{type(loaded.model).__name__} gives no hidden states, so there is nothing to predict "
            "the brain from; choose a transformer language model."
        )
    return tuple(hidden)


def _without_cache(loaded: LoadedModel) -> dict[str, bool]:
    """Keep a decoder from storing keys and values, twice the size of its states, for a next step.

    Encoders have no such option.
    """
    forward = getattr(loaded.model, "forward", loaded.model)
    return {"use_cache": False} if "use_cache" in inspect.signature(forward).parameters else {}
