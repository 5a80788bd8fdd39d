"""What each colour means: families of models and methods of compression, alike on every figure.

A colour goes by name, never by what else happens to be drawn. Families have one set of colours,
compressions another, so that a colour says by itself which of the two it stands for; full
precision is ink. Colours were sought by their smallest distance from each other, from ink and from
sample order, to eyes of every kind; those that share one differ in their symbols.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple
from zlib import crc32

import pandas as pd

from backend import catalog
from backend.catalog.twins import RANDOM_TWIN, is_random
from backend.figures.theme import DASHES, SYMBOLS, Mode, ink

Hue = Literal["blue", "orange", "gray"]
_FAMILIES = {
    "light": {"blue": "#3C70F8", "green": "#008052", "magenta": "#B44BCA", "olive": "#8E8E34",
              "red": "#C37070", "teal": "#0096AC"},
    "dark": {"blue": "#6296F8", "green": "#9EF096", "magenta": "#B478C3", "olive": "#D2BC08",
             "red": "#E86252", "teal": "#62E1FF"},
}  # fmt: skip
_METHODS = {
    "light": {"bitsandbytes": "#0F34AC", "round-to-nearest": "#0F4469", "gptq": "#26624B",
              "awq": "#709652", "smoothquant": "#704496", "magnitude": "#705A2D",
              "wanda": "#870008", "sparsegpt": "#E84B9E"},
    "dark": {"bitsandbytes": "#3C70F8", "round-to-nearest": "#70BCF8", "gptq": "#00FFBC",
             "awq": "#BCF05A", "smoothquant": "#AC52C3", "magnitude": "#AC6916",
             "wanda": "#E19E87", "sparsegpt": "#E80870"},
}  # fmt: skip
# Colours that the app's theme has for words; each says its word besides.
_EVIDENCE: dict[str, Hue] = {"measured": "blue", "simulated": "orange"}
# Of ink in the colour of the largest model of a family, or of the last of several curves.
_DEEPEST = 0.5


def evidence_hue(evidence: str) -> Hue:
    """Name the colour of a kind of evidence in the app's theme; what others published is grey."""
    return _EVIDENCE.get(evidence, "gray")


class Look(NamedTuple):
    """How a series is told from the others: by colour, and by symbol and dash as well."""

    colour: str
    symbol: str
    dash: str


class _Mark(NamedTuple):
    """A name's colour, its shade from 0 to 1, and the places of its symbol and its dash."""

    colour: str
    shade: float
    symbol: int
    dash: int


def shaded(colour: str, shade: float, mode: Mode) -> str:
    """Mix ink into a colour, which never lessens its contrast with the ground.

    Parameters
    ----------
    colour : str
        As ``#RRGGBB``.
    shade : float
        From 0, the colour itself, to 1, half ink.
    mode : {"light", "dark"}

    Returns
    -------
    str
    """
    mixed = (
        round(own + (other - own) * _DEEPEST * shade)
        for own, other in zip(_parts(colour), _parts(ink(mode)), strict=True)
    )
    return "#" + "".join(f"{value:02X}" for value in mixed)


