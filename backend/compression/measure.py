"""What a model's weights really take: bits, zeros and bytes, measured and never assumed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel

from backend.compression.architecture import has_own_code
from backend.compression.bitsandbytes import unpack_four_bits

QUANTISATION_PARAMETERS = ("_scale", "_zero_point", "_shape", "_g_idx")
"""Endings of the names of parameters that describe quantised weights and are none themselves."""


@dataclass(frozen=True)
class WeightStatistics:
    """What a model's weights are, measured rather than assumed.

    Attributes
    ----------
    n_parameters : int
        Weights of the uncompressed model, without a head that predicts words.
    bits_per_weight : float
        Bytes of all stored weights, scales, zero points and look-up tables, embeddings included,
        times 8, over ``n_parameters``: as stored on disk where a method writes a compressed copy,
        as held in memory where it compresses while loading. A head is left out.
    sparsity : float
        Share of the weights that are exactly zero as the model computes with them, whether a
        method pruned them or rounded them to zero.
    bytes_on_disk : int or None
        Of the weights' files where a method writes a compressed copy; else what saving the model
        as it is held would write.
    bytes_in_memory : int or None
        Of all parameters and buffers. A written copy of packed weights is unpacked to 32-bit
        floats when it is loaded, so that this is larger than on disk.
    """

    n_parameters: int
    bits_per_weight: float
    sparsity: float
    bytes_on_disk: int | None = None
    bytes_in_memory: int | None = None


def measure(model: Any, config: Any, files: Iterable[Path] = ()) -> WeightStatistics:
    """Measure a loaded model.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    config : transformers.PretrainedConfig
        Of the uncompressed model.
    files : iterable of Path
        The safetensors files that a compressed copy was loaded from; none for a model that was
        compressed while loading, or not at all.

    Returns
    -------
    WeightStatistics
    """
    n_parameters = skeleton_parameters(config)
    in_memory = _bytes_held(model)
    paths = list(files)
    if paths:
        on_disk = sum(path.stat().st_size for path in paths)
        stored = stored_bytes(paths, model)
    else:
        on_disk = _bytes_held(model, buffers=False)
        stored = _bytes_held(getattr(model, "base_model", model), buffers=False)
    return WeightStatistics(
        n_parameters=n_parameters,
        bits_per_weight=8 * stored / n_parameters,
        sparsity=_sparsity(getattr(model, "base_model", model)),
        bytes_on_disk=on_disk,
        bytes_in_memory=in_memory,
    )


def skeleton_parameters(config: Any) -> int:
    """Count the weights of an uncompressed model on the meta device, which allocates none.

    Parameters
    ----------
    config : transformers.PretrainedConfig

    Returns
    -------
    int
        Without a head that predicts words.
    """
    with torch.device("meta"):
        skeleton = AutoModel.from_config(config, trust_remote_code=has_own_code(config))
    return sum(parameter.numel() for parameter in skeleton.parameters())


def stored_bytes(files: Iterable[Path], model: Any) -> int:
    """Bytes of the tensors in a compressed copy's files, but those of its head.

    Parameters
    ----------
    files : iterable of Path
    model : transformers.PreTrainedModel
        Loaded from them, with or without the head.

    Returns
    -------
    int
    """
    # The head's tensors are those outside the prefix that the transformer blocks have in a
    # causal model's file; a model that was saved without a head has no prefix at all.
    prefix = f"{model.base_model_prefix}."
    sizes = {name: size for path in files for name, size in _tensor_bytes(path).items()}
    inside = {name: size for name, size in sizes.items() if name.startswith(prefix)}
    return sum((inside or sizes).values())


def _tensor_bytes(path: Path) -> Mapping[str, int]:
    """Bytes of each tensor, from a safetensors file's header."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {
        name: tensor["data_offsets"][1] - tensor["data_offsets"][0]
        for name, tensor in header.items()
        if name != "__metadata__"
    }


def _bytes_held(model: Any, buffers: bool = True) -> int:
    total = 0
    for parameter in model.parameters():
        total += parameter.numel() * parameter.element_size() + _scale_bytes(parameter)
    if buffers:
        total += sum(buffer.numel() * buffer.element_size() for buffer in model.buffers())
    return total


def _sparsity(model: Any) -> float:
    n_zero = n_weights = 0
    for name, parameter in model.named_parameters():
        if name.endswith(QUANTISATION_PARAMETERS):
            continue
        weights = _as_numbers(parameter)
        n_weights += weights.numel()
        n_zero += weights.numel() - int(torch.count_nonzero(weights))
    return n_zero / max(1, n_weights)


def _as_numbers(parameter: Any) -> torch.Tensor:
    """Return the weights that are computed with; of int8 its whole numbers will do."""
    if getattr(parameter, "quant_state", None) is None:
        return parameter.detach()
    return unpack_four_bits(parameter)


def _scale_bytes(parameter: Any) -> int:
    """Bytes of the scales that bitsandbytes keeps beside a quantised weight."""
    state = getattr(parameter, "quant_state", None)
    tensors = [getattr(parameter, "SCB", None)]
    if state is not None:
        tensors += list(state.as_dict(packed=True).values())
    return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))
