"""SparseGPT: weights are set to zero, and those that stay make up for the error."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import Settings, Workpiece, WrittenMethod
from backend.compression.pruning import against_watching, prune_watched


class SparseGPT(WrittenMethod):
    """SparseGPT, through llm-compressor."""

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return against_watching(architecture, settings)

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Prune in place."""
        from llmcompressor.modifiers.pruning import SparseGPTModifier

        return prune_watched(work, SparseGPTModifier)
