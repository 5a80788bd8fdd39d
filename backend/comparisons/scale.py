"""Predictivity against size: a point per model, what fits them, and the minimal model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from backend.catalog.twins import is_random
from backend.comparisons.minimal_model import MinimalModel, minimal_model
from backend.comparisons.scaling_fits import ScalingFits, fit_scaling
from backend.comparisons.scores import Units, by_unit
from backend.statistics import mean_interval
from backend.statistics.units import LEAST_UNITS
from backend.store.queries import model_quality
from backend.store.reader import ResultStore
from backend.store.selection import Selection

Axis = Literal["n_parameters", "perplexity"]
_PLACE = ["roi", "hemisphere"]
# Differs from model to model, so that it is no floor for all of them.
_OF_THE_MODEL = "static-embedding"
_WITH_FLOOR = ("r", "r_normalized")


@dataclass(frozen=True)
class Scaling:
    """What size does to the predictivity of one response.

    Attributes
    ----------
    roi, hemisphere : str
    points : pandas.DataFrame
        One row per model, by size: model, model_family, base (the family without a twin's
        addition), random, n_parameters, dataset, evidence, source, n_samples, first_layer and
        last_layer (those that stand for the model, over folds), mean, low, high (95% t interval
        over units), n_units; and size, what is fitted (see :func:`scale_by_response`).
    fits : ScalingFits
        Through trained models alone.
    minimal : MinimalModel or None
    undecidable : str
        Why there is no answer about a minimal model; empty where there is one.
    left_out : tuple of str
        Models that lack units which the others share.
    """

    roi: str
    hemisphere: str
    points: pd.DataFrame
    fits: ScalingFits
    minimal: MinimalModel | None
    undecidable: str
    left_out: tuple[str, ...]

    @property
    def margin_share(self) -> float:
        """The margin over the largest model's score; 0 where nothing was tested."""
        if self.minimal is None:
            return 0.0
        score = float(self.points.set_index("model")["mean"][self.minimal.largest])
        return self.minimal.margin / score if score > 0 else float("inf")


