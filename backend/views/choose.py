"""What is chosen of what exists: the sidebar's logic without its widgets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from backend.errors import InputError
from backend.store.queries import METRICS
from backend.store.selection import Selection
from backend.views.narrow import Narrowing, Parameters

KEYS = (
    "data", "evidence", "subject", "roi", "hemisphere", "families", "models", "compressions",
    "context", "layers", "folds", "shuffled", "metric",
)  # fmt: skip
"""Names of the selection's query parameters."""

_FLAGS = ("true", "false")
_LAYERS = re.compile(r"(\d{1,4})-(\d{1,4})", re.ASCII)
_DEPTHS = re.compile(r"(\d{1,3})%-(\d{1,3})%", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """A selection and how it is shown.

    Attributes
    ----------
    selection : Selection
        Data set, evidence, subjects, regions, models, compressions, contexts and layers.
    split : str
        The honest split to show.
    shuffled : bool
        Whether shuffled folds stand beside it.
    metric : str
        One of ``backend.store.queries.METRICS``.
    """

    selection: Selection
    split: str
    shuffled: bool
    metric: str

    def of_first_response(self) -> "Chosen":
        """Narrow to the first subject and region, for a page that shows one of each."""
        return replace(self, selection=self.selection.of_first_response())

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """Write as query parameters; what does not filter is left out."""
        chosen = self.selection
        written = {
            "data": _one(chosen.dataset),
            "evidence": _one(chosen.evidence),
            "subject": chosen.subjects,
            "roi": chosen.rois,
            "hemisphere": _one(chosen.hemisphere),
            "families": chosen.families,
            "models": chosen.models,
            "compressions": chosen.compressions,
            "context": tuple(str(length) for length in chosen.contexts),
            "layers": _one(layers_word(chosen)),
            "folds": (self.split,),
            "shuffled": ("true" if self.shuffled else "false",),
            "metric": (self.metric,),
        }
        return {key: values for key, values in written.items() if values}


@dataclass(frozen=True)
class Offer:
    """What can be chosen, and what is.

    Attributes
    ----------
    chosen : Chosen
    options : dict of str to dict of str to int
        For each parameter with a list of values: each that exists beside the other choices, and
        the number of runs that have it.
    deepest : int
        The last layer of the deepest model that is selected.
    unknown : tuple of (str, str)
        Parameters and values that were asked for and do not exist; they were left out.
    """

    chosen: Chosen
    options: Mapping[str, Mapping[str, int]]
    deepest: int
    unknown: tuple[tuple[str, str], ...]


def choose(available: pd.DataFrame, parameters: Parameters) -> Chosen:
    """Choose results as the sidebar does.

    Parameters
    ----------
    available : pandas.DataFrame
        As of :func:`backend.store.queries.choices`.
    parameters : mapping of str to sequence of str
        As of a link; others than ``KEYS`` are left alone.

    Returns
    -------
    Chosen
        Only of what exists: what is unknown or missing gives way to a default.

    Raises
    ------
    InputError
        If there is nothing to choose from.
    """
    return offer(available, parameters).chosen


def offer(available: pd.DataFrame, parameters: Parameters) -> Offer:
    """Choose likewise, and say what else there is.

    Parameters
    ----------
    available : pandas.DataFrame
    parameters : mapping of str to sequence of str

    Returns
    -------
    Offer

    Raises
    ------
    InputError
        If there is nothing to choose from.
    """
    if available.empty:
        raise InputError("the store holds no results to choose from; start a run.")
    narrowing = Narrowing(available, parameters)
    dataset = narrowing.one("data", "dataset")
    evidence = narrowing.one("evidence", "evidence")
    subjects = narrowing.some("subject", "subject")
    metrics = _metrics(narrowing)
    rois = narrowing.some("roi", "roi")
    hemisphere = narrowing.one("hemisphere", "hemisphere", ascending=True)
    families = narrowing.several("families", "model_family", few=0)
    models = narrowing.several("models", "model")
    compressions = narrowing.several("compressions", "compression", ascending=True)
    contexts = narrowing.several("context", "context_length", few=0, ascending=True)
    split, shuffled = _folds(narrowing)
    deepest = int(narrowing.values("n_layers").max())
    layers, depth = _layers(narrowing, deepest)
    narrowing.options["metric"] = metrics
    metric = narrowing.pick("metric")
    selection = Selection(
        dataset=dataset,
        evidence=evidence,
        subjects=subjects,
        rois=rois,
        hemisphere=hemisphere,
        families=families,
        models=models,
        compressions=compressions,
        contexts=tuple(int(length) for length in contexts),
        layers=layers,
        depth=depth,
    )
    chosen = Chosen(selection, split, shuffled, metric)
    return Offer(chosen, narrowing.options, deepest, tuple(narrowing.unknown))


def layers_word(selection: Selection) -> str | None:
    """Write a range of layers as a link does: ``2-5``, or by relative depth ``25%-75%``."""
    if selection.layers is not None:
        return "{}-{}".format(*selection.layers)
    if selection.depth is not None:
        return "{:.0f}%-{:.0f}%".format(*(100 * bound for bound in selection.depth))
    return None


def _folds(narrowing: Narrowing) -> tuple[str, bool]:
    counts = narrowing.count("folds", "split")
    honest = {split: n for split, n in counts.items() if split != "shuffled"}
    narrowing.options["folds"] = honest or counts
    comparable = bool(honest) and "shuffled" in counts
    narrowing.options["shuffled"] = {"true": counts["shuffled"]} if comparable else {}
    wanted = "true" in narrowing.known("shuffled", _FLAGS)
    return narrowing.pick("folds"), wanted and comparable


def _layers(
    narrowing: Narrowing, deepest: int
) -> tuple[tuple[int, int] | None, tuple[float, float] | None]:
    asked = narrowing.asked("layers")
    if not asked:
        return None, None
    if found := _LAYERS.fullmatch(asked):
        low, high = int(found[1]), min(int(found[2]), deepest)
        if low <= high:
            return (None if (low, high) == (0, deepest) else (low, high)), None
    if found := _DEPTHS.fullmatch(asked):
        low, high = int(found[1]), int(found[2])
        if low <= high <= 100:
            return None, (None if (low, high) == (0, 100) else (low / 100, high / 100))
    narrowing.unknown.append(("layers", asked))
    return None, None


def _metrics(narrowing: Narrowing) -> dict[str, int]:
    ceilings = bool(narrowing.values("has_ceiling").any())
    return {metric: 0 for metric in METRICS if metric != "r_normalized" or ceilings}


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
