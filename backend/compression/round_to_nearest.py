"""Round to nearest: every weight to the nearest level of its row or group, no data needed."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import (
    Settings,
    Workpiece,
    WrittenMethod,
    against_groups,
    against_layers,
)


class RoundToNearest(WrittenMethod):
    """Rounding, through llm-compressor."""

    is_packed = True

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        groups = against_groups(architecture) if settings["bits"] == 4 else None
        return against_layers(architecture) or groups

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Quantise in place."""
        from llmcompressor.modifiers.quantization import QuantizationModifier

        from backend.compression.oneshot import oneshot
        from backend.compression.schemes import weight_scheme

        arguments, said = weight_scheme(work)
        oneshot(work, [QuantizationModifier(**arguments)])
        return said
