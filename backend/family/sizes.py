"""The shapes of the small models: one architecture, five sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

N_VOCABULARY = 2048
"""Small, so that embeddings do not take most of a small model's weights."""

CONTEXT = 256
"""Longest input in tokens: the length that the models are trained on."""


@dataclass(frozen=True)
class Size:
    """Shape of a Llama decoder.

    Every extent is a multiple of 32, so that weights can be quantised in groups of 32.

    Attributes
    ----------
    width : int
        Dimensions of a hidden state.
    n_layers : int
        Transformer blocks.
    n_heads : int
    intermediate : int
        Width inside a block's feed-forward part.
    """

    width: int
    n_layers: int
    n_heads: int
    intermediate: int


SIZES: Mapping[str, Size] = {
    "cortexscale-0.1m": Size(32, 2, 2, 96),
    "cortexscale-0.3m": Size(64, 4, 2, 192),
    "cortexscale-1m": Size(128, 5, 4, 352),
    "cortexscale-3m": Size(192, 6, 6, 512),
    "cortexscale-7m": Size(256, 8, 8, 704),
}


def llama_config(size: Size, n_vocabulary: int = N_VOCABULARY, end: int = 0) -> Any:
    """Describe a size to transformers.

    Parameters
    ----------
    size : Size
    n_vocabulary : int
        Tokens of the tokenizer.
    end : int
        Id of the token that ends a text; there is no other special token.

    Returns
    -------
    transformers.LlamaConfig
        Input and output embeddings are tied.
    """
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=n_vocabulary,
        hidden_size=size.width,
        num_hidden_layers=size.n_layers,
        num_attention_heads=size.n_heads,
        intermediate_size=size.intermediate,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
