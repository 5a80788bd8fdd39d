"""AWQ: channels that carry large activations are scaled up before their weights are rounded."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import (
    Settings,
    Workpiece,
    WrittenMethod,
    against_calibration,
    against_groups,
    against_layers,
    against_smoothing,
)


class AWQ(WrittenMethod):
    """AWQ, through llm-compressor."""

    is_packed = True

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return (
            against_calibration(architecture)
            or against_layers(architecture)
            or against_smoothing(architecture)
            or against_groups(architecture)
        )

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Scale, then quantise, in place."""
        from llmcompressor.modifiers.quantization import QuantizationModifier
        from llmcompressor.modifiers.transform.awq import AWQMapping, AWQModifier

        from backend.compression.oneshot import oneshot
        from backend.compression.schemes import weight_scheme

        arguments, said = weight_scheme(work)
        mappings = [
            AWQMapping(f"re:.*{before}$", [f"re:.*{name}$" for name in after])
            for before, after in work.architecture.balanced
        ]
        oneshot(work, [AWQModifier(mappings=mappings), QuantizationModifier(**arguments)])
        return said
