"""Load a language model with its compression, and measure what its weights really take."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModel, AutoTokenizer, BitsAndBytesConfig

from backend import catalog
from backend.errors import InputError, ModelError
from backend.features.memory import weight_bytes
from backend.features.sources import ModelSource

UNLIMITED_TOKENS = 4096
"""Tokens read at once by a model whose positions have no end (ALiBi, recurrent models)."""


@dataclass(frozen=True)
class WeightStatistics:
    """What a loaded model's weights are, measured rather than assumed.

    Attributes
    ----------
    n_parameters : int
        Weights of the uncompressed model.
    bits_per_weight : float
        Bytes of all stored weights, scales and look-up tables, times 8, over ``n_parameters``.
    sparsity : float
        Share of the stored floating-point weights that are exactly zero.
    """

    n_parameters: int
    bits_per_weight: float
    sparsity: float


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to be read, its tokenizer, and what its weights measure.

    ``max_tokens`` is the longest input that it takes, special tokens included.
    """

    model: Any
    tokenizer: Any
    device: torch.device
    weights: WeightStatistics
    max_tokens: int


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device.

    Raises
    ------
    InputError
        If CUDA is asked for and there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("the device cuda was asked for, but torch sees no GPU; use cpu or auto.")
    return torch.device(name)


def load_model(source: ModelSource, compression: str, device: str = "auto") -> LoadedModel:
    """Load a model's transformer blocks and tokenizer.

    Parameters
    ----------
    source : ModelSource
    compression : str
        A name in compressions.yaml.
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    LoadedModel
        In evaluation mode, in 32-bit floats where the compression leaves weights alone.

    Raises
    ------
    InputError
        If the compression is unknown, or the device is not there.
    ModelError
        If the model cannot be found or read, is an encoder-decoder, has no tokenizer, or does not
        fit in memory.
    """
    if compression not in catalog.compressions():
        raise InputError(
            f"unknown compression {compression!r}; accepted are "
            f"{', '.join(catalog.compressions())}."
        )
    where = choose_device(device)
    with _quiet_libraries(), _readable_errors(source):
        config = AutoConfig.from_pretrained(source.location, trust_remote_code=False)
        if getattr(config, "is_encoder_decoder", False):
            raise ModelError(
                f"{source.name} is an encoder-decoder ({config.model_type}), which has no single "
                "stack of hidden states; choose a decoder or an encoder."
            )
        _require_memory(source, config, compression, where)
        tokenizer = AutoTokenizer.from_pretrained(source.location, trust_remote_code=False)
        _require_vocabulary(source, tokenizer)
        model = AutoModel.from_pretrained(
            source.location,
            config=config,
            dtype=torch.float32,
            device_map={"": where} if where.type == "cuda" else None,
            use_safetensors=True,
            trust_remote_code=False,
            quantization_config=_quantisation(compression),
        )
    if tokenizer.pad_token is None:
        # Decoders such as GPT-2 have no padding token; padded places are masked, so any will do.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    model.eval()
    return LoadedModel(model, tokenizer, where, _measure(model, config), _max_tokens(model, config))


def _quantisation(compression: str) -> BitsAndBytesConfig | None:
    if compression == "bnb-int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    if compression == "bnb-nf4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.float32,
        )
    return None


def _skeleton_parameters(config: Any) -> int:
    """Count weights on the meta device, which allocates none."""
    with torch.device("meta"):
        skeleton = AutoModel.from_config(config)
    return sum(parameter.numel() for parameter in skeleton.parameters())


def _require_memory(
    source: ModelSource, config: Any, compression: str, where: torch.device
) -> None:
    needed = weight_bytes(_skeleton_parameters(config), compression)
    if where.type == "cuda":
        free = torch.cuda.mem_get_info(where)[0]
    else:
        free = psutil.virtual_memory().available
    if needed > free:
        raise ModelError(
            f"{source.name} with {compression} needs about {needed / 1e9:.1f} GB for its weights, "
            f"and {free / 1e9:.1f} GB are free on {where}. Choose a smaller model, a stronger "
            "compression, or a machine with more memory."
        )


def _require_vocabulary(source: ModelSource, tokenizer: Any) -> None:
    """Refuse the empty tokenizer that transformers makes up when its files are not there."""
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise ModelError(
            f"the model {source.name!r} comes without its tokenizer, so no word can be read. Save "
            "it beside the weights, with: tokenizer.save_pretrained(FOLDER)"
        )


def _max_tokens(model: Any, config: Any) -> int:
    """Tokens that the model has positions for, special tokens included.

    RoBERTa and its kin count positions from the padding token's id plus one: of 514 they use 512.
    """
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            return int(module.num_embeddings - module.padding_idx - 1)
    text = config.get_text_config()
    return int(getattr(text, "max_position_embeddings", None) or UNLIMITED_TOKENS)


def _measure(model: Any, config: Any) -> WeightStatistics:
    n_bytes = n_zero = n_float = 0
    for parameter in model.parameters():
        n_bytes += parameter.numel() * parameter.element_size()
        n_bytes += _scale_bytes(parameter)
        if parameter.is_floating_point():
            n_float += parameter.numel()
            n_zero += parameter.numel() - int(torch.count_nonzero(parameter))
    n_parameters = _skeleton_parameters(config)
    return WeightStatistics(n_parameters, 8 * n_bytes / n_parameters, n_zero / max(1, n_float))


def _scale_bytes(parameter: Any) -> int:
    """Bytes of the scales that bitsandbytes keeps beside a quantised weight."""
    state = getattr(parameter, "quant_state", None)
    tensors = [getattr(parameter, "SCB", None)]
    if state is not None:
        tensors += list(state.as_dict(packed=True).values())
    return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))


@contextlib.contextmanager
def _readable_errors(source: ModelSource) -> Iterator[None]:
    """Turn what the libraries raise for a model that cannot be had into one clear message."""
    try:
        yield
    except (
        OSError, ValueError, KeyError, AttributeError, ImportError, RuntimeError, SafetensorError
    ) as error:  # fmt: skip
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = "on the Hugging Face hub" if source.kind == "hub" else f"in {source.location}"
        raise ModelError(
            f"the model {source.name!r} could not be loaded {where}: {reason} Accepted are "
            f"the catalogue's names ({', '.join(catalog.models())}), a folder that "
            "save_pretrained wrote (config, tokenizer, safetensors weights), or a hub name that "
            "this machine can reach and read."
        ) from error


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep loading bars and a line per quantised layer out of the user's terminal."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for library in ("bitsandbytes", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    yield
