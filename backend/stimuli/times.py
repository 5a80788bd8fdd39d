"""Cells of a table as times in seconds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError

_MISSING = frozenset({"", "n/a", "na", "nan", "none", "null"})


def parse_times(
    cells: Sequence[str],
    numbers: NDArray[np.int64],
    column: str,
    source: str,
    unit: str = "row",
    decimal: str = ".",
) -> NDArray[np.float64]:
    """Read a column of times.

    Parameters
    ----------
    cells : sequence of str
        Numbers; blank, ``n/a``, ``NA``, ``nan``, ``none`` or ``null`` where there is none.
    numbers : ndarray of int, shape (n_cells,)
        Where each cell stands in its file.
    column, source, unit : str
        Names for messages: of the column, of the file and of what ``numbers`` count.
    decimal : str
        The sign between whole seconds and their fraction.

    Returns
    -------
    ndarray of float64, shape (n_cells,)
        NaN where a cell is missing.

    Raises
    ------
    InputError
        If a cell is neither a finite number nor missing.
    """
    values = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        text = cell.strip().lower()
        if text in _MISSING:
            continue
        try:
            values[index] = float(text.replace(decimal, "."))
        except ValueError:
            values[index] = np.inf
        if not np.isfinite(values[index]):
            raise InputError(
                f"{source}: {column} holds {cell.strip()!r} in {unit} {numbers[index]}; seconds as "
                "finite numbers are accepted, and n/a or a blank where a time is not known."
            )
    return values