def _parts(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def family_look(family: str, mode: Mode) -> Look:
    """Look of a family of models.

    Parameters
    ----------
    family : str
        A name that is not in ``families.yaml`` has one of the looks that no family there has,
        always the same.
    mode : {"light", "dark"}

    Returns
    -------
    Look
        Its dash is that of a family's line on the Scale page: solid and dashed lines are fits.
    """
    hue, symbol = _family(family)
    dashes = DASHES[2:]
    return Look(_FAMILIES[mode][hue], SYMBOLS[symbol], dashes[symbol % len(dashes)])


def model_colour(model: str, mode: Mode) -> str:
    """Colour of a model: its family's, the deeper the larger it is among them."""
    mark = _model_mark(model, mode)
    return shaded(mark.colour, mark.shade, mode)


def compression_colour(compression: str, mode: Mode) -> str:
    """Colour of a compression: its method's, the deeper the later its setting is listed."""
    mark = _compression_mark(compression, mode)
    return shaded(mark.colour, mark.shade, mode)


def series_looks(series: pd.DataFrame, mode: Mode) -> dict[str, Look]:
    """Give series their looks.

    Parameters
    ----------
    series : pandas.DataFrame
        With title, model and compression.
    mode : {"light", "dark"}

    Returns
    -------
    dict of str to Look
        By title, in the order of the rows. One model under several compressions has the
        compressions' colours, everything else those of models. Series of one model and one
        compression, such as subjects, are shades of its colour. No two look alike but for their
        colour: where names share a symbol and a dash, the later one takes the next symbol.
    """
    rows = series.drop_duplicates("title")
    by_compression = rows["model"].nunique() == 1 and rows["compression"].nunique() > 1
    kinds = list(zip(rows["model"].astype(str), rows["compression"].astype(str), strict=True))
    found, taken = dict[str, Look](), set[tuple[str, str]]()
    for place, (title, kind) in enumerate(zip(rows["title"].astype(str), kinds, strict=True)):
        alike = [index for index, other in enumerate(kinds) if other == kind]
        mark = _mark(*kind, by_compression, mode)
        if len(alike) > 1:
            nth = alike.index(place)
            mark = mark._replace(shade=nth / (len(alike) - 1), symbol=mark.symbol + nth, dash=nth)
        hollow = "-open" if is_random(kind[0]) else ""
        dash = DASHES[mark.dash % len(DASHES)]
        symbol = _free(mark.symbol, hollow, dash, taken)
        taken.add((symbol, dash))
        found[title] = Look(shaded(mark.colour, mark.shade, mode), symbol, dash)
    return found


def variants(names: Sequence[str], model: str, mode: Mode) -> dict[str, Look]:
    """Give parts of one model's results, such as hemispheres, shades of its colour."""
    frame = pd.DataFrame({"title": list(names), "model": model, "compression": "none"})
    return series_looks(frame, mode)


def _free(start: int, hollow: str, dash: str, taken: set[tuple[str, str]]) -> str:
    symbols = [SYMBOLS[(start + step) % len(SYMBOLS)] + hollow for step in range(len(SYMBOLS))]
    return next((symbol for symbol in symbols if (symbol, dash) not in taken), symbols[0])


def _mark(model: str, compression: str, by_compression: bool, mode: Mode) -> _Mark:
    of_compression = _compression_mark(compression, mode)
    if by_compression:
        return of_compression
    return _model_mark(model, mode)._replace(dash=of_compression.dash)


def _model_mark(model: str, mode: Mode) -> _Mark:
    name = model.removesuffix(RANDOM_TWIN)
    entry = catalog.models().get(name)
    family = entry.family if entry else _family_named(name)
    hue, symbol = _family(family)
    colour = _FAMILIES[mode][hue]
    if entry is None:
        return _Mark(colour, 0.0, symbol, 0)
    sizes = sorted(
        (other.n_parameters, key)
        for key, other in catalog.models().items() if other.family == family
    )  # fmt: skip
    place = [key for _, key in sizes].index(name)
    return _Mark(colour, place / max(len(sizes) - 1, 1), symbol + place, 0)


def _family_named(model: str) -> str:
    """Find the family that a model's name begins with; without one the model is its own."""
    name = _letters(model.rstrip("/").rpartition("/")[2])
    known = (family for family in catalog.families() if name.startswith(_letters(family)))
    return next(known, model)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _family(family: str) -> tuple[str, int]:
    """Hue and place of the symbol of a family."""
    entry = catalog.families().get(family)
    if entry is not None:
        return entry.hue, SYMBOLS.index(entry.symbol)
    free = _free_of_families()
    return free[crc32(family.encode()) % len(free)]


@cache
def _free_of_families() -> list[tuple[str, int]]:
    taken = {(entry.hue, entry.symbol) for entry in catalog.families().values()}
    return [
        (hue, place)
        for hue in _FAMILIES["light"]
        for place, symbol in enumerate(SYMBOLS)
        if (hue, symbol) not in taken
    ]


def _compression_mark(compression: str, mode: Mode) -> _Mark:
    known = catalog.compressions().get(compression)
    if known is not None and known.method is None:
        return _Mark(ink(mode), 0.0, 0, 0)
    method = known.method if known is not None else _method_named(compression)
    settings = [name for name, entry in catalog.compressions().items() if entry.method == method]
    if known is not None and method in _METHODS[mode]:
        place = settings.index(compression)
        shade = place / max(len(settings) - 1, 1)
        return _Mark(_METHODS[mode][method], shade, place, place + 1)
    # Settings and methods that the catalogue lacks: symbols that no setting there has.
    chance = crc32(compression.encode())
    hues = _METHODS[mode]
    colour = hues[method] if method in hues else list(hues.values())[chance % len(hues)]
    rest = len(SYMBOLS) - len(settings)
    symbol = len(settings) + chance % rest if rest > 0 else chance
    return _Mark(colour, 0.0, symbol, symbol + 1)


def _method_named(compression: str) -> str:
    """Read the method of a name, which begins with it."""
    stem = compression.partition("-")[0]
    methods = {
        name.partition("-")[0]: entry.method for name, entry in catalog.compressions().items()
    }
    return methods.get(stem) or ""
