"""What kind of compression a name stands for, and which compressions are alike."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from backend import catalog

FULL = "none"
_BITS = re.compile(r"(?:-w|int|nf|fp)(\d+)(?:a\d+)?$")
_OF = re.compile(r"-(\d+)of(\d+)$")
_SHARE = re.compile(r"-(\d+)$")
_GROUPS = ("full precision", "quantization", "pruning", "other")


class Method(NamedTuple):
    """What a compression does.

    Attributes
    ----------
    group : {"full precision", "quantization", "pruning", "other"}
        Quantization is whatever stores weights in fewer bits, with calibration text or without.
    strength : float
        Share of the bits or of the weights that it takes away, from 0 to 1.
    setting : str
        What it shares with comparable methods: ``4 bits``, ``50% zeros``; empty where its name
        does not say.
    """

    group: str
    strength: float
    setting: str


def method(compression: str) -> Method:
    """Read what a compression does from its name, which is method, then setting.

    Parameters
    ----------
    compression : str
        As in ``compressions.yaml``; names that are not in it follow the same rule.

    Returns
    -------
    Method
        Whether it prunes or quantises is the catalogue's to say, where it has the name.
    """
    read = _read(compression)
    entry = catalog.compressions().get(compression)
    if entry is None or compression == FULL:
        return read
    return read._replace(group="pruning" if entry.group == "pruning" else "quantization")


def _read(compression: str) -> Method:
    if compression == FULL:
        return Method("full precision", 0.0, "")
    if found := _BITS.search(compression):
        bits = int(found[1])
        return Method("quantization", 1 - bits / 32, f"{bits} bits")
    if found := _OF.search(compression):
        return Method("pruning", int(found[1]) / int(found[2]), f"{found[1]} of {found[2]}")
    if found := _SHARE.search(compression):
        return Method("pruning", int(found[1]) / 100, f"{found[1]}% zeros")
    return Method("other", 0.0, "")


def in_order(compressions: Iterable[str]) -> list[str]:
    """Sort compressions: full precision, quantizations, prunings; the mildest of each first.

    Parameters
    ----------
    compressions : iterable of str

    Returns
    -------
    list of str
        Each once.
    """

    def key(name: str) -> tuple[int, float, str]:
        what = method(name)
        return _GROUPS.index(what.group), what.strength, name

    return sorted(set(compressions), key=key)


class Peers(NamedTuple):
    """What a method is held against.

    Attributes
    ----------
    names : tuple of str
    what : str
        What they have in common, for a sentence: ``others with 4 bits``.
    """

    names: tuple[str, ...]
    what: str


LEAST_PEERS = 2
"""Of two methods that differ nobody can say which is the exception."""


def peers(compression: str, compressions: Iterable[str]) -> Peers:
    """Choose what a method is held against: others of its group with the same setting.

    Parameters
    ----------
    compression : str
    compressions : iterable of str
        Of which there are results.

    Returns
    -------
    Peers
        At least two, or none. A quantization that has fewer of the same bits is held against all
        others; a pruning is not, since those that prune more differ for that reason.
    """
    own = method(compression)
    others = [name for name in in_order(compressions) if name not in (compression, FULL)]
    group = [name for name in others if method(name).group == own.group]
    alike = [name for name in group if own.setting and method(name).setting == own.setting]
    if len(alike) >= LEAST_PEERS:
        return Peers(tuple(alike), f"others with {own.setting}")
    if own.group == "quantization" and len(group) >= LEAST_PEERS:
        return Peers(tuple(group), "all other quantizations")
    return Peers((), "")
