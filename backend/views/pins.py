"""Pinned selections: two to four that are compared on every page, each in a colour of its own."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import pandas as pd

from backend import catalog
from backend.figures.labels import compression_title, joined, model_title, place_title
from backend.views.choose import KEYS, Chosen, offer

MOST_PINS = 4
KEY = "pin"
"""Name of the query parameter, one for each pin."""
_NAME = "name"
_COLOUR = "colour"
_LONGEST = 60


@dataclass(frozen=True)
class Pin:
    """A pinned selection.

    Attributes
    ----------
    name : str
        Plain text.
    index : int
        Of its colour, from 0 to 3: see :func:`backend.figures.theme.pin_colour`.
    chosen : Chosen
    """

    name: str
    index: int
    chosen: Chosen

    @property
    def letter(self) -> str:
        """A to D: what tells pins apart beside their colour."""
        return "ABCD"[self.index]

    def word(self) -> str:
        """Write as the value of a query parameter.

        Returns
        -------
        str
            A query string: colour, the selection's own parameters, and a name of the pin's own.
        """
        marks = {_COLOUR: (self.letter,)}
        if self.name != pin_name(self.chosen):
            marks[_NAME] = (self.name,)
        return urlencode({**marks, **self.chosen.parameters()}, doseq=True)


def read_pins(available: pd.DataFrame, words: Sequence[str]) -> tuple[list[Pin], list[str]]:
    """Read pins from a link.

    Parameters
    ----------
    available : pandas.DataFrame
        As of :func:`backend.store.queries.choices`.
    words : sequence of str
        Values of the query parameter ``pin``.

    Returns
    -------
    pins : list of Pin
        At most four, ordered by colour. One that names a data set, subject or anything else that
        does not exist is left out whole: it would compare something else.
    unknown : list of str
        The words that were left out.
    """
    pins: dict[int, Pin] = {}
    unknown: list[str] = []
    for word in words:
        pin = _read(available, word, taken=set(pins))
        if pin is None:
            unknown.append(word)
        else:
            pins[pin.index] = pin
    return [pins[index] for index in sorted(pins)], unknown


def next_pin(pins: Sequence[Pin], chosen: Chosen) -> Pin | None:
    """Pin a selection in the first colour that is free.

    Parameters
    ----------
    pins : sequence of Pin
    chosen : Chosen

    Returns
    -------
    Pin or None
        None where all colours are taken, or this selection is pinned already.
    """
    free = [index for index in range(MOST_PINS) if index not in {pin.index for pin in pins}]
    if not free or chosen in {pin.chosen for pin in pins}:
        return None
    return Pin(pin_name(chosen), free[0], chosen)


def pin_name(chosen: Chosen) -> str:
    """Name a selection by its models, compressions, responses and, of stories, subjects."""
    selection = chosen.selection
    dataset, side = selection.dataset or "", selection.hemisphere or "both"
    models = _named([model_title(name) for name in selection.models], "models")
    parts = [
        models or joined(selection.families) or "all models",
        _named([compression_title(name) for name in selection.compressions], "compressions"),
        _named([place_title(dataset, name, side) for name in selection.rois], "regions"),
        # Of sentences, what is known is an average over subjects.
        "" if dataset in catalog.datasets() else _named(selection.subjects, "subjects"),
    ]
    return textwrap.shorten(", ".join(part for part in parts if part), _LONGEST, placeholder="…")


def _named(names: Sequence[str], kind: str) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} {kind}" if names else ""


def _read(available: pd.DataFrame, word: str, taken: set[int]) -> Pin | None:
    given: dict[str, list[str]] = {}
    fields = parse_qsl(word) if word.isprintable() else []
    for key, value in fields:
        given.setdefault(key, []).append(value)
    (letter,), (name,) = given.pop(_COLOUR, [""])[:1], given.pop(_NAME, [""])[:1]
    if set(given) - set(KEYS) or "data" not in given:
        return None
    found = offer(available, given)
    free = [index for index in range(MOST_PINS) if index not in taken]
    if found.unknown or not free:
        return None
    index = "ABCD".find(letter) if len(letter) == 1 else -1
    return Pin(
        name[:_LONGEST] or pin_name(found.chosen), index if index in free else free[0], found.chosen
    )
