"""The Compression page without its widgets: what is asked, and the figures of the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

import pandas as pd
import plotly.graph_objects as go

from backend.catalog.twins import is_random
from backend.comparisons.compression import MARGIN
from backend.comparisons.compression_costs import Cost, corpora, known_costs, trade_off
from backend.comparisons.compression_results import (
    Answer,
    Question,
    answer,
    subjects_with_pairs,
)
from backend.comparisons.scores import LayerRule
from backend.figures.captions import results_caption
from backend.figures.compression import forest_figure
from backend.figures.compression_costs import COST_TITLES, trade_off_figure
from backend.figures.compression_maps import Against, map_figure, shared_limit
from backend.figures.labels import METRIC_TITLES
from backend.figures.theme import Mode
from backend.statistics.units import LEAST_UNITS
from backend.store.queries import choices, model_quality
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.controls import MARGINS, choose_layer
from backend.views.narrow import Parameters
from backend.views.pick import FromParameters, Pick
from backend.views.sheet import Sheet


@dataclass(frozen=True)
class CompressionResults:
    """What the store says of one model's compressions.

    Attributes
    ----------
    question : Question
    answer : Answer
    forest : Sheet or None
        None where no compressed run has a partner at full precision.
    """

    question: Question
    answer: Answer
    forest: Sheet | None

    @cached_property
    def maps(self) -> tuple[Sheet, ...]:
        """Figures by region and by layer, where there are several; made when asked for."""
        return () if self.forest is None else _map_sheets(self.answer, self.question)


def sheets(store: ResultStore, chosen: Chosen, parameters: Parameters) -> list[Sheet]:
    """Make the figures of the page.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
    parameters : mapping of str to sequence of str
        ``of`` (the model), ``layer``, ``depth``, ``units``, ``margin``, ``text`` and ``cost``.

    Returns
    -------
    list of Sheet
        Empty where no compressed run has a partner.
    """
    pick = FromParameters(parameters)
    question = choose_question(store, chosen.of_first_response(), pick)
    if question is None:
        return []
    results = compression_results(store, question)
    cost = choose_cost(results, pick)
    if results.forest is None:
        return []
    price = [] if cost is None else [price_sheet(results, cost)]
    return [results.forest, *price, *results.maps]


def choose_question(store: ResultStore, chosen: Chosen, pick: Pick) -> Question | None:
    """Choose what is asked.

    Parameters
    ----------
    store : ResultStore
    chosen : Chosen
        Of one subject and response.
    pick : Pick
        Is asked for the page's controls but the price.

    Returns
    -------
    Question or None
        None where no model was run both compressed and at full precision.
    """
    selection, available = chosen.selection, choices(store)
    subjects = {
        model: names
        for model, names in subjects_with_pairs(available, selection, chosen.split).items()
        if selection.subject in names or len(names) >= LEAST_UNITS
    }
    if not subjects:
        return None
    models = list(subjects)
    model = pick.one("of", models, _most_compressed(available, selection.dataset, models))
    rule = choose_layer(pick)
    units = ["folds"] if selection.subject in subjects[model] else []
    units += ["subjects"] if len(subjects[model]) >= LEAST_UNITS else []
    unit = pick.one("units", units)
    margin = pick.number("margin", MARGIN, *MARGINS)
    texts = corpora(model_quality(store), model)
    return Question(
        selection=selection,
        split=chosen.split,
        metric=chosen.metric,
        model=model,
        rule=rule,
        units="subjects" if unit == "subjects" else "folds",
        margin=margin,
        corpus=pick.one("text", texts) if texts else None,
    )


def _most_compressed(choices: pd.DataFrame, dataset: str | None, models: Sequence[str]) -> str:
    """Name the trained model under the most compressions; of several the largest."""
    rows = choices.loc[choices["dataset"] == dataset, ["model", "compression"]]
    methods = rows.groupby("model")["compression"].nunique()
    trained = [model for model in models if not is_random(model)] or models
    return max(reversed(trained), key=lambda model: int(methods.get(model, 0)))


def choose_cost(results: CompressionResults, pick: Pick) -> Cost | None:
    """Choose the price that predictivity is set against.

    Parameters
    ----------
    results : CompressionResults
    pick : Pick
        Is asked for ``cost``.

    Returns
    -------
    Cost or None
        None where no price is known.
    """
    known = known_costs(results.answer.costs)
    if not known:
        return None
    cost = pick.one("cost", known)
    return next(name for name in known if name == cost)


def compression_results(store: ResultStore, question: Question) -> CompressionResults:
    """Ask what compression costs one model.

    Parameters
    ----------
    store : ResultStore
    question : Question

    Returns
    -------
    CompressionResults
    """
    found = answer(store, question)
    forest = None if found.judged.empty else _forest_sheet(found, question)
    return CompressionResults(question, found, forest)


def layer_words(rule: LayerRule) -> str:
    """Say at which layer a model is read."""
    if rule.depth is None:
        return "at the layer that is best at full precision on the other folds"
    return f"at relative depth {rule.depth:g}"


def _forest_sheet(found: Answer, question: Question) -> Sheet:
    dataset, evidence = found.runs[["dataset", "evidence"]].iloc[0]
    return _sheet(
        "compression",
        partial(
            forest_figure, found.judged, dataset, evidence, question.margin, question.units,
            question.metric,
        ),
        found.judged,
        found,
        question,
        f"Paired difference in {METRIC_TITLES[question.metric]} from full precision, "
        f"{layer_words(question.rule)}, with 95% t intervals; shaded: the margin of equivalence, "
        f"±{question.margin:g}; verdicts by two one-sided tests, else by a paired t test, both "
        f"corrected over {len(found.judged)} methods (Benjamini-Hochberg)",
    )  # fmt: skip


def price_sheet(results: CompressionResults, cost: Cost) -> Sheet:
    """Set predictivity against a price.

    Parameters
    ----------
    results : CompressionResults
        With verdicts.
    cost : Cost

    Returns
    -------
    Sheet
    """
    found, question = results.answer, results.question
    points = trade_off(found.full, found.judged, found.costs, cost, question.units)
    text = f" on {question.corpus}" if cost == "perplexity" else ""
    first = found.runs.iloc[0]
    return _sheet(
        "trade-off",
        partial(
            trade_off_figure, points, question.model, first["dataset"],
            str(found.judged["roi"].iloc[0]), first["evidence"], cost, question.metric,
        ),
        points,
        found,
        question,
        f"{METRIC_TITLES[question.metric]} against {COST_TITLES[cost].lower()}{text}, "
        f"{layer_words(question.rule)}; bars: 95% t intervals of the paired difference from full "
        "precision; the front joins the methods that no other beats in both, by their means",
    )  # fmt: skip


def _map_sheets(found: Answer, question: Question) -> tuple[Sheet, ...]:
    by_region, by_layer = found.regions, found.layers
    maps: dict[Against, pd.DataFrame] = {
        "region": by_region if len(by_region) > len(found.judged) else by_region.iloc[:0],
        "layer": by_layer if by_layer["layer"].nunique() > 1 else by_layer.iloc[:0],
    }
    limit = shared_limit(*maps.values())
    return tuple(
        _map_sheet(cells, against, limit, found, question)
        for against, cells in maps.items()
        if len(cells)
    )


def _map_sheet(
    cells: pd.DataFrame, against: Against, limit: float, found: Answer, question: Question
) -> Sheet:
    evidence = found.runs["evidence"].iloc[0]
    where = f"in each region, {layer_words(question.rule)}"
    return _sheet(
        f"compression-{against}s",
        partial(map_figure, cells, against, evidence, question.margin, limit, question.metric),
        cells,
        found,
        question,
        f"Paired difference in {METRIC_TITLES[question.metric]} from full precision "
        f"{where if against == 'region' else 'at each layer'}; signs: verdicts at a margin of "
        f"{question.margin:g}, corrected over all {len(cells)} cells (Benjamini-Hochberg); "
        "colours end at the largest difference of both maps",
    )


def _sheet(
    key: str,
    build: Callable[[Mode], go.Figure],
    data: pd.DataFrame,
    found: Answer,
    question: Question,
    what: str,
) -> Sheet:
    n = int(found.judged["n_units"].max())
    caption = results_caption(found.runs, f"{what}; n = {n} {question.units}")
    first = found.runs.iloc[0]
    return Sheet(
        key=key,
        build=cache(build),
        draw=None,
        data=data.assign(**{name: first[name] for name in ("dataset", "evidence", "source")}),
        caption=caption,
        alt=caption,
        run_ids=tuple(found.runs["run_id"]),
    )
