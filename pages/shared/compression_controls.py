"""What the Compression page lets a user choose, kept in the URL beside the sidebar's selection."""

from backend.figures.labels import model_title
from pages.shared.pick import Control, WidgetPick

_LAYERS = {"best": "Best", "fixed": "Fixed"}
_UNITS = {"folds": "Folds", "subjects": "Subjects"}
_COSTS = {
    "bits_per_weight": "Bits per weight",
    "bytes_in_memory": "Memory",
    "bytes_on_disk": "Disk",
    "perplexity": "Perplexity",
}
_LAYER_HELP = (
    "Best: for each fold the layer of the model at full precision that scores best on the other "
    "folds, so that the choice does not flatter the score; the compressed model is read at the "
    "same layer. Fixed: the layer nearest to one relative depth."
)
_UNITS_HELP = (
    "What intervals and tests count. Folds (held-out stories) speak of this subject's recordings; "
    "subjects speak of people, and take three who have results of this model compressed and not."
)
_MARGIN_HELP = (
    "The smallest difference that would matter to you, in the unit of the metric. Choose it before "
    "you look: with a margin that is chosen afterwards, any method can be made equivalent."
)
_CONTROLS = {
    "of": Control("Model", model_title, width=220),
    "layer": Control("Layer", _LAYERS.__getitem__, _LAYER_HELP),
    "depth": Control("Relative depth", slider=True),
    "units": Control("Units", _UNITS.__getitem__, _UNITS_HELP),
    "margin": Control("Margin", note=_MARGIN_HELP),
    "text": Control("Text", width=150),
    "cost": Control("Price", _COSTS.__getitem__, width=150),
}


def compression_pick() -> WidgetPick:
    """Ask for the page's choices by widgets."""
    return WidgetPick(_CONTROLS)
