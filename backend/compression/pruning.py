"""What Wanda and SparseGPT share: how much is pruned, and in which pattern."""

from collections.abc import Callable
from typing import Any

from backend.compression.architecture import Architecture
from backend.compression.method import Settings, Workpiece, against_calibration


def against_pattern(architecture: Architecture, settings: Settings) -> str | None:
    """Say why two of every four weights cannot be pruned; None where they can."""
    odd = [width for width in architecture.widths if width % 4]
    if not settings["two_of_four"] or not odd:
        return None
    return f"its layers are {odd[0]} wide, which four does not divide"


def against_watching(architecture: Architecture, settings: Settings) -> str | None:
    """Say why a method that watches the model cannot prune it; None where it can."""
    return against_calibration(architecture) or against_pattern(architecture, settings)


def prune_watched(work: Workpiece, modifier: Callable[..., Any]) -> dict[str, Any]:
    """Prune by one of llm-compressor's modifiers, in place.

    Parameters
    ----------
    work : Workpiece
    modifier : type

    Returns
    -------
    dict
        What to say of the layers.
    """
    from backend.compression.oneshot import HEADS, oneshot
    from backend.compression.turned import conv1d_as_linear

    pattern = "2:4" if work.settings["two_of_four"] else "0:0"
    with conv1d_as_linear(work.model):
        recipe = modifier(
            sparsity=work.settings["sparsity"], mask_structure=pattern, ignore=list(HEADS)
        )
        oneshot(work, [recipe])
    return {"stored": "dense, zeros included"}
