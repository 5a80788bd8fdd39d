"""Ask for a choice among what there is: of a page's widgets, or of a view's parameters."""

import math
from collections.abc import Sequence
from typing import Protocol

from backend.views.narrow import Parameters


class Pick(Protocol):
    """Whoever is asked, by the names of the query parameters."""

    def one(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """Choose one of the options; by default the first, unless another is named."""
        ...

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Choose a number between two bounds."""
        ...


class FromParameters:
    """Choose as a view's parameters say; what does not exist gives way to a default.

    Parameters
    ----------
    parameters : mapping of str to sequence of str
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def one(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """Choose the first value that is asked for, where it is an option."""
        asked = self._asked(key)
        if asked in options:
            return asked
        return options[0] if default is None else default

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Choose the number that is asked for, where it lies between the bounds."""
        try:
            asked = float(self._asked(key))
        except ValueError:
            asked = math.nan
        return asked if low <= asked <= high else default

    def _asked(self, key: str) -> str:
        return next(iter(self._parameters.get(key, ())), "")
