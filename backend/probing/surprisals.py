"""Surprisal of every token of short texts, by a causal model."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from backend.errors import InputError, ModelError
from backend.features.contexts import special_tokens
from backend.features.loading import LoadedModel
from backend.probing.judgements import Read

Advance = Callable[[int], None]
_BATCH = 32


def read_texts(
    loaded: LoadedModel, texts: Sequence[str], advance: Advance = lambda n: None
) -> dict[str, Read]:
    """Measure how surprising each token of each text is, given those before it.

    Parameters
    ----------
    loaded : LoadedModel
        With its language-model head.
    texts : sequence of str
        Distinct, each read by itself.
    advance : callable
        Called with the number of texts just read.

    Returns
    -------
    dict of str to Read
        A first token is scored where the tokenizer has a token that begins texts.

    Raises
    ------
    InputError
        If a text is longer than the model reads.
    ModelError
        If the tokenizer cannot tell where its tokens stand, or probabilities are not finite.
    """
    tokenizer = loaded.tokenizer
    if not tokenizer.is_fast:
        raise ModelError(
            "this model's tokenizer cannot tell which token stands for which word; choose a model "
            "with a fast tokenizer."
        )
    before, _ = special_tokens(tokenizer)
    if not before and tokenizer.bos_token_id is not None:
        before = (int(tokenizer.bos_token_id),)
    encoded = {
        text: tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        for text in texts
    }  # fmt: skip
    longest = max(len(each["input_ids"]) for each in encoded.values()) + len(before)
    if longest > loaded.max_tokens:
        raise InputError(
            f"a text has {longest} tokens and the model reads up to {loaded.max_tokens}; leave it "
            "out, or choose another model."
        )
    order = sorted(texts, key=lambda text: len(encoded[text]["input_ids"]))
    found: dict[str, Read] = {}
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        rows = [[*before, *encoded[text]["input_ids"]] for text in batch]
        for text, values in zip(batch, _surprisals(loaded, rows), strict=True):
            ends = np.array([last for _, last in encoded[text]["offset_mapping"]], dtype=np.int64)
            # Without a beginning nothing stands before the first token, which is not scored.
            kept = values if before else np.concatenate([[0.0], values])
            found[text] = Read(text, ends, kept[-len(ends) :])
        advance(len(batch))
    return found


def _surprisals(loaded: LoadedModel, rows: Sequence[Sequence[int]]) -> list[np.ndarray]:
    longest = max(len(row) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.as_tensor(row)
        mask[place, : len(row)] = 1
    ids = ids.to(loaded.device)
    with torch.inference_mode():
        logits = loaded.model(
            input_ids=ids, attention_mask=mask.to(loaded.device), use_cache=False
        ).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(
            logits.float().transpose(1, 2), ids[:, 1:], reduction="none"
        )
    values = losses.double().cpu().numpy()
    parts = [values[place, : len(row) - 1] for place, row in enumerate(rows)]
    if not all(np.isfinite(part).all() for part in parts):
        raise ModelError(
            "the model's probabilities are not finite (NaN or infinite); the model or its "
            "compression is broken for these texts. Try compression none."
        )
    return parts
