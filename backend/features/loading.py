"""Load a language model with its compression, and measure what its weights really take."""

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    CompressedTensorsConfig,
)

from backend import catalog
from backend.compression import CalibrationText
from backend.compression.architecture import Architecture
from backend.compression.bars import no_bars
from backend.compression.cached import Copy
from backend.compression.making import compressed_copy, lacks_head, random_twin
from backend.compression.measure import WeightStatistics, measure
from backend.compression.memory import explained_memory
from backend.compression.method import LoadedMethod, WrittenMethod
from backend.compression.registry import against, method_of
from backend.errors import CortexScaleError, InputError, ModelError
from backend.features.allocator import giving_back_at_once
from backend.features.alternatives import find_alternatives
from backend.features.footprint import count_weights, weight_bytes
from backend.features.hub import offline_where_unreachable
from backend.features.memory import free_memory
from backend.features.sources import TRUSTED, ModelSource

UNLIMITED_TOKENS = 4096
"""Tokens read at once by a model whose positions have no end (ALiBi, recurrent models)."""
PREQUANTISED = {"gptq": ("gptqmodel", "optimum"), "awq": ("gptqmodel",)}
"""Modules that checkpoints need which somebody else has quantised."""


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


def load_model(
    source: ModelSource,
    compression: str,
    device: str = "auto",
    calibration: CalibrationText | None = None,
) -> LoadedModel:
    """Load a model's transformer blocks and tokenizer.

    Parameters
    ----------
    source : ModelSource
    compression : str
        A name in compressions.yaml. A copy that was compressed before is loaded from the cache.
    device : {"auto", "cpu", "cuda"}
    calibration : CalibrationText, optional
        What a calibrated compression shows the model; see
        :func:`backend.compression.choose_calibration`. Others leave it unread.

    Returns
    -------
    LoadedModel
        In evaluation mode, in 32-bit floats where the compression leaves weights alone.

    Raises
    ------
    InputError
        If the compression is unknown, its calibration text is missing or too short, or the device
        is not there.
    ModelError
        If the model cannot be found or read, is an encoder-decoder, has no tokenizer, cannot be
        compressed so, or does not fit in memory.
    """
    return _load(source, compression, device, calibration, with_head=False)


def load_causal_model(
    source: ModelSource,
    compression: str,
    device: str = "auto",
    calibration: CalibrationText | None = None,
) -> LoadedModel:
    """Load a decoder with the head that predicts the next word.

    Parameters
    ----------
    source, compression, device, calibration
        As in :func:`load_model`.

    Returns
    -------
    LoadedModel
        Its weights' statistics leave the head out.

    Raises
    ------
    InputError, ModelError
        As :func:`load_model`; and if the model is no decoder, or was saved without its head.
    """
    return _load(source, compression, device, calibration, with_head=True)


def _load(
    source: ModelSource,
    compression: str,
    device: str,
    calibration: CalibrationText | None,
    with_head: bool,
) -> LoadedModel:
    method = method_of(compression)
    where = choose_device(device)
    done = "loaded" if method is None else f"compressed ({compression}) and loaded"
    with (
        giving_back_at_once(),
        _quiet_libraries(),
        _readable_errors(source, done),
        offline_where_unreachable(source),
        _memory(source, f"being {done}"),
    ):
        config = AutoConfig.from_pretrained(source.location, trust_remote_code=source.trusted)
        architecture = Architecture(config.to_dict())
        _require_one_stack(source, config)
        _require_method(source, compression, architecture)
        _require_head(source, architecture, with_head)
        _require_memory(source, config, compression, where)
        tokenizer = AutoTokenizer.from_pretrained(source.location, trust_remote_code=source.trusted)
        _require_vocabulary(source, tokenizer)
        location = str(random_twin(source).folder) if source.random else source.location
        copy = None
        if isinstance(method, WrittenMethod):
            copy = compressed_copy(source, location, compression, method, calibration)
        model, report = _builder(with_head).from_pretrained(
            location if copy is None else str(copy.folder),
            dtype=_dtype(architecture),
            device_map={"": where} if where.type == "cuda" else None,
            use_safetensors=True,
            trust_remote_code=source.trusted,
            quantization_config=_quantisation(compression, method, copy),
            output_loading_info=True,
        )
        if with_head and _head_is_made_up(model, report, copy):
            raise ModelError(
                f"{source.name} was saved without the head that predicts the next word; save it "
                "with AutoModelForCausalLM, or choose another model."
            )
    if isinstance(method, LoadedMethod):
        method.finish(model)
    if tokenizer.pad_token is None:
        # Decoders such as GPT-2 have no padding token; padded places are masked, so any will do.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    model.eval()
    weights = measure(model, config, () if copy is None else copy.files)
    return LoadedModel(model, tokenizer, where, weights, _max_tokens(model, config))


