"""A figure that is being built, as plain dictionaries, which Plotly checks once, when it is done.

Plotly checks and copies at every change, which takes several times as long as all the rest.
"""

import copy
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

Settings = dict[str, Any]
# By row and column, from 1: names of the panel's axes in the layout.
_Panels = dict[tuple[int, int], tuple[str, str]]


class Draft:
    """What is to become a figure; its methods are named as Plotly's and do the same.

    Parameters
    ----------
    **panels : hashable
        Of :func:`plotly.subplots.make_subplots`; none for a single panel.

    Attributes
    ----------
    data : list of dict
        Traces.
    layout : dict
    """

    def __init__(self, **panels: Hashable) -> None:
        layout, self._panels = _grid(tuple(sorted(panels.items())))
        self.data: list[Settings] = []
        self.layout: Settings = copy.deepcopy(layout)

    def add_traces(self, traces: Sequence[Settings]) -> None:
        """Add traces that name their axes."""
        self.data.extend(traces)

    def add_trace(self, trace: Settings, row: int = 1, col: int = 1) -> None:
        """Add a trace to a panel."""
        across, up = (name.replace("axis", "") for name in self._panels[row, col])
        self.data.append({**trace, "xaxis": across, "yaxis": up})

    def add_annotation(self, **annotation: Any) -> None:
        """Add a text."""
        self.layout.setdefault("annotations", []).append(annotation)

    def update_layout(self, **settings: Any) -> None:
        """Change settings of the layout; ``title_text`` is the text of the title."""
        _update(self.layout, settings)

    def update_xaxes(self, row: int | None = None, col: int | None = None, **settings: Any) -> None:
        """Change all axes that run across, or those of one panel."""
        self._update_axes(0, row, col, settings)

    def update_yaxes(self, row: int | None = None, col: int | None = None, **settings: Any) -> None:
        """Change all axes that run upwards, or those of one panel."""
        self._update_axes(1, row, col, settings)

    def figure(self) -> go.Figure:
        """Return the figure.

        Raises
        ------
        ValueError
            If Plotly knows a setting not, or not with that value.
        """
        return go.Figure({"data": self.data, "layout": self.layout})

    def _update_axes(
        self, which: int, row: int | None, col: int | None, settings: Settings
    ) -> None:
        for place, names in self._panels.items():
            if row in (None, place[0]) and col in (None, place[1]):
                _update(self.layout.setdefault(names[which], {}), settings)


@lru_cache(maxsize=64)
def _grid(arguments: tuple[tuple[str, Hashable], ...]) -> tuple[Settings, _Panels]:
    panels: dict[str, Any] = dict(arguments)
    figure = make_subplots(**panels)
    rows, columns = (panels.get(name, 1) for name in ("rows", "cols"))
    names = {
        (row, column): tuple(axis.plotly_name for axis in figure.get_subplot(row, column))
        for row in range(1, rows + 1)
        for column in range(1, columns + 1)
    }
    layout = figure.layout.to_plotly_json()
    return {name: layout[name] for name in layout if name != "template"}, names


def _update(settings: Settings, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "title_text":
            _update(settings, {"title": {"text": value}})
        elif isinstance(value, dict):
            _update(settings.setdefault(name, {}), value)
        else:
            settings[name] = value
