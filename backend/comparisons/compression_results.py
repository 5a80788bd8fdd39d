"""Everything that is said of one model's compressions, from one choice of results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.compression import MARGIN, verdicts
from backend.comparisons.compression_costs import measured_costs
from backend.comparisons.compression_exceptions import Over, exceptions
from backend.comparisons.compression_methods import FULL
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

    What is not asked for, of other regions, layers and models, is neither read nor tested.

    Attributes
    ----------
    question : Question
    scores : pandas.DataFrame
        Of the model in the chosen response; see
        :func:`backend.comparisons.scores.comparable_scores`.
    judged : pandas.DataFrame
        Verdicts in the chosen response, at the layer of the rule.
    full : pandas.DataFrame
        Scores at full precision, at the layer of the rule.
    costs : pandas.DataFrame
        What each compression takes.
    left_out : int
        Runs of other designs.
    read_regions, read_models : callable
        Give the same scores of the model in every response, and of every model in the chosen one.
    """

    question: Question
    scores: pd.DataFrame = field(repr=False)
    judged: pd.DataFrame
    full: pd.DataFrame
    costs: pd.DataFrame
    left_out: int
    read_regions: Callable[[], pd.DataFrame] = field(repr=False)
    read_models: Callable[[], pd.DataFrame] = field(repr=False)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per run that took part, for captions."""
        return self.scores.drop_duplicates("run_id")

    @cached_property
    def regions(self) -> pd.DataFrame:
        """Verdicts in every response and hemisphere."""
        pairs = paired_with_full_precision(self.read_regions(), self.question.rule)
        return verdicts(pairs, self.question.margin, self.question.units)

    @cached_property
    def layers(self) -> pd.DataFrame:
        """Verdicts at each layer in the chosen response."""
        pairs = paired_with_full_precision(self.scores, None)
        return verdicts(pairs, self.question.margin, self.question.units, by_layer=True)

    @property
    def exceptions(self) -> pd.DataFrame:
        """Each method against its peers."""
        return self._tested.frame

    @property
    def over(self) -> Over:
        """What the exceptions were tested over.

        Families of models where there are three or more and fewer than models, else models where
        there are three or more, else the question's units in its one model.
        """
        return self._tested.over

    @property
    def n_models(self) -> int:
        """Models that have compressed runs; those with random weights are none."""
        return self._tested.n_models

    @property
    def n_families(self) -> int:
        """Families of these models."""
        return self._tested.n_families

    @cached_property
    def _tested(self) -> "_Exceptions":
        pairs = paired_with_full_precision(self.read_models(), self.question.rule)
        return _exceptions(pairs, self.question)


class _Exceptions(NamedTuple):
    """Methods against their peers, and over what they were tested."""

    frame: pd.DataFrame
    over: Over
    n_models: int
    n_families: int


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
    free = {"subjects": (), "compressions": (), "split": split}
    held = selection.model_copy(update=free).holds(choices)
    rows = choices.loc[held, ["model", "subject", "compression"]]
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
    everywhere = asked.model_copy(
        update={"rois": (), "hemisphere": None, "models": (question.model,)}
    )
    design = (question.split, question.metric)
    own, left_out = comparable_scores(store, asked, *design, question.model)
    pairs = paired_with_full_precision(own, question.rule)
    return Answer(
        question=question,
        scores=own,
        judged=verdicts(pairs, question.margin, question.units),
        full=at_layer(own[own["compression"] == FULL], question.rule),
        costs=measured_costs(own, model_quality(store), question.model, question.corpus),
        left_out=left_out,
        read_regions=lambda: comparable_scores(store, everywhere, *design).frame,
        read_models=lambda: comparable_scores(store, asked, *design).frame,
    )


def _with_full_precision(question: Question) -> Selection:
    selection = question.selection
    changes: dict[str, object] = {}
    if question.units == "subjects":
        changes["subjects"] = ()
    if selection.compressions:
        changes["compressions"] = tuple(dict.fromkeys((FULL, *selection.compressions)))
    return selection.model_copy(update=changes)


def _exceptions(pairs: pd.DataFrame, question: Question) -> _Exceptions:
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
    return _Exceptions(tested, over, n_models, n_families)
