"""Wanda: weights that are small times the activations that they meet are set to zero."""

from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import Settings, Workpiece, WrittenMethod
from backend.compression.pruning import against_watching, prune_watched


class Wanda(WrittenMethod):
    """Wanda, through llm-compressor."""

    def against(self, architecture: Architecture, settings: Settings) -> str | None:
        """Say why the method cannot be used on an architecture; None where it can."""
        return against_watching(architecture, settings)

    def compress(self, work: Workpiece) -> dict[str, Any]:
        """Prune in place."""
        from llmcompressor.modifiers.pruning import WandaPruningModifier

        return prune_watched(work, WandaPruningModifier)
