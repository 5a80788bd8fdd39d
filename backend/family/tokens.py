"""The family's one tokenizer, and text as token ids."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.family.sizes import CONTEXT, N_VOCABULARY

END = "<|endoftext|>"
Ids = NDArray[np.uint16]
# Lines encoded at once: enough to keep every core busy, few enough to hold.
_LINES = 10_000


def train_tokenizer(text: str, n_vocabulary: int = N_VOCABULARY) -> Any:
    """Learn a byte-level byte-pair encoding, as GPT-2's.

    Parameters
    ----------
    text : str
        Training text, a paragraph a line.
    n_vocabulary : int
        Tokens, the one that ends a text included.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        Adds no token of its own to a text.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=n_vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END,
        eos_token=END,
        pad_token=END,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def encode(tokenizer: Any, text: str) -> Ids:
    """Turn text into token ids.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerFast
        Of at most 65,536 tokens.
    text : str

    Returns
    -------
    ndarray of uint16, shape (n_tokens,)
    """
    lines = text.splitlines(keepends=True)
    parts = []
    for first in range(0, len(lines), _LINES):
        batch = tokenizer.backend_tokenizer.encode_batch_fast(lines[first : first + _LINES])
        parts += [np.asarray(encoding.ids, dtype=np.uint16) for encoding in batch]
    return np.concatenate(parts)


def saved_tokens(folder: Path, name: str, tokenizer: Any, text: str) -> Ids:
    """Encode a text once, and read it from disk afterwards.

    Parameters
    ----------
    folder : Path
        Work folder of a training.
    name : str
        File name without suffix; it should tell the text and the tokenizer apart from others.
    tokenizer : transformers.PreTrainedTokenizerFast
    text : str

    Returns
    -------
    ndarray of uint16, shape (n_tokens,)
        A memory map.
    """
    path = folder / f"{name}.npy"
    if not path.exists():
        temporary = folder / f".{name}.part.npy"
        np.save(temporary, encode(tokenizer, text))
        temporary.replace(path)
    return np.load(path, mmap_mode="r")
