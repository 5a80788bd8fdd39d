"""Choices that narrow each other, with the number of runs behind each option."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Parameters = Mapping[str, Sequence[str]]
FEW = 4
"""More names than these would fill the sidebar, and a link."""

# What a run is known by in the table of choices.
_RUN = [
    "dataset", "evidence", "subject", "model_family", "model", "compression", "context_length",
    "split",
]  # fmt: skip
_NAMES = (*(name for name in _RUN if name != "context_length"), "roi", "hemisphere")
_GROUP = "group"


class Narrowing:
    """Rows that are left after each choice, and what there was to choose from.

    Parameters
    ----------
    available : pandas.DataFrame
        As of :func:`backend.store.queries.choices`, or of :func:`indexed`, which saves the time.
    parameters : mapping of str to sequence of str
        What is asked for.

    Attributes
    ----------
    options : dict of str to dict of str to int
        By parameter, each value with its number of runs.
    unknown : list of (str, str)
        Parameters and values that do not exist.
    """

    def __init__(self, available: pd.DataFrame, parameters: Parameters) -> None:
        self._available = available if _GROUP in available else indexed(available)
        # Where the rows lie that are left. Frames of them would take longer than all the counting.
        self._left = np.arange(len(self._available))
        self.options: dict[str, dict[str, int]] = {}
        self.unknown: list[tuple[str, str]] = []
        self._parameters = parameters

    def one(self, key: str, column: str, ascending: bool = False) -> str:
        """Narrow to one value, by default the first."""
        self.count(key, column, ascending)
        value = self.pick(key)
        self._keep(column, [value])
        return value

    def some(self, key: str, column: str) -> tuple[str, ...]:
        """Narrow to one value or more, by default the first."""
        options = self.count(key, column)
        values = tuple(self.known(key)) or (next(iter(options)),)
        self._keep(column, values)
        return values

    def several(
        self, key: str, column: str, few: int = FEW, ascending: bool = False
    ) -> tuple[str, ...]:
        """Narrow to any number of values; none means all, which are named where they are few."""
        options = self.count(key, column, ascending)
        values = tuple(self.known(key))
        emptied = key in self._parameters and not self._parameters[key]
        if not values and not emptied and len(options) <= few:
            values = tuple(options)
        if values:
            self._keep(column, values)
        return values

    def pick(self, key: str) -> str:
        """Choose one of the options that are known."""
        return next(iter(self.known(key)), next(iter(self.options[key])))

    def known(self, key: str, options: Sequence[str] | None = None) -> list[str]:
        """Sort what is asked for into what exists and what does not."""
        options = list(self.options[key]) if options is None else options
        given = list(dict.fromkeys(value for value in self._parameters.get(key, ()) if value))
        self.unknown += [(key, value) for value in given if value not in options]
        return [value for value in given if value in options]

    def asked(self, key: str) -> str | None:
        """Return the first value that is asked for."""
        return next(iter(self._parameters.get(key, ())), None)

    def count(self, key: str, column: str, ascending: bool = False) -> dict[str, int]:
        """Count the runs that have each value."""
        numbers, names = self._numbered(column)
        groups = self.values(_GROUP)
        # By value and group of runs: a group counts once, however many responses it has.
        shape = len(names), groups.max(initial=-1) + 1
        runs = np.zeros(shape, dtype=np.int64)
        known = numbers >= 0
        numbers = numbers[known]
        cells = numbers * shape[1] + groups[known]
        np.maximum.at(runs.reshape(-1), cells, self.values("n_runs")[known])
        totals = runs.sum(axis=1).tolist()
        # By first appearance: of what is written to one place the last stays.
        first = np.full(len(names), -1)
        first[numbers[::-1]] = np.arange(len(numbers))[::-1]
        seen = [number for number in np.argsort(first).tolist() if totals[number]]
        counts = {names[number]: totals[number] for number in seen}
        # Full precision before what was made of it.
        order = sorted(counts, key=lambda name: (name != "none", name)) if ascending else counts
        self.options[key] = {_text(name): counts[name] for name in order}
        return self.options[key]

    def values(self, column: str) -> NDArray[Any]:
        """Return the numbers or flags of a column in the rows that are left."""
        return self._available[column].to_numpy()[self._left]

    def _numbered(self, column: str) -> tuple[NDArray[np.int64], Sequence[Any]]:
        """Give each row that is left the number of its value, -1 where there is none."""
        if column == "context_length":
            numbers, names = pd.factorize(self.values(column))
            return numbers, list(names)
        held = self._available[column].array
        return held.codes[self._left].astype(np.int64), list(held.categories)

    def _keep(self, column: str, values: Sequence[str]) -> None:
        numbers, names = self._numbered(column)
        wanted = [number for number, name in enumerate(names) if _text(name) in values]
        self._left = self._left[np.isin(numbers, wanted)]


def indexed(available: pd.DataFrame) -> pd.DataFrame:
    """Make a table of choices quick to narrow.

    Parameters
    ----------
    available : pandas.DataFrame
        As of :func:`backend.store.queries.choices`.

    Returns
    -------
    pandas.DataFrame
        With names as categories, and a number for each group of runs.
    """
    names = [column for column in _NAMES if column in available]
    quick = available.astype(dict.fromkeys(names, "category"))
    groups = quick.groupby(_RUN, sort=False, observed=True, dropna=False).ngroup()
    return quick.assign(**{_GROUP: groups})


def _text(name: object) -> str:
    return str(int(name)) if isinstance(name, float) else str(name)
