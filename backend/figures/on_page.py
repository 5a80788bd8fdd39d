"""A figure as a page sends it, which the browser draws once.

Streamlit hands every new figure to Plotly twice. The second time Plotly looks for what has changed,
and takes a template, and each list of numbers without a revision, to be another one: all would be
drawn twice.
"""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from backend.figures.draft import Drafted, Settings


class OnPage(Drafted):
    """A figure that is sent as it is; see :func:`on_page`."""

    def to_dict(self) -> Settings:
        """Return the figure's own dictionary, which is only read."""
        tree: Settings | None = self.__dict__.get("_tree")
        return super().to_dict() if tree is None else tree


def on_page(figure: go.Figure) -> OnPage:
    """Write a figure's template into the figure, and give its numbers a revision.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        With the look of :func:`backend.figures.theme.style`; it stays as it is.

    Returns
    -------
    OnPage
        Looks the same.
    """
    tree = figure.to_dict()
    layout = tree["layout"]
    template = layout.pop("template", {})
    for name, settings in template.get("layout", {}).items():
        if name in ("xaxis", "yaxis"):
            for axis in [own for own in layout if own.startswith(name)]:
                _fill(layout[axis], settings)
        elif name == "annotationdefaults":
            for note in layout.get("annotations", ()):
                _fill(note, settings)
        else:
            _fill(layout, {name: settings})
    for trace in tree["data"]:
        for settings in template.get("data", {}).get(trace["type"], ()):
            _fill(trace, settings)
    layout["datarevision"] = 1
    return OnPage(tree)


def _fill(settings: Settings, defaults: Mapping[str, Any]) -> None:
    """Add what is not set."""
    for name, value in defaults.items():
        if isinstance(value, dict):
            _fill(settings.setdefault(name, {}), value)
        else:
            settings.setdefault(name, value)
