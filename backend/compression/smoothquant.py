"""SmoothQuant: outliers are moved from activations into weights, then both take 8 bits."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import (
    Settings,
    Workpiece,
    WrittenMethod,
    against_calibration,
    against_layers,
    against_smoothing,
)


class SmoothQuant(WrittenMethod):
    """SmoothQuant W8A8, through llm-compressor; activations are rounded at every forward pass."""

    is_packed = True

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return (
            against_calibration(architecture)
            or against_layers(architecture)
            or against_smoothing(architecture)
        )

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Smooth, then quantise, in place."""
        from llmcompressor.modifiers.quantization import QuantizationModifier
        from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier
        from llmcompressor.modifiers.transform.smoothquant.utils import LayerMap

        from backend.compression.architecture import SMOOTHED
        from backend.compression.oneshot import oneshot
        from backend.compression.schemes import activation_scheme

        mappings = [
            LayerMap([f"re:.*{name}$" for name in after], f"re:.*{before}$")
            for before, after in SMOOTHED[work.architecture.model_type]
        ]
        smooth = SmoothQuantModifier(
            smoothing_strength=work.settings["strength"], mappings=mappings
        )
        oneshot(work, [smooth, QuantizationModifier(**activation_scheme())])
        return {"weights_per_scale": "a row", "activations_per_scale": "a token"}
