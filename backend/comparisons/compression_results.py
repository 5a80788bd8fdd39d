"""Everything that is said of one model's compressions, from one choice of results."""

from dataclasses import dataclass

import pandas as pd

from backend.comparisons.compression import MARGIN, verdicts
from backend.comparisons.compression_costs import measured_costs
from backend.comparisons.compression_exceptions import Over, exceptions
from backend.comparisons.compression_methods import FULL
from backend.comparisons.scale import is_random
from backend.comparisons.scores import (
    BEST,
    LayerRule,
    Units,
    at_layer,
    by_unit,
    comparable_scores,
    paired_with_full_precision,
)
from backend.statistics.units import LEAST_UNITS
from backend.store.queries import model_quality
from backend.store.reader import ResultStore
from backend.store.selection import Selection

EXCEPTION = "gptq"
"""How the names of the methods begin that the published claim calls the exception."""


@dataclass(frozen=True)
class Question:
    """What is asked of the store.

    Attributes
    ----------
    selection : Selection
        Data set, evidence and response, and the subject whose folds are the units.
    split, metric : str
    model : str
    rule : LayerRule
        Chooses the layer at full precision.
    units : {"folds", "subjects"}
        Subjects are all that have results, whatever the selection says.
    margin : float
        Of equivalence, in the unit of the metric.
    corpus : str or None
        The text of which perplexity is told.
    """

    selection: Selection
    split: str
    metric: str
    model: str
    rule: LayerRule = BEST
    units: Units = "folds"
    margin: float = MARGIN
    corpus: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the store says of one model's compressions.

    Attributes
    ----------
    runs : pandas.DataFrame
        A row per run that took part, for captions.
    judged : pandas.DataFrame
        Verdicts in the chosen response, at the layer of the rule.
    regions : pandas.DataFrame
        The same in every response and hemisphere.
    layers : pandas.DataFrame
        Verdicts at each layer in the chosen response.
    full : pandas.DataFrame
        Scores at full precision, at the layer of the rule.
    costs : pandas.DataFrame
        What each compression takes.
    exceptions : pandas.DataFrame
        Each method against its peers.
    over : {"models", "families", "folds", "subjects"}
        What the exceptions were tested over: families of models where there are three or more and
        fewer than models, else models where there are three or more, else the question's units in
        its one model.
    n_models, n_families : int
        That have compressed runs; models with random weights are none.
    left_out : int
        Runs of other designs.
    """

    runs: pd.DataFrame
    judged: pd.DataFrame
    regions: pd.DataFrame
    layers: pd.DataFrame
    full: pd.DataFrame
    costs: pd.DataFrame
    exceptions: pd.DataFrame
    over: Over
    n_models: int
    n_families: int
    left_out: int


def subjects_with_pairs(
    choices: pd.DataFrame, selection: Selection, split: str
) -> dict[str, set[str]]:
    """Find the models that have results at full precision and compressed, and in which subjects.

    Parameters
    ----------
    choices : pandas.DataFrame
        As of :func:`backend.store.queries.choices`.
    selection : Selection
        Its subjects are no condition.
    split : str

    Returns
    -------
    dict of str to set of str
        Model to subjects; models without a pair are not in it.
    """
    wanted = {
        "dataset": selection.dataset, "evidence": selection.evidence,
        "hemisphere": selection.hemisphere, "split": split,
    }  # fmt: skip
    rows = choices
    # Regions first, which leave the fewest rows to look at.
    for column, values in (
        ("roi", selection.rois),
        ("model_family", selection.families),
        ("model", selection.models),
        ("context_length", selection.contexts),
    ):
        rows = rows[rows[column].isin(values)] if values else rows
    for column, value in wanted.items():
        rows = rows if value is None else rows[rows[column] == value]
    compressed = rows[rows["compression"] != FULL]
    if selection.compressions:
        compressed = compressed[compressed["compression"].isin(selection.compressions)]
    keys = ["model", "subject"]
    both = compressed[keys].merge(rows.loc[rows["compression"] == FULL, keys]).drop_duplicates()
    return {str(model): set(of["subject"]) for model, of in both.groupby("model", sort=False)}


def answer(store: ResultStore, question: Question) -> Answer:
    """Judge one model's compressions, and ask of all models whether a method is the exception.

    Parameters
    ----------
    store : ResultStore
    question : Question

    Returns
    -------
    Answer
        Of empty frames where nothing can be paired.

    Raises
    ------
    InputError
        If the margin is not a positive number.
    """
    asked = _with_full_precision(question)
    scores = comparable_scores(store, asked, question.split, question.metric)
    frame = scores.frame
    everywhere = asked.model_copy(
        update={"rois": (), "hemisphere": None, "models": (question.model,)}
    )
    regions = comparable_scores(store, everywhere, question.split, question.metric).frame
    own = frame[frame["model"] == question.model]
    full = own[own["compression"] == FULL]
    margin, units = question.margin, question.units
    pairs = paired_with_full_precision(frame, question.rule)
    tested, over, n_models, n_families = _exceptions(pairs, question)
    return Answer(
        runs=own.drop_duplicates("run_id"),
        judged=verdicts(pairs[pairs["model"] == question.model], margin, units),
        regions=verdicts(paired_with_full_precision(regions, question.rule), margin, units),
        layers=verdicts(paired_with_full_precision(own, None), margin, units, by_layer=True),
        full=at_layer(full, question.rule),
        costs=measured_costs(frame, model_quality(store), question.model, question.corpus),
        exceptions=tested,
        over=over,
        n_models=n_models,
        n_families=n_families,
        left_out=scores.left_out,
    )


def _with_full_precision(question: Question) -> Selection:
    selection = question.selection
    changes: dict[str, object] = {}
    if question.units == "subjects":
        changes["subjects"] = ()
    if selection.compressions:
        changes["compressions"] = tuple(dict.fromkeys((FULL, *selection.compressions)))
    return selection.model_copy(update=changes)


def _exceptions(pairs: pd.DataFrame, question: Question) -> tuple[pd.DataFrame, Over, int, int]:
    trained = pairs[~pairs["model"].map(is_random).astype(bool)]
    families = dict(zip(trained["model"], trained["model_family"], strict=True))
    n_models, n_families = len(families), len(set(families.values()))
    over: Over = "models"
    if n_models > n_families >= LEAST_UNITS:
        over = "families"
    if n_models < LEAST_UNITS:
        over, trained = question.units, pairs[pairs["model"] == question.model]
    differences = by_unit(trained, "difference", question.units)
    named = [name for name in differences["compression"] if name.startswith(EXCEPTION)]
    tested = exceptions(differences, over, question.margin, families, named)
    return tested, over, n_models, n_families
