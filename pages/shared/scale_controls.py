"""What the Scale page lets a user choose, kept in the URL beside the sidebar's selection."""

from backend.figures.labels import compression_title
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.scale_controls import ALL_FAMILIES, ScaleView
from backend.views.scale_controls import choose_scale as choose
from pages.shared.pick import Control, WidgetPick

_LAYERS = {"best": "Best", "fixed": "Fixed"}
_UNITS = {"folds": "Folds", "subjects": "Subjects"}
_AXES = {"n_parameters": "Size", "perplexity": "Perplexity"}
_REGIONS = {"one": "Selected", "all": "All"}
_LAYER_HELP = (
    "Best: for each fold the layer that scores best on the other folds, so that the choice does "
    "not flatter the score. Fixed depth: the layer nearest to one relative depth in every model."
)
_UNITS_HELP = (
    "What intervals and tests count. Folds (held-out stories) speak of this subject's recordings; "
    "subjects speak of people, and take three who have results of the same models."
)
_MARGIN_HELP = (
    "The smallest difference that would matter to you, in the unit of the metric. Choose it before "
    "you look: with a margin that is chosen afterwards, any model can be made equivalent."
)
_FIT_HELP = "Which trained models are fitted and compared with the largest of them."


def _family_title(family: str) -> str:
    return "All families" if family == ALL_FAMILIES else family


_CONTROLS = {
    "weights": Control("Weights", compression_title),
    "layer": Control("Layer", _LAYERS.__getitem__, _LAYER_HELP),
    "depth": Control("Relative depth", slider=True),
    "units": Control("Units", _UNITS.__getitem__, _UNITS_HELP),
    "x": Control("Against", _AXES.__getitem__),
    "text": Control("Text"),
    "regions": Control("Regions", _REGIONS.__getitem__),
    "fit": Control("Fit", _family_title, _FIT_HELP),
    "margin": Control("Margin", note=_MARGIN_HELP, width=100),
}


def choose_scale(store: ResultStore, view: Chosen) -> ScaleView:
    """Draw the controls; those without a choice are left out."""
    pick = WidgetPick(_CONTROLS)
    chosen = choose(store, view, pick)
    pick.write()
    return chosen
