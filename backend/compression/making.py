"""Make a model's compressed copy, or its twin with random weights, and write it to the cache."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

from backend.compression.architecture import Architecture, Source
from backend.compression.cached import Copy, find_or_make
from backend.compression.calibration import CalibrationText, token_windows
from backend.compression.method import Workpiece, WrittenMethod
from backend.compression.oneshot import quiet
from backend.compression.registry import find_compression
from backend.errors import InputError

SEED = 0


def random_twin(source: Source) -> Copy:
    """Find or make a model's twin: its architecture and tokenizer, with random weights.

    Parameters
    ----------
    source : Source

    Returns
    -------
    Copy
        The same weights every time.
    """
    return find_or_make(
        {"model": source.name, "fingerprint": source.fingerprint, "random": SEED},
        partial(_write_twin, source),
    )


def _write_twin(source: Source, folder: Path) -> Mapping[str, Any]:
    config = AutoConfig.from_pretrained(source.location, trust_remote_code=source.trusted)
    tokenizer = AutoTokenizer.from_pretrained(source.location, trust_remote_code=source.trusted)
    # A quantised checkpoint's twin is of full precision.
    config.quantization_config = None
    builder = _builder(Architecture(config.to_dict()))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = builder.from_config(config, dtype=torch.float32, trust_remote_code=source.trusted)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {"seed": SEED, "class": type(model).__name__}


def compressed_copy(
    source: Source,
    location: str,
    compression: str,
    method: WrittenMethod,
    text: CalibrationText | None,
) -> Copy:
    """Find or make a model's compressed copy.

    Parameters
    ----------
    source : Source
    location : str
        Where its weights are: ``source.location``, or the folder of its random twin.
    compression : str
    method : WrittenMethod
    text : CalibrationText or None

    Returns
    -------
    Copy

    Raises
    ------
    InputError
        If the method needs a calibration text and none is given, or it is too short.
    ModelError
        If the method cannot compress the model; nothing half written is left.
    """
    entry = find_compression(compression)
    if entry.needs_calibration and text is None:
        raise InputError(
            f"{compression} needs calibration text; choose one with choose_calibration in "
            "backend.compression, which makes sure that it holds nothing of what is held out."
        )
    config = AutoConfig.from_pretrained(location, trust_remote_code=source.trusted)
    made_from = {
        "model": source.name,
        # A hub model's commit, once it is known.
        "fingerprint": source.fingerprint or getattr(config, "_commit_hash", None),
        "compression": compression,
        "method": entry.method,
        "settings": dict(entry.settings),
        "calibration": (
            text.calibration.model_dump(mode="json")
            if text is not None and entry.needs_calibration
            else None
        ),
    }
    return find_or_make(
        made_from,
        partial(
            _write_compressed, location, config, method, dict(entry.settings), text, source.trusted
        ),
    )


def _write_compressed(
    location: str,
    config: Any,
    method: WrittenMethod,
    settings: Mapping[str, Any],
    text: CalibrationText | None,
    trusted: bool,
    folder: Path,
) -> Mapping[str, Any]:
    architecture = Architecture(config.to_dict())
    tokenizer = AutoTokenizer.from_pretrained(location, trust_remote_code=trusted)
    windows = [] if text is None else _windows(text, tokenizer, config)
    # Loaded from disk and not built: llm-compressor wants to know where a model came from.
    model, report = _builder(architecture).from_pretrained(
        location,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=trusted,
        output_loading_info=True,
    )
    model.eval()
    with quiet():
        said = method.compress(Workpiece(model, tokenizer, architecture, settings, windows))
        model.save_pretrained(folder, save_compressed=True)
    tokenizer.save_pretrained(folder)
    return {
        **said,
        "class": type(model).__name__,
        "is_packed": method.is_packed,
        "has_head": architecture.is_decoder and not lacks_head(model, report),
    }


def lacks_head(model: Any, report: Mapping[str, Any]) -> bool:
    """Whether weights of the head were not in the file, and were made up.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    report : mapping
        Of ``from_pretrained(..., output_loading_info=True)``.

    Returns
    -------
    bool
    """
    prefix = f"{model.base_model_prefix}."
    return any(not name.startswith(prefix) for name in report["missing_keys"])


def _windows(text: CalibrationText, tokenizer: Any, config: Any) -> list[list[int]]:
    positions = getattr(config.get_text_config(), "max_position_embeddings", None)
    length = text.calibration.length
    if positions is not None and length > positions:
        raise InputError(
            f"calibration windows of {length} tokens were asked for, and this model reads up to "
            f"{positions}; give --length {positions} or less."
        )
    return token_windows(text, tokenizer)


def _builder(architecture: Architecture) -> Any:
    return AutoModelForCausalLM if architecture.is_decoder else AutoModel
