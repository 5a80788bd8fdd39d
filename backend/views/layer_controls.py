"""What the Layers page lets its user choose beside the selection."""

from dataclasses import dataclass

from backend.comparisons.layer_curves import By
from backend.comparisons.scores import Units
from backend.views.choose import Chosen
from backend.views.narrow import Parameters

BY: tuple[By, ...] = ("model", "region", "subject", "story")
AXES = ("layer", "depth")
UNITS: tuple[Units, ...] = ("folds", "subjects")
KEYS = ("by", "axis", "units", "of")
"""Names of their query parameters."""


@dataclass(frozen=True)
class LayerControls:
    """What the page's own controls choose.

    Attributes
    ----------
    by : {"model", "region", "subject", "story"}
        What has a curve each.
    axis : {"layer", "depth"}
        Layers by their number, or relative to the last one.
    units : {"folds", "subjects"}
        Over what intervals are.
    of : str
        The model that is taken apart, as ``model/compression``; empty for the largest.
    """

    by: By = "model"
    axis: str = "layer"
    units: Units = "folds"
    of: str = ""


def read_controls(chosen: Chosen, parameters: Parameters) -> LayerControls:
    """Read the controls from query parameters; what is unknown gives way to a default.

    Parameters
    ----------
    chosen : Chosen
        Where it holds several regions, regions have a curve each by default.
    parameters : mapping of str to sequence of str

    Returns
    -------
    LayerControls
    """
    by, axis, units, of = (next(iter(parameters.get(key, ())), "") for key in KEYS)
    return LayerControls(
        by=next((known for known in BY if known == by), default_by(chosen)),
        axis=axis if axis in AXES else AXES[0],
        units=next((known for known in UNITS if known == units), UNITS[0]),
        of=of,
    )


def default_by(chosen: Chosen) -> By:
    """Say what has a curve each unless something else is asked for."""
    return "region" if len(chosen.selection.rois) > 1 else "model"


def series_name(model: str, compression: str) -> str:
    """Name a model at a compression as a link does."""
    return f"{model}/{compression}"
