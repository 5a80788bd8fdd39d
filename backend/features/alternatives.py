"""What would fit where a model does not: the same model packed, or a smaller one of its family."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from backend import catalog
from backend.catalog.twins import RANDOM_TWIN
from backend.features.footprint import Footprint, entry_footprint, find_footprint, is_packed
from backend.features.memory import memory_need
from backend.features.sources import ModelSource

_MOST_MODELS = 2


@dataclass(frozen=True)
class Alternative:
    """A model and a compression that fit, and the bytes of memory that they need."""

    model: str
    compression: str
    needed: float

    def __str__(self) -> str:
        """Name it as the command line would, with what it needs."""
        with_it = "" if self.compression == "none" else f" with {self.compression}"
        return f"{self.model}{with_it} ({self.needed / 1e9:.1f} GB)"


def find_alternatives(
    source: ModelSource, compression: str, free: float, work: float = 0.0
) -> tuple[Alternative, ...]:
    """Look for the strongest models that fit in memory, nearest to what was asked for.

    Parameters
    ----------
    source : ModelSource
        What does not fit.
    compression : str
    free : float
        Bytes that are free.
    work : float
        Bytes of what is done with the model's states.

    Returns
    -------
    tuple of Alternative
        The same model at each lower number of bits that fits, then the largest models of its
        family that fit as they were asked for, instruct models for instruct models.
    """
    found = [*_packed(source, compression, work), *_smaller(source, compression, work)]
    return tuple(
        [choice for choice in found if choice.model == source.name and choice.needed < free]
        + [c for c in found if c.model != source.name and c.needed < free][:_MOST_MODELS]
    )


def resident_footprint(source: ModelSource) -> Footprint | None:
    """Give the size of a model as it is loaded: a random twin is written in 32-bit floats first."""
    footprint = find_footprint(source)
    if footprint is None or not source.random:
        return footprint
    return replace(footprint, file_bytes=0.0, stored_bytes=4.0)


def _packed(source: ModelSource, compression: str, work: float) -> Iterator[Alternative]:
    footprint = resident_footprint(source)
    by_bits = {
        entry.nominal_bits: name
        # Of several with one number of bits, the one that stands first in the catalogue.
        for name, entry in reversed(list(catalog.compressions().items()))
        if is_packed(name)
    }
    now = catalog.compressions()[compression].nominal_bits if is_packed(compression) else 32
    for bits in sorted(by_bits, reverse=True):
        if footprint is not None and bits < now:
            name = by_bits[bits]
            yield Alternative(source.name, name, memory_need(footprint, name, work).needed)


def _smaller(source: ModelSource, compression: str, work: float) -> Iterator[Alternative]:
    own = catalog.models().get(source.entry or "")
    if own is None:
        return
    family = [
        (entry.n_parameters, name, entry)
        for name, entry in catalog.models().items()
        if entry.family == own.family
        and entry.instruct == own.instruct
        and entry.n_parameters < own.n_parameters
    ]
    for _, name, entry in sorted(family, key=lambda known: known[0], reverse=True):
        footprint = entry_footprint(entry)
        if footprint is not None:
            needed = memory_need(footprint, compression, work).needed
            yield Alternative(name + RANDOM_TWIN * source.random, compression, needed)
