"""A figure that is being built, as plain dictionaries, which Plotly checks when it is asked to.

Plotly checks and copies at every change, which takes several times as long as all the rest.
"""

import copy
import math
import threading
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
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
        """Return the figure, unchecked until more is asked of it than its dictionary."""
        return Drafted({"data": self.data, "layout": self.layout})

    def _update_axes(
        self, which: int, row: int | None, col: int | None, settings: Settings
    ) -> None:
        for place, names in self._panels.items():
            if row in (None, place[0]) and col in (None, place[1]):
                _update(self.layout.setdefault(names[which], {}), settings)


class Drafted(go.Figure):  # type: ignore[misc]  # Plotly says no types.
    """A figure that Plotly checks when more is asked of it than its dictionary.

    A page sends the dictionary and asks nothing else; checking and copying would take most of the
    time in which it answers a click. Files, and all that changes a figure, get a checked one.

    Parameters
    ----------
    tree : dict
        With data and layout; the figure's own from now on.

    Raises
    ------
    ValueError
        When it is checked: if Plotly knows a setting not, or not with that value.
    """

    def __init__(self, tree: Settings) -> None:
        self._lock = threading.RLock()
        self._tree = tree

    # Plotly's attributes, all of them, are missing until it has made them.
    def __getattr__(self, name: str) -> Any:
        """Have the figure checked, which gives it what is asked for."""
        if name in ("_lock", "_tree", "_checking"):
            raise AttributeError(name)
        with self._lock:
            # Sessions share figures: another one may have had it checked meanwhile.
            if hasattr(self, "_tree") and not hasattr(self, "_checking"):
                self._checking = True
                super().__init__(self._tree)
                del self._tree
            return object.__getattribute__(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy as the checked figure."""
        return go.Figure, (self.to_dict(),)

    def to_dict(self) -> Settings:
        """Return the figure as a dictionary of the caller's own."""
        tree: Settings | None = self.__dict__.get("_tree")
        return super().to_dict() if tree is None else _plain(tree)


def _plain(value: Any) -> Any:
    """Turn arrays and series into lists, which are what JSON has."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, np.ndarray | pd.Series | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    # JSON has no word for a number that is missing but null.
    return None if isinstance(value, float) and math.isnan(value) else value


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
