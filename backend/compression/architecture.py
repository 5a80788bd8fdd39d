"""What a model's config.json tells of its layers, without loading it or importing torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend import catalog

CONV1D = frozenset({"gpt2", "openai-gpt", "imagegpt"})
"""Architectures whose linear layers are transformers' Conv1D, a Linear with its weight turned."""

_LLAMA = (
    ("input_layernorm", ("q_proj", "k_proj", "v_proj")),
    ("post_attention_layernorm", ("gate_proj", "up_proj")),
)
_FUSED = (
    ("input_layernorm", ("query_key_value",)),
    ("post_attention_layernorm", ("dense_h_to_4h",)),
)
SMOOTHED: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "gpt_neox": _FUSED,
    "bloom": _FUSED,
    "opt": (
        ("self_attn_layer_norm", ("q_proj", "k_proj", "v_proj")),
        (r"\d+\.final_layer_norm", ("fc1",)),
    ),
}
"""Which norm feeds which linear layers, and no others, by ``model_type``; ends of their names, as
regular expressions (OPT has a norm after the last block that is called as those in the blocks are).

SmoothQuant and AWQ move scale from activations to weights across such a pair, so that a wrong pair
would change the model rather than compress it. Hence a list of what is known, and no default.
"""
_BALANCED_WITHIN: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "llama": (("v_proj", ("o_proj",)), ("up_proj", ("down_proj",))),
    "opt": (("v_proj", ("out_proj",)), ("fc1", ("fc2",))),
}


class Source(Protocol):
    """What is needed of a named model; :class:`backend.features.sources.ModelSource` has it."""

    @property
    def name(self) -> str:
        """What results are filed under."""

    @property
    def location(self) -> str:
        """A folder or a hub name."""

    @property
    def kind(self) -> str:
        """``package``, ``folder`` or ``hub``."""

    @property
    def fingerprint(self) -> str | None:
        """Hash of a folder's configuration and weights."""

    @property
    def random(self) -> bool:
        """Whether the weights are freshly drawn."""

    @property
    def trusted(self) -> bool:
        """Whether code that comes with it may run."""

    @property
    def entry(self) -> str | None:
        """Its name in the catalogue."""


def has_own_code(config: Any) -> bool:
    """Whether a configuration is of a class that came with its model, which was let to run.

    Parameters
    ----------
    config : transformers.PretrainedConfig

    Returns
    -------
    bool
    """
    return type(config).__module__.startswith("transformers_modules.")


@dataclass(frozen=True)
class Architecture:
    """A model's config.json, as far as compressions ask.

    Attributes
    ----------
    config : mapping
    """

    config: Mapping[str, Any]

    @property
    def model_type(self) -> str:
        """The architecture, by the name that transformers has for it."""
        return str(self.config.get("model_type", "unknown"))

    @property
    def is_decoder(self) -> bool:
        """Whether the model predicts the next word, so that a method can watch it do so."""
        named = [str(name) for name in self.config.get("architectures") or ()]
        return self.model_type in DECODERS or any(name.endswith("ForCausalLM") for name in named)

    @property
    def is_encoder_decoder(self) -> bool:
        """Whether there are two stacks, as in T5."""
        return bool(self.config.get("is_encoder_decoder"))

    @property
    def has_conv1d(self) -> bool:
        """Whether its linear layers are transformers' Conv1D."""
        return self.model_type in CONV1D

    @property
    def quantised_as(self) -> str | None:
        """How the checkpoint itself is quantised; None for full precision."""
        found = self.config.get("quantization_config")
        return str(found.get("quant_method", "unknown")) if isinstance(found, Mapping) else None

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs of the linear layers in a block, where config.json tells; smallest first."""
        config = self.config
        hidden = _first(config, "hidden_size", "n_embd", "d_model")
        if hidden is None:
            return ()
        inner = _first(config, "intermediate_size", "ffn_dim", "n_inner") or 4 * hidden
        heads, per_head = _first(config, "num_attention_heads", "n_head"), config.get("head_dim")
        attention = heads * per_head if heads and isinstance(per_head, int) else hidden
        return tuple(sorted({hidden, inner, attention}))

    @property
    def balanced(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Pairs that AWQ balances: those of SmoothQuant, and layers that feed one another."""
        family = "llama" if SMOOTHED.get(self.model_type) is _LLAMA else self.model_type
        return (*SMOOTHED[self.model_type], *_BALANCED_WITHIN.get(family, ()))


DECODERS = frozenset(
    {*SMOOTHED, *CONV1D, "gemma", "gemma2", "phi", "phi3", "falcon", "gpt_neo", "gptj"}
)
"""Decoders that may have been saved without the head that says so."""


def read_architecture(source: Source) -> Architecture | None:
    """Read a model's config.json: from its folder, from the hub's cache, or from the catalogue.

    Parameters
    ----------
    source : Source

    Returns
    -------
    Architecture or None
        None for a model of the hub that was never downloaded and is not in the catalogue.
    """
    path = _config_path(source)
    if path is not None:
        return Architecture(json.loads(path.read_text(encoding="utf-8")))
    entry = catalog.models().get(source.entry or "")
    return Architecture(entry.architecture) if entry is not None and entry.architecture else None


def _config_path(source: Source) -> Path | None:
    if source.kind != "hub":
        return Path(source.location) / "config.json"
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source.location, "config.json")
    return Path(found) if isinstance(found, str) else None


def _first(config: Mapping[str, Any], *keys: str) -> int | None:
    return next((int(config[key]) for key in keys if isinstance(config.get(key), int)), None)
