"""What the Probing page lets a user choose, kept in the URL beside the sidebar's selection."""

from backend.figures.labels import compression_title, model_title
from backend.probing.bundled import bundled_tasks
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.probing import ProbingView
from backend.views.probing import choose_probing as choose
from pages.shared.pick import Control, WidgetPick

_BESIDE_HELP = "Drawn beside full precision; its tasks and items are the ones shown below."


def _task_title(name: str) -> str:
    titles = {task.name: task.title for task in bundled_tasks()}
    return titles.get(name, name)


_CONTROLS = {
    "probes": Control("Probes", width=180),
    "of": Control("Model", model_title, width=260),
    "beside": Control("Weights", compression_title, _BESIDE_HELP, width=220),
    "phenomenon": Control("Tasks of", str.capitalize, width=160),
    "task": Control("Items of", _task_title, width=260),
}


def choose_probing(store: ResultStore, chosen: Chosen | None) -> ProbingView | None:
    """Draw the controls; those without a choice are left out."""
    pick = WidgetPick(_CONTROLS)
    view = choose(store, chosen, pick)
    pick.write()
    return view
