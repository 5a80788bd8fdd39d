"""Quantisation schemes of llm-compressor, and the group size that a model's widths allow."""

from typing import Any

from backend.compression.method import GROUP_SIZES, Workpiece, group_size_for
from backend.compression.oneshot import HEADS
from backend.errors import ModelError


def weight_scheme(work: Workpiece) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the scheme of a method that quantises weights alone.

    Parameters
    ----------
    work : Workpiece
        ``bits`` in its settings: 8 for a scale per row, 4 for a scale per group of weights in a
        row; ``symmetric`` leaves zero points out.

    Returns
    -------
    tuple of dict
        Arguments of a quantising modifier, and what to say of them.

    Raises
    ------
    ModelError
        If no group size divides the widths of all layers.
    """
    from compressed_tensors.quantization import QuantizationArgs

    bits, symmetric = work.settings["bits"], work.settings["symmetric"]
    if bits == 8:
        weights = QuantizationArgs(num_bits=8, symmetric=symmetric, strategy="channel")
        return _modifier_arguments(weights), {"weights_per_scale": "a row"}
    size = group_size(work)
    weights = QuantizationArgs(
        num_bits=bits, symmetric=symmetric, strategy="group", group_size=size
    )
    return _modifier_arguments(weights), {"group_size": size}


def activation_scheme() -> dict[str, Any]:
    """Make the scheme W8A8: a scale per row of weights, and one per token as it comes."""
    from compressed_tensors.quantization import QuantizationArgs

    weights = QuantizationArgs(num_bits=8, symmetric=True, strategy="channel")
    inputs = QuantizationArgs(num_bits=8, symmetric=True, strategy="token", dynamic=True)
    return _modifier_arguments(weights, inputs)


def group_size(work: Workpiece) -> int:
    """Choose the largest group size that divides the inputs of every layer to be quantised.

    Raises
    ------
    ModelError
        If none does.
    """
    widths = tuple(sorted({int(module.weight.shape[-1]) for module in quantised_layers(work)}))
    size = group_size_for(widths)
    if size is None:
        raise ModelError(
            f"groups of {', '.join(map(str, GROUP_SIZES))} weights divide not all the layers of "
            f"this model, which are {', '.join(map(str, widths))} wide; choose an 8-bit method."
        )
    return size


def quantised_layers(work: Workpiece) -> list[Any]:
    """List the linear layers that are neither heads nor a pooler."""
    import torch
    from compressed_tensors.utils import match_named_modules

    matched = match_named_modules(work.model, ["Linear"], list(HEADS))
    return [module for _, module in matched if isinstance(module, torch.nn.Linear)]


def _modifier_arguments(weights: Any, inputs: Any = None) -> dict[str, Any]:
    from compressed_tensors.quantization import QuantizationScheme

    scheme = QuantizationScheme(targets=["Linear"], weights=weights, input_activations=inputs)
    return {"config_groups": {"linear": scheme}, "ignore": list(HEADS)}
