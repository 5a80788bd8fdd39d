"""The catalogue as a list: what each model is, what it takes, and whether it fits."""

from collections.abc import Iterator
from dataclasses import dataclass

from backend import catalog
from backend.catalog import ModelEntry
from backend.features.footprint import Footprint, entry_footprint, find_footprint, precision_bytes
from backend.features.memory import memory_need
from backend.features.sources import resolve_model


@dataclass(frozen=True)
class Listed:
    """What is said of one model of the catalogue.

    Attributes
    ----------
    name, title, family, licence, hub
        See :class:`~backend.catalog.ModelEntry`.
    parameters, layers, width, context : int
    gated, instruct : bool
    memory : dict of str to float
        Bytes of the loaded weights by precision.
    needed : float or None
        Bytes that a process with the model takes; None where the model's size is not known.
    fits : bool or None
        Whether so much is free.
    """

    name: str
    title: str
    family: str
    parameters: int
    layers: int
    width: int
    context: int
    licence: str
    gated: bool
    instruct: bool
    hub: str | None
    memory: dict[str, float]
    needed: float | None
    fits: bool | None


def list_models(compression: str, free: float) -> Iterator[Listed]:
    """Describe every model of the catalogue, families together, by size.

    Parameters
    ----------
    compression : str
        With which a model should fit.
    free : float
        Bytes of memory that are free.

    Yields
    ------
    Listed
    """
    order = {family: place for place, family in enumerate(list_families())}
    entries = sorted(
        catalog.models().items(), key=lambda item: (order[item[1].family], item[1].n_parameters)
    )
    for name, entry in entries:
        footprint = _footprint(name, entry)
        needed = None if footprint is None else memory_need(footprint, compression).needed
        yield Listed(
            name=name,
            title=entry.title,
            family=entry.family,
            parameters=entry.n_parameters,
            layers=entry.n_layers,
            width=entry.width,
            context=entry.context,
            licence=entry.licence,
            gated=entry.gated,
            instruct=entry.instruct,
            hub=entry.hub,
            memory={} if footprint is None else dict(precision_bytes(footprint.weights)),
            needed=needed,
            fits=None if needed is None else needed < free,
        )


def _footprint(name: str, entry: ModelEntry) -> Footprint | None:
    return entry_footprint(entry) or find_footprint(resolve_model(name))


def list_families() -> list[str]:
    """List the catalogue's families in its order."""
    return list(dict.fromkeys(entry.family for entry in catalog.models().values()))