def _builder(with_head: bool) -> Any:
    return AutoModelForCausalLM if with_head else AutoModel


def _quantisation(
    compression: str, method: LoadedMethod | WrittenMethod | None, copy: Copy | None
) -> Any:
    if isinstance(method, LoadedMethod):
        return method.quantisation_config(catalog.compressions()[compression].settings)
    if copy is not None and copy.details["is_packed"]:
        return CompressedTensorsConfig(dequantize=True)
    return None


def _dtype(architecture: Architecture) -> Any:
    # The kernels that read other people's 4-bit weights take the type that they were saved in.
    return "auto" if architecture.quantised_as in PREQUANTISED else torch.float32


def _head_is_made_up(model: Any, report: Any, copy: Copy | None) -> bool:
    return lacks_head(model, report) if copy is None else not copy.details["has_head"]


def _require_one_stack(source: ModelSource, config: Any) -> None:
    if getattr(config, "is_encoder_decoder", False):
        raise ModelError(
            f"{source.name} is an encoder-decoder ({config.model_type}), which has no single "
            "stack of hidden states; choose a decoder or an encoder."
        )


def _require_method(source: ModelSource, compression: str, architecture: Architecture) -> None:
    """Refuse a compression that does not apply, and a checkpoint whose reader is not installed."""
    if not source.random and (reason := against(compression, architecture)) is not None:
        raise ModelError(f"{compression} cannot be used on {source.name}: {reason}.")
    needed = () if source.random else PREQUANTISED.get(architecture.quantised_as or "", ())
    if any(importlib.util.find_spec(module) is None for module in needed):
        raise ModelError(
            f"{source.name} is a checkpoint that {str(architecture.quantised_as).upper()} has "
            f"quantised, and reading it takes {' and '.join(needed)}, which are not installed "
            "here. Install them with: pip install -r requirements-gptq.txt"
        )


def _require_head(source: ModelSource, architecture: Architecture, with_head: bool) -> None:
    if with_head and not architecture.is_decoder:
        raise ModelError(
            f"{source.name} ({architecture.model_type}) does not predict the next word; choose a "
            "decoder."
        )


def _require_memory(
    source: ModelSource, config: Any, compression: str, where: torch.device
) -> None:
    needed = weight_bytes(count_weights(config), compression)
    on_gpu = where.type == "cuda"
    free = float(torch.cuda.mem_get_info(where)[0]) if on_gpu else free_memory("cpu")
    if needed > free:
        fitting = ", ".join(map(str, find_alternatives(source, compression, free)))
        raise ModelError(
            f"{source.name} with {compression} needs about {needed / 1e9:.1f} GB for its weights, "
            f"and {free / 1e9:.1f} GB are free on {where}. "
            + (
                f"What fits: {fitting}."
                if fitting
                else "Choose a smaller model, a stronger "
                "compression, or a machine with more memory."
            )
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


def _memory(source: ModelSource, doing: str) -> contextlib.AbstractContextManager[None]:
    return explained_memory(
        source.name, doing, "Choose a smaller model, or a machine with more memory."
    )


@contextlib.contextmanager
def _readable_errors(source: ModelSource, done: str) -> Iterator[None]:
    """Turn what the libraries raise for a model that cannot be had into one clear message."""
    try:
        yield
    except CortexScaleError:
        raise
    except (
        OSError, ValueError, KeyError, AttributeError, ImportError, RuntimeError, SafetensorError
    ) as error:  # fmt: skip
        if "trust_remote_code" in str(error) and not source.trusted:
            raise ModelError(
                f"{source.name} comes with code of its own, which would run on this machine, and "
                "is not run unless you say so. Read it first; then name the model "
                f"{source.address}{TRUSTED}, which holds for this one model."
            ) from error
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = "on the Hugging Face hub" if source.kind == "hub" else f"in {source.location}"
        raise ModelError(
            f"the model {source.name!r} could not be {done} {where}: {reason} Accepted are "
            "the catalogue's names (minilm-l6 and others; python -m backend models lists them), a "
            "folder that save_pretrained wrote (config, tokenizer, safetensors weights), or a hub "
            "name that this machine can reach and read."
        ) from error


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep loading bars and a line per quantised layer out of the user's terminal."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for library in ("bitsandbytes", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    with warnings.catch_warnings(), no_bars():
        # That a packed copy is to be unpacked is said here, and not in its configuration.
        warnings.filterwarnings("ignore", message="You passed `quantization_config`")
        yield
