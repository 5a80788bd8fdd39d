"""What the Dissociation page lets a user choose, kept in the URL beside the sidebar's selection."""

from backend.figures.labels import model_title
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.dissociation import ALL, DissociationView
from backend.views.dissociation import choose_dissociation as choose
from backend.views.removal import RemovalResults, pair_title, removal_results
from pages.shared.pick import Control, WidgetPick

_CONTROLS = {
    "probes": Control("Probes", width=180),
    "of": Control(
        "Models", lambda name: "All trained models" if name == ALL else model_title(name), width=260
    ),
}
_REMOVAL = {
    "erased": Control("Removed from", pair_title, width=420),
    "from_layer": Control("Layer", width=110),
}


def choose_dissociation(store: ResultStore, chosen: Chosen) -> DissociationView | None:
    """Draw the controls; those without a choice are left out."""
    pick = WidgetPick(_CONTROLS)
    view = choose(store, chosen, pick)
    pick.write()
    return view


def choose_removal(store: ResultStore, chosen: Chosen) -> RemovalResults | None:
    """Draw the controls of removals, and answer what they ask."""
    pick = WidgetPick(_REMOVAL)
    results = removal_results(store, chosen, pick)
    pick.write()
    return results
