"""What a model's weights are, and the bytes that they take once loaded, before they are loaded.

A model is loaded for its hidden states, without a head. Embedding tables, biases and norms are held
in 32-bit floats whatever the compression; what bitsandbytes does, it does to linear layers; every
other compression is applied to weights that stay dense.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from backend import catalog
from backend.catalog import ModelEntry, Weights
from backend.compression.architecture import has_own_code
from backend.features.sources import ModelSource, safetensors_header, weight_files

FLOAT32 = 4.0
STORED_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}
"""Bytes of a weight, by the type that a catalogue entry says it is published in."""
HEADS = ("lm_head", "embed_out", "cls", "score", "classifier", "qa_outputs")
"""First names of what stands on top of a model and is not loaded."""
_EMBEDDING_NAMES = ("embed", "wte", "wpe")


@dataclass(frozen=True)
class _Packed:
    """How bitsandbytes keeps a linear layer: bytes per weight, and per row of its matrix."""

    per_weight: float
    per_row: float = 0.0


# A 32-bit scale per row in 8 bits; in 4 bits one per block of 64 weights.
_PACKED = {
    "bnb-int8": _Packed(1.0, FLOAT32),
    "bnb-nf4": _Packed(0.5 + FLOAT32 / 64),
    "bnb-fp4": _Packed(0.5 + FLOAT32 / 64),
}


@dataclass(frozen=True)
class Footprint:
    """What can be said of a model's size before it is loaded.

    Attributes
    ----------
    weights : Weights
        Those that are loaded.
    file_bytes : float
        Of all its weights as they are stored, the head's too: what a download takes.
    stored_bytes : float
        Of one weight in those files, on average.
    """

    weights: Weights
    file_bytes: float
    stored_bytes: float


def weight_bytes(weights: Weights, compression: str, dense: float = FLOAT32) -> float:
    """Bytes that a model's weights take once loaded.

    Parameters
    ----------
    weights : Weights
    compression : str
        A name in compressions.yaml. Those that are not bitsandbytes' are held dense.
    dense : float
        Bytes of a weight that is not packed; 32-bit floats, as models are loaded here.

    Returns
    -------
    float
    """
    packed = _PACKED.get(compression, _Packed(dense))
    linear = packed.per_weight * weights.linear + packed.per_row * weights.rows
    return linear + dense * (weights.embeddings + weights.other)


def is_packed(compression: str) -> bool:
    """Whether a compression's weights take fewer bytes in memory than 32-bit floats do."""
    return compression in _PACKED


def find_footprint(source: ModelSource) -> Footprint | None:
    """Look a model's size up in the catalogue, or in the headers of its weight files.

    Neither loads torch, so the app's pages may ask.

    Parameters
    ----------
    source : ModelSource

    Returns
    -------
    Footprint or None
        None for a model on the hub that the catalogue does not know, and for a folder without
        weights.

    Raises
    ------
    ModelError
        If a weight file is not a whole safetensors file.
    """
    entry = None if source.entry is None else catalog.models().get(source.entry)
    if entry is not None and entry.weights is not None:
        return entry_footprint(entry)
    if source.kind == "hub":
        return None
    files = weight_files(Path(source.location))
    stamps = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _read_headers(stamps)


def entry_footprint(entry: ModelEntry) -> Footprint | None:
    """Give the size of a catalogued model; None for one whose files have to be read."""
    if entry.weights is None:
        return None
    stored = STORED_BYTES[entry.stored]
    return Footprint(entry.weights, stored * entry.n_parameters, stored)


@lru_cache(maxsize=64)
def _read_headers(stamps: tuple[tuple[str, int, int], ...]) -> Footprint | None:
    """Sort the tensors of safetensors files by their names and shapes."""
    counts = {"embeddings": 0, "linear": 0, "rows": 0, "other": 0}
    n_all = n_bytes = 0
    for path, _, _ in stamps:
        for name, tensor in safetensors_header(Path(path)).items():
            if name == "__metadata__" or tensor["dtype"] not in ("F64", "F32", "F16", "BF16"):
                continue
            n_all += prod(tensor["shape"])
            n_bytes += tensor["data_offsets"][1] - tensor["data_offsets"][0]
            _add(counts, name, tensor["shape"])
    return Footprint(Weights(**counts), n_bytes, n_bytes / n_all) if n_all else None


def _add(counts: dict[str, int], name: str, shape: list[int]) -> None:
    if name.split(".")[0] in HEADS:
        return
    size = prod(shape)
    parts = name.lower().split(".")
    if len(shape) < 2:
        counts["other"] += size
    elif any(mark in part for part in parts for mark in _EMBEDDING_NAMES):
        counts["embeddings"] += size
    else:
        counts["linear"] += size
        counts["rows"] += shape[0]


def count_weights(config: Any) -> Weights:
    """Count the weights of an architecture on torch's meta device, which allocates none.

    Parameters
    ----------
    config : transformers.PretrainedConfig

    Returns
    -------
    Weights
    """
    import torch
    from transformers import AutoModel
    from transformers.pytorch_utils import Conv1D

    with torch.device("meta"):
        skeleton = AutoModel.from_config(config, trust_remote_code=has_own_code(config))
    counts = {"embeddings": 0, "linear": 0, "rows": 0, "other": 0}
    seen: set[int] = set()
    for module in skeleton.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            kind = _kind(module, name, torch.nn, Conv1D)
            counts[kind] += parameter.numel()
            if kind == "linear":
                # GPT-2 keeps its matrices the other way round.
                counts["rows"] += parameter.shape[1 if isinstance(module, Conv1D) else 0]
    return Weights(**counts)


def _kind(module: Any, name: str, nn: Any, conv: type) -> str:
    if isinstance(module, nn.Embedding):
        return "embeddings"
    return "linear" if isinstance(module, (nn.Linear, conv)) and name == "weight" else "other"


def precision_bytes(weights: Weights) -> Mapping[str, float]:
    """Bytes of the loaded weights by precision, as the list of models shows them.

    Parameters
    ----------
    weights : Weights

    Returns
    -------
    mapping of str to float
        ``float32``, ``bfloat16``, ``int8`` and ``4bit``; the packed ones beside 32-bit embeddings
        and norms, as they are loaded here.
    """
    return {
        "float32": weight_bytes(weights, "none"),
        "bfloat16": weight_bytes(weights, "none", dense=2.0),
        "int8": weight_bytes(weights, "bnb-int8"),
        "4bit": weight_bytes(weights, "bnb-nf4"),
    }
