"""Choices that several pages offer beside the sidebar."""

from backend.comparisons.scores import LayerRule
from backend.views.pick import Pick

LAYERS = ("best", "fixed")
DEPTHS = tuple(f"{step / 20:.2f}" for step in range(21))
DEPTH = "0.65"
MARGINS = (0.001, 1.0)


def choose_layer(pick: Pick) -> LayerRule:
    """Choose which layer stands for a model: the best one, or one at a relative depth.

    Parameters
    ----------
    pick : Pick

    Returns
    -------
    LayerRule
    """
    if pick.one("layer", LAYERS) == "best":
        return LayerRule()
    return LayerRule(depth=float(pick.one("depth", DEPTHS, DEPTH)))
