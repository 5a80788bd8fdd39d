"""What can be chosen on the Scale page beside the sidebar's selection."""

from dataclasses import dataclass

import pandas as pd

from backend.comparisons.scale import Axis, known_perplexities, shared_subjects, trained_families
from backend.comparisons.scores import LayerRule, Units
from backend.store.queries import choices
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.choose import Chosen
from backend.views.controls import MARGINS, choose_layer
from backend.views.pick import Pick

MARGIN = 0.02
ALL_FAMILIES = "all"
AXES: tuple[Axis, ...] = ("n_parameters", "perplexity")
_LEAST_SUBJECTS = 3


@dataclass(frozen=True)
class ScaleView:
    """What the Scale page's controls have chosen.

    Attributes
    ----------
    selection : Selection
        The sidebar's, for one compression, and for all subjects or responses where asked.
    layer : LayerRule
    units : {"folds", "subjects"}
    axis : {"n_parameters", "perplexity"}
    perplexities : pandas.DataFrame
        model and perplexity, of one text.
    corpus : str
        That text; empty where the axis is parameters.
    family : str or None
        Whose models are fitted and compared; None for all.
    margin : float
    """

    selection: Selection
    layer: LayerRule
    units: Units
    axis: Axis
    perplexities: pd.DataFrame
    corpus: str
    family: str | None
    margin: float


def choose_scale(store: ResultStore, chosen: Chosen, pick: Pick) -> ScaleView:
    """Choose what is compared, and how.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Of one subject and response.
    pick : Pick
        Is asked for ``weights``, ``layer``, ``depth``, ``units``, ``x``, ``text``, ``regions``,
        ``fit`` and ``margin``.

    Returns
    -------
    ScaleView
    """
    rows = _available(store, chosen)
    names = sorted(rows["compression"].unique(), key=lambda name: (name != "none", name))
    compression = pick.one("weights", names)
    rows = rows[rows["compression"] == compression]
    layer = choose_layer(pick)
    units = _choose_units(rows, chosen, pick)
    perplexities = known_perplexities(store, list(rows["model"].unique()), compression)
    axis, corpus = _choose_axis(perplexities, pick)
    responses = rows[["roi", "hemisphere"]].drop_duplicates()
    changes: dict[str, object] = {"compressions": (compression,)}
    if pick.one("regions", ("one", "all")[: len(responses)]) == "all":
        changes |= {"rois": (), "hemisphere": None}
    if units == "subjects":
        changes["subjects"] = ()
    selection = chosen.selection.model_copy(update=changes)
    families = trained_families(store, selection, chosen.split)
    family = pick.one("fit", (ALL_FAMILIES, *(families if len(families) > 1 else ())))
    return ScaleView(
        selection=selection,
        layer=layer,
        units=units,
        axis=axis,
        perplexities=perplexities[perplexities["corpus"] == corpus],
        corpus=corpus,
        family=None if family == ALL_FAMILIES else family,
        margin=pick.number("margin", MARGIN, *MARGINS),
    )


def _available(store: ResultStore, chosen: Chosen) -> pd.DataFrame:
    rows = choices(store)
    free = {"subjects": (), "rois": (), "hemisphere": None, "split": chosen.split}
    return rows[chosen.selection.model_copy(update=free).holds(rows)]


def _choose_units(rows: pd.DataFrame, chosen: Chosen, pick: Pick) -> Units:
    of_response = rows[
        (rows["roi"] == chosen.selection.roi) & (rows["hemisphere"] == chosen.selection.hemisphere)
    ]
    enough = shared_subjects(of_response) >= _LEAST_SUBJECTS
    options = ("folds", "subjects") if enough else ("folds",)
    return "subjects" if pick.one("units", options) == "subjects" else "folds"


def _choose_axis(perplexities: pd.DataFrame, pick: Pick) -> tuple[Axis, str]:
    options = AXES[:1] if perplexities.empty else AXES
    if pick.one("x", options) == "n_parameters":
        return "n_parameters", ""
    return "perplexity", pick.one("text", list(perplexities["corpus"].unique()))
