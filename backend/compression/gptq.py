"""GPTQ: rounding column by column, each error made up for by the columns still to come."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import (
    Settings,
    Workpiece,
    WrittenMethod,
    against_calibration,
    against_groups,
    against_layers,
)


class GPTQ(WrittenMethod):
    """GPTQ, through llm-compressor."""

    is_packed = True

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return (
            against_calibration(architecture)
            or against_layers(architecture)
            or against_groups(architecture)
        )

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Quantise in place."""
        from llmcompressor.modifiers.quantization import GPTQModifier

        from backend.compression.oneshot import oneshot
        from backend.compression.schemes import weight_scheme

        arguments, said = weight_scheme(work)
        oneshot(work, [GPTQModifier(**arguments)])
        return said
