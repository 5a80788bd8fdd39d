"""Published claims, and the test that decides each; read from claims.yaml."""

from collections.abc import Mapping
from functools import cache
from typing import Literal, Self

import yaml
from pydantic import PositiveFloat, model_validator

from backend.catalog.entries import Entry
from backend.catalog.load import FOLDER


class Window(Entry):
    """A range of model sizes.

    Attributes
    ----------
    low, high : float
        Numbers of parameters, both included.
    """

    low: PositiveFloat
    high: PositiveFloat

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("a window goes from its lower to its upper number of parameters")
        return self


class PlannedRun(Entry):
    """A run that a claim needs.

    Attributes
    ----------
    model, compression : str
        Names in the catalogue.
    do : {"encode", "probe", "remove"}
        What is run: an encoding model, the bundled probes, or removals of what they read.
    """

    model: str
    compression: str = "none"
    do: Literal["encode", "probe", "remove"] = "encode"


class ClaimEntry(Entry):
    """A published claim and the test that decides it.

    Attributes
    ----------
    title : str
        A few words.
    claim : str
        What was claimed, in our words.
    scope : str
        On what: recordings, models, subjects.
    citation : str
        Key in citations.yaml.
    reviewed : bool
        False for what nobody has reviewed.
    test : str
        What is compared, in which units, against which margin; holds ``{margin}``.
    figure : {"scale", "compression", "dissociation"}
        The page that shows the numbers.
    small, large : Window or None
        Sizes that are compared.
    sizes : Window or None
        Sizes of which a claim about compression or growth speaks.
    methods, others : tuple of str
        Beginnings of compressions' names: the claim's, and those that it is set against.
    regions : tuple of str
        Regions that the claim sets against all others.
    runs : tuple of PlannedRun
        What would decide it, the next one first.
    """

    title: str
    claim: str
    scope: str
    citation: str
    reviewed: bool = True
    test: str
    figure: Literal["scale", "compression", "dissociation"]
    small: Window | None = None
    large: Window | None = None
    sizes: Window | None = None
    methods: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    runs: tuple[PlannedRun, ...]


@cache
def published_claims() -> Mapping[str, ClaimEntry]:
    """Return the published claims, by name."""
    raw = yaml.safe_load((FOLDER / "claims.yaml").read_text(encoding="utf-8"))
    return {key: ClaimEntry.model_validate(value) for key, value in raw.items()}
