"""Choices that narrow each other, with the number of runs behind each option."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

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
    rows : pandas.DataFrame
    options : dict of str to dict of str to int
        By parameter, each value with its number of runs.
    unknown : list of (str, str)
        Parameters and values that do not exist.
    """

    def __init__(self, available: pd.DataFrame, parameters: Parameters) -> None:
        self.rows = available if _GROUP in available else indexed(available)
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
        places, names = pd.factorize(self.rows[column])
        groups = self.rows[_GROUP].to_numpy()
        # By value and group of runs: a group counts once, however many responses it has.
        runs = np.zeros((len(names), groups.max(initial=-1) + 1), dtype=np.int64)
        known = places >= 0
        n_runs = self.rows["n_runs"].to_numpy()
        np.maximum.at(runs, (places[known], groups[known]), n_runs[known])
        counts = dict(zip(names, runs.sum(axis=1).tolist(), strict=True))
        # Full precision before what was made of it.
        order = sorted(counts, key=lambda name: (name != "none", name)) if ascending else counts
        self.options[key] = {_text(name): counts[name] for name in order}
        return self.options[key]

    def _keep(self, column: str, values: Sequence[str]) -> None:
        wanted = [int(value) for value in values] if column == "context_length" else values
        kept = self.rows[column].isin(wanted)
        if not kept.all():
            self.rows = self.rows[kept]


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
