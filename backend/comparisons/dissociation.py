"""Competence beside predictivity: what compression takes from each, and whether from both alike."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from backend.comparisons.claims_competence import competence_changes as perplexity_changes
from backend.comparisons.probes import competence_changes
from backend.comparisons.scores import (
    Units,
    by_unit,
    comparable_scores,
    paired_with_full_precision,
)
from backend.figures.labels import joined
from backend.statistics import benjamini_hochberg, mean_interval
from backend.statistics.units import LEAST_UNITS
from backend.store.probe_queries import probe_runs
from backend.store.queries import model_quality
from backend.store.reader import ResultStore
from backend.store.selection import Selection

PERPLEXITY, KNOWLEDGE = "perplexity", "knowledge"
_PLACE = ["roi", "hemisphere"]
_ALPHA = 0.05
_CLEAR = 3.0


class Share(NamedTuple):
    """A change in percent, its standard error, and the degrees of freedom of that."""

    percent: float
    se: float
    df: float


def predictivity_changes(
    store: ResultStore, selection: Selection, split: str, units: Units = "folds"
) -> pd.DataFrame:
    """Compare each compressed model's predictivity with full precision, unit by unit.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set.
    split : str
    units : {"folds", "subjects"}

    Returns
    -------
    pandas.DataFrame
        One row per model, compression, roi and hemisphere: model, compression, roi, hemisphere,
        dataset, subject (all of them), evidence, source, split, n_samples, n_folds, context_length,
        n_parameters, n_units, r_full, r_change, percent, percent_se, percent_df. At the best layer
        of full precision, chosen on the other folds; percent is of the score at full precision, a
        linearised ratio, NaN where that is not clearly above 0.
    """
    scores = comparable_scores(store, selection.model_copy(update={"compressions": ()}), split)
    pairs = paired_with_full_precision(scores.frame)
    rows = []
    for (model, compression, roi, side), cells in pairs.groupby(
        ["model", "compression", *_PLACE], sort=False
    ):
        full = by_unit(cells, "full", units)["full"].to_numpy(dtype=np.float64)
        change = by_unit(cells, "difference", units)["difference"].to_numpy(dtype=np.float64)
        found = share(full, change)
        first = cells.iloc[0]
        rows.append(
            {
                "model": model, "compression": compression, "roi": roi, "hemisphere": side,
                "subject": joined(sorted(cells["subject"].unique())),
                **{name: first[name] for name in _OF_RUN},
                "n_units": len(full), "r_full": full.mean(), "r_change": change.mean(),
                "percent": found.percent, "percent_se": found.se, "percent_df": found.df,
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=_PREDICTIVITY)


_OF_RUN = [
    "dataset", "evidence", "source", "split", "n_samples", "n_folds", "context_length",
    "n_parameters",
]  # fmt: skip
_PREDICTIVITY = [
    "model", "compression", *_PLACE, "subject", *_OF_RUN, "n_units", "r_full", "r_change",
    "percent", "percent_se", "percent_df",
]  # fmt: skip


def share(full: np.ndarray, change: np.ndarray) -> Share:
    """Change in percent of what there was, with the error of a linearised ratio.

    Parameters
    ----------
    full, change : ndarray, shape (n_units,)

    Returns
    -------
    Share
        NaN where there are too few units, or there was not clearly something to lose.
    """
    n = len(full)
    nothing = Share(float("nan"), float("nan"), float("nan"))
    if n < LEAST_UNITS:
        return nothing
    mean, error = full.mean(), full.std(ddof=1) / np.sqrt(n)
    if mean <= 0 or mean < _CLEAR * error:
        return nothing
    ratio = change.mean() / mean
    residual = change - ratio * full
    return Share(100 * ratio, 100 * residual.std(ddof=1) / np.sqrt(n) / mean, float(n - 1))


def competence_shares(
    store: ResultStore, dataset: str, models: Sequence[str], facts: str | None = None
) -> pd.DataFrame:
    """Collect what compression takes from competence, on every axis that was measured.

    Parameters
    ----------
    store : ResultStore
    dataset : str
        Set of probes.
    models : sequence of str
    facts : str, optional
        Set of facts asked by cloze; by default the latest.

    Returns
    -------
    pandas.DataFrame
        One row per model, compression and axis: model, compression, phenomenon (of the probes and
        their mean, ``perplexity``, ``knowledge``), percent, percent_se (0 for perplexity, which is
        of one text without sampling), df.
    """
    probes = competence_changes(store, dataset, models)
    quality = model_quality(store)
    texts = perplexity_changes(quality[quality["model"].isin(models)])
    of_text = texts.rename(columns={"competence": "percent"}).assign(
        phenomenon=PERPLEXITY, percent_se=0.0, df=np.inf
    )
    runs = probe_runs(store)
    known = list(runs.loc[runs["kind"] == "cloze", "dataset"])
    asked = facts or (known[0] if known else "")
    cloze = competence_changes(store, asked, models)
    cloze = cloze[cloze["phenomenon"] == KNOWLEDGE]
    columns = ["model", "compression", "phenomenon", "percent", "percent_se", "df"]
    parts = [part[columns] for part in (probes, of_text, cloze) if not part.empty]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def dissociations(predictivity: pd.DataFrame, competence: pd.DataFrame) -> pd.DataFrame:
    """Test, for each model and compression, whether competence falls more than predictivity.

    One test of the interaction: the difference of the two changes, each in percent of full
    precision, and not two verdicts of which one is significant and the other is not.

    Parameters
    ----------
    predictivity : pandas.DataFrame
        As of :func:`predictivity_changes`.
    competence : pandas.DataFrame
        As of :func:`competence_shares`.

    Returns
    -------
    pandas.DataFrame
        Rows of ``predictivity`` by phenomenon: competence, competence_low, competence_high,
        predictivity, predictivity_low, predictivity_high, interaction (competence minus
        predictivity, in percentage points), interaction_low, interaction_high (95% t intervals,
        degrees of freedom by Welch and Satterthwaite), p (two-sided), q (Benjamini-Hochberg within
        a region and phenomenon) and verdict: ``dissociates`` (competence falls more), ``reversed``
        (predictivity falls more) or ``undecided``. Pairs without something to lose on either side
        are left out.
    """
    left = predictivity.rename(columns={"percent": "predictivity", "percent_se": "p_se"})
    right = competence.rename(columns={"percent": "competence", "percent_se": "c_se"})
    rows = left.merge(right, on=["model", "compression"]).dropna(
        subset=["predictivity", "competence", "p_se", "c_se"]
    )
    if rows.empty:
        return pd.DataFrame(columns=[*rows.columns, *_TESTED])
    for name, error, column in (
        ("predictivity", "p_se", "percent_df"),
        ("competence", "c_se", "df"),
    ):
        half = stdtrit(rows[column].astype(float), 0.975) * rows[error]
        rows[f"{name}_low"], rows[f"{name}_high"] = rows[name] - half, rows[name] + half
    variance = rows["p_se"] ** 2 + rows["c_se"] ** 2
    df = variance**2 / (rows["p_se"] ** 4 / rows["percent_df"] + rows["c_se"] ** 4 / rows["df"])
    spread = np.sqrt(variance)
    rows["interaction"] = rows["competence"] - rows["predictivity"]
    half = stdtrit(df.astype(float), 0.975) * spread
    rows["interaction_low"] = rows["interaction"] - half
    rows["interaction_high"] = rows["interaction"] + half
    rows["p"] = 2 * stdtr(df.astype(float), -np.abs(rows["interaction"] / spread))
    rows["q"] = rows.groupby([*_PLACE, "phenomenon"])["p"].transform(
        lambda p: benjamini_hochberg(p.to_numpy())
    )
    below = np.where(rows["interaction"] < 0, "dissociates", "reversed")
    rows["verdict"] = np.where(rows["q"] < _ALPHA, below, "undecided")
    return rows.reset_index(drop=True)


_TESTED = [
    "predictivity_low", "predictivity_high", "competence_low", "competence_high", "interaction",
    "interaction_low", "interaction_high", "p", "q", "verdict",
]  # fmt: skip


def over_models(tested: pd.DataFrame) -> pd.DataFrame:
    """Average the interaction over models, each of which counts once.

    Parameters
    ----------
    tested : pandas.DataFrame
        As of :func:`dissociations`.

    Returns
    -------
    pandas.DataFrame
        One row per roi, hemisphere and phenomenon: n_models, n_pairs, mean, low, high (95% t
        interval over models; NaN of fewer than three) and verdict.
    """
    rows = []
    for (roi, side, phenomenon), cells in tested.groupby([*_PLACE, "phenomenon"], sort=False):
        values = cells.groupby("model")["interaction"].mean().to_numpy()
        mean, low, high = mean_interval(values)
        few = len(values) < LEAST_UNITS
        verdict = "dissociates" if high < 0 else "reversed" if low > 0 else "undecided"
        rows.append(
            {
                "roi": roi, "hemisphere": side, "phenomenon": phenomenon, "n_models": len(values),
                "n_pairs": len(cells), "mean": mean, "low": np.nan if few else low,
                "high": np.nan if few else high, "verdict": "undecided" if few else verdict,
            }
        )  # fmt: skip
    columns = [*_PLACE, "phenomenon", "n_models", "n_pairs", "mean", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns)