def shared_units(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the most models and units of which nothing is missing.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per model, a column per unit, NaN where a model lacks a unit.

    Returns
    -------
    pandas.DataFrame
        The block with most cells among those that hold all units of at least one model.
    """
    known = table.notna().to_numpy()
    best = table.iloc[:0, :0]
    # Every set of units that some model has; most often there is but one.
    for units in np.unique(known, axis=0):
        block = table.iloc[np.flatnonzero(known[:, units].all(axis=1)), np.flatnonzero(units)]
        if (block.size, len(block)) > (best.size, len(best)):
            best = block
    return best


def shared_subjects(available: pd.DataFrame) -> int:
    """Count the subjects of whom the same models have results.

    Parameters
    ----------
    available : pandas.DataFrame
        Rows of :func:`backend.store.queries.choices`, of one response and compression.

    Returns
    -------
    int
        0 where fewer than two models share any.
    """
    table = pd.crosstab(available["model"], available["subject"])
    block = shared_units(table.where(table > 0))
    return block.shape[1] if len(block) > 1 else 0


def trained_families(store: ResultStore, selection: Selection, split: str) -> list[str]:
    """List the families that have results, without random twins.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
    split : str

    Returns
    -------
    list of str
    """
    where, parameters = selection.model_copy(update={"split": split}).where()
    rows = store.query(f"SELECT DISTINCT model, model_family FROM runs WHERE {where}", parameters)
    trained = rows[~rows["model"].map(is_random).astype(bool)]
    return sorted(trained["model_family"].dropna().unique())


def known_perplexities(
    store: ResultStore, models: Sequence[str], compression: str = "none"
) -> pd.DataFrame:
    """List perplexities of models, text by text.

    Parameters
    ----------
    store : ResultStore
    models : sequence of str
    compression : str

    Returns
    -------
    pandas.DataFrame
        corpus, model, perplexity, the latest of several measurements; the text with most models
        first.
    """
    quality = model_quality(store)
    rows = quality[
        quality["model"].isin(models)
        & (quality["compression"] == compression)
        & quality["perplexity"].notna()
    ]
    latest = rows.sort_values("created_at").drop_duplicates(["corpus", "model"], keep="last")
    by_models = latest.assign(
        n_models=latest.groupby("corpus")["model"].transform("size")
    ).sort_values(["n_models", "corpus", "model"], ascending=[False, True, True])
    return by_models[["corpus", "model", "perplexity"]].reset_index(drop=True)


def scale_by_response(
    frame: pd.DataFrame,
    units: Units,
    margin: float,
    axis: Axis = "n_parameters",
    family: str | None = None,
) -> list[Scaling]:
    """Analyse each region or response, and hemisphere, by itself.

    Parameters
    ----------
    frame : pandas.DataFrame
        Scores of one compression at one layer of each run and fold, see
        :func:`backend.comparisons.scores.at_layer`; and perplexity, where that is the axis.
    units : {"folds", "subjects"}
    margin : float
        The smallest difference that would matter, in the unit of the scores.
    axis : {"n_parameters", "perplexity"}
        Sizes that are fitted: parameters, or one over perplexity, so that more is better on both.
        The minimal model is the one with the fewest parameters on either.
    family : str, optional
        Fit and compare trained models of this family alone; all models have their points.

    Returns
    -------
    list of Scaling
        In the order of the frame's responses.
    """
    known = frame[frame["n_parameters"].notna() & (frame["n_parameters"] > 0)]
    return [
        _scale_one(rows, str(roi), str(hemisphere), units, margin, axis, family)
        for (roi, hemisphere), rows in known.groupby(_PLACE, sort=False)
    ]


def _scale_one(
    frame: pd.DataFrame,
    roi: str,
    hemisphere: str,
    units: Units,
    margin: float,
    axis: Axis,
    family: str | None,
) -> Scaling:
    means = by_unit(frame, "score", units)
    table = means.pivot(index="model", columns="unit", values="score")
    block = shared_units(table)
    points = _points(frame, block, axis)
    trained = points[~points["random"]]
    if family is not None:
        trained = trained[trained["model_family"] == family]
    placed = trained[trained["size"].notna()]
    fits = fit_scaling(placed["size"], block.loc[placed["model"]])
    minimal, undecidable = _minimal(trained, block, units, margin)
    left_out = tuple(sorted(set(table.index) - set(block.index)))
    return Scaling(roi, hemisphere, points, fits, minimal, undecidable, left_out)


def _points(frame: pd.DataFrame, block: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Describe each model of a block of scores [model, unit]."""
    of_models = frame[frame["model"].isin(block.index)].groupby("model")
    columns = ["model_family", "n_parameters", "dataset", "evidence", "source"]
    if axis == "perplexity":
        columns.append("perplexity")
    points = of_models[columns].first()
    points["n_samples"] = of_models["n_samples"].max()
    points["first_layer"], points["last_layer"] = of_models["layer"].min(), of_models["layer"].max()
    points["random"] = [is_random(str(model)) for model in points.index]
    points["base"] = points["model_family"].str.removesuffix(", random weights")
    intervals = [mean_interval(row) for row in block.loc[points.index].to_numpy()]
    points["mean"], points["low"], points["high"] = np.transpose(intervals)
    points["n_units"] = block.shape[1]
    sizes = points["n_parameters"].astype(float)
    points["size"] = 1 / points["perplexity"].astype(float) if axis == "perplexity" else sizes
    return points.reset_index().sort_values(["n_parameters", "model"], ignore_index=True)


def _minimal(
    trained: pd.DataFrame, block: pd.DataFrame, units: Units, margin: float
) -> tuple[MinimalModel | None, str]:
    n_sizes, n_units = trained["n_parameters"].nunique(), block.shape[1]
    if n_sizes < 2:
        held = "one size" if n_sizes == 1 else "no trained model"
        return None, f"there is {held}, and a minimal model takes at least two sizes"
    if n_units < LEAST_UNITS:
        return None, (
            f"there {'is' if n_units == 1 else 'are'} {n_units} of the {units} that all models "
            f"share, and an equivalence test takes at least {LEAST_UNITS}"
        )
    models = [str(model) for model in trained["model"]]
    return minimal_model(models, trained["n_parameters"], block.loc[models], margin), ""


def scale_levels(
    store: ResultStore, frame: pd.DataFrame, metric: str, units: Units
) -> pd.DataFrame:
    """Find the floor and the roof of each response: its strongest baseline and its noise ceiling.

    Parameters
    ----------
    store : ResultStore
    frame : pandas.DataFrame
        The scores whose runs count, see :func:`scale_by_response`.
    metric : {"r", "r_normalized", "unique_r2"}
        Unique variance is counted from the baselines on, and has neither.
    units : {"folds", "subjects"}

    Returns
    -------
    pandas.DataFrame
        roi, hemisphere, kind ("floor" or "ceiling"), name, mean, low, high. The floor is the
        baseline with the highest mean of those that are the same for every model.
    """
    columns = [*_PLACE, "kind", "name", "mean", "low", "high"]
    if metric not in _WITH_FLOOR or frame.empty:
        return pd.DataFrame(columns=columns)
    rows = [*_floors(store, frame, metric, units), *_ceilings(frame, metric)]
    return pd.DataFrame(rows, columns=columns)


def _floors(
    store: ResultStore, frame: pd.DataFrame, column: str, units: Units
) -> list[tuple[object, ...]]:
    scores = store.query(
        f"""
        SELECT subject, roi, hemisphere, baseline, coalesce(held_out, fold::VARCHAR) AS fold,
               avg({column}) AS score
        FROM baseline_scores JOIN runs USING (run_id)
        WHERE run_id IN (SELECT unnest(?)) AND baseline <> '{_OF_THE_MODEL}'
              AND {column} IS NOT NULL
        GROUP BY ALL ORDER BY ALL
        """,
        [sorted(frame["run_id"].unique())],
    )
    unit, other = ("fold", "subject") if units == "folds" else ("subject", "fold")
    wanted = set(zip(frame["roi"], frame["hemisphere"], strict=True))
    found: list[tuple[object, ...]] = []
    for place, rows in scores.groupby(_PLACE, sort=False):
        if place not in wanted:
            continue
        within = rows.groupby(["baseline", unit, other])["score"].mean()
        means = within.groupby(["baseline", unit]).mean().unstack()
        strongest = str(means.mean(axis=1).idxmax())
        interval = mean_interval(means.loc[strongest].dropna())
        found.append((*place, "floor", strongest, *interval))
    return found


def _ceilings(frame: pd.DataFrame, metric: str) -> list[tuple[object, ...]]:
    known = frame.groupby(_PLACE, sort=False)["ceiling"].mean().dropna().reset_index()
    heights = known["ceiling"] if metric == "r" else [1.0] * len(known)
    return [
        (roi, hemisphere, "ceiling", "noise ceiling", height, np.nan, np.nan)
        for roi, hemisphere, height in zip(known["roi"], known["hemisphere"], heights, strict=True)
    ]


def scale_points(scalings: Sequence[Scaling]) -> pd.DataFrame:
    """Put the points of all responses into one frame, with what was found about each.

    Parameters
    ----------
    scalings : sequence of Scaling
        See :func:`scale_by_response`.

    Returns
    -------
    pandas.DataFrame
        ``Scaling.points``, and roi, hemisphere, difference (from the largest model) with
        difference_low and difference_high (90% t interval), p (TOST), p_holm, and verdict, which is
        "largest" for the largest model and empty for models that were not compared; minimal:
        whether it is the minimal model.
    """
    return pd.concat([_with_verdicts(scaling) for scaling in scalings], ignore_index=True)


def _with_verdicts(scaling: Scaling) -> pd.DataFrame:
    points = scaling.points.assign(roi=scaling.roi, hemisphere=scaling.hemisphere)
    answer = scaling.minimal
    found = pd.DataFrame(
        [
            (c.model, c.test.mean, c.test.low, c.test.high, c.test.p, c.p_holm, c.verdict)
            for c in (answer.comparisons if answer else ())
        ],
        columns=["model", "difference", "difference_low", "difference_high", "p", "p_holm",
                 "verdict"],
    )  # fmt: skip
    joined = points.merge(found, on="model", how="left").fillna({"verdict": ""})
    largest = joined["model"] == (answer.largest if answer else None)
    joined.loc[largest, "verdict"] = "largest"
    return joined.assign(minimal=joined["model"] == (answer.model if answer else None))


def scale_lines(scalings: Sequence[Scaling], axis: Axis = "n_parameters") -> pd.DataFrame:
    """Put the fitted curves of all responses into one frame.

    Parameters
    ----------
    scalings : sequence of Scaling
        See :func:`scale_by_response`.
    axis : {"n_parameters", "perplexity"}
        As they were fitted.

    Returns
    -------
    pandas.DataFrame
        roi, hemisphere, form, rank (0 for the form with the lower AICc), x (parameters or
        perplexity), value, low, high.
    """
    columns = ["roi", "hemisphere", "form", "rank", "x", "value", "low", "high"]
    lines = [
        fit.line.assign(
            roi=scaling.roi,
            hemisphere=scaling.hemisphere,
            form=fit.form,
            rank=rank,
            x=1 / fit.line["size"] if axis == "perplexity" else fit.line["size"],
        )
        for scaling in scalings
        for rank, fit in enumerate(scaling.fits.fits)
    ]
    return pd.concat(lines, ignore_index=True)[columns] if lines else pd.DataFrame(columns=columns)
