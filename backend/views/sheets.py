"""The figures of any view, as the pages show them and the command line writes them."""

from collections.abc import Callable, Mapping
from importlib import import_module

from backend.errors import InputError
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.views.choose import Chosen, choose
from backend.views.narrow import Parameters
from backend.views.sheet import Sheet
from backend.views.view import View

Make = Callable[[ResultStore, Chosen, Parameters], list[Sheet]]
# Imported when they are asked for: each brings its own statistics or surfaces with it.
_MODULES: Mapping[str, str] = {
    "overview": "backend.views.overview",
    "cortex": "backend.views.cortex",
    "layers": "backend.views.layers",
    "scale": "backend.views.scale",
    "compression": "backend.views.compression",
    "probing": "backend.views.probing",
    "dissociation": "backend.views.dissociation",
    "claims": "backend.views.claims",
}
PAGES_WITH_SHEETS = tuple(_MODULES)


def sheets_of(view: View, store: ResultStore) -> list[Sheet]:
    """Make the figures of a view.

    Parameters
    ----------
    view : View
    store : ResultStore

    Returns
    -------
    list of Sheet
        In the order of the page; empty where nothing in the store fits the view.

    Raises
    ------
    InputError
        If the page has no figures, or the store holds no results.
    StoreError
        If the store cannot be read.
    """
    if view.page not in _MODULES:
        raise InputError(
            f"the page {view.page!r} has no figures; pages that have are "
            f"{', '.join(PAGES_WITH_SHEETS)}."
        )
    make: Make = import_module(_MODULES[view.page]).sheets
    chosen = choose(choices(store), view.parameters)
    return make(store, chosen, view.parameters)
