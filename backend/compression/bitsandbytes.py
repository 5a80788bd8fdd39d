"""bitsandbytes: int8, NF4 and FP4, quantised while a model is loaded."""

from functools import partial
from typing import TYPE_CHECKING, Any

from backend.compression.method import LoadedMethod, Settings

if TYPE_CHECKING:
    import torch


class BitsAndBytes(LoadedMethod):
    """Linear layers in 8 bits (LLM.int8()) or in 4 bits by a table of 16 levels (NF4, FP4)."""

    def quantisation_config(self, settings: Settings) -> Any:
        """Return what ``from_pretrained`` is given as ``quantization_config``."""
        import torch
        from transformers import BitsAndBytesConfig

        if settings["type"] == "int8":
            return BitsAndBytesConfig(load_in_8bit=True)
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=settings["type"],
            bnb_4bit_compute_dtype=torch.float32,
        )

    def finish(self, model: Any) -> None:
        """Let 4-bit layers on a processor compute what they say, on every processor.

        bitsandbytes 0.50.2 on processors with AVX-512 reads the wrong scales in layers whose width
        is no multiple of a block (64 weights), so that weights are off by a fifth and more; such
        layers unpack their weights here instead. Where the processor knows BF16 as well, it would
        repack all weights at the first forward pass and compute in 16 bits: that is left out, so
        that states are the same on every machine.
        """
        for module in model.modules():
            state = getattr(getattr(module, "weight", None), "quant_state", None)
            if state is None or module.weight.device.type != "cpu":
                continue
            module.support_avx512bf16_for_cpu = False
            if state.shape[-1] % state.blocksize:
                module.forward = partial(_forward_unpacked, module)


def _forward_unpacked(module: Any, states: "torch.Tensor") -> "torch.Tensor":
    from torch.nn.functional import linear

    return linear(states, unpack_four_bits(module.weight).to(states.dtype), module.bias)


def unpack_four_bits(weight: Any) -> "torch.Tensor":
    """Turn a 4-bit weight of bitsandbytes into numbers.

    Parameters
    ----------
    weight : bitsandbytes.nn.Params4bit

    Returns
    -------
    Tensor of float32, shape (n_outputs, n_inputs)
        Each weight's level times its block's scale.
    """
    import torch

    state = weight.quant_state
    packed = weight.data.view(torch.uint8).flatten()
    # Two weights stand in a byte, the first in its upper half.
    places = torch.stack((packed >> 4, packed & 15), dim=1).flatten()[: state.shape.numel()]
    scales = state.absmax.float().repeat_interleave(state.blocksize)[: len(places)]
    levels = state.code.to(packed.device).float()[places.long()]
    return (levels * scales).reshape(state.shape)
