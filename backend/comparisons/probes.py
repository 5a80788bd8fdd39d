"""What probes say of phenomena: profiles over layers, and what compression changes."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from backend.catalog.twins import is_random
from backend.probing.tasks import PHENOMENA
from backend.store.probe_queries import probe_clusters, probe_runs, probe_scores
from backend.store.reader import ResultStore

# Half-widths of a 95% interval in standard errors, of many clusters.
_Z = 1.96
FULL = "none"
BUNDLED = "bundled"
"""Name of the project's own set of tasks."""
# Standard errors that a gain must lie above chance for its change to be given in percent of it.
_CLEAR = 3.0
OVERALL = "overall"
"""Name of the mean over phenomena."""


def in_order(phenomena: Sequence[str]) -> list[str]:
    """Sort phenomena as they are shown; those of other sources come last."""
    known = [name for name in PHENOMENA if name in phenomena]
    return [*known, *sorted(set(phenomena) - set(known) - {OVERALL})]


def with_surface(scores: pd.DataFrame) -> pd.DataFrame:
    """Add the strongest of chance, length and keywords as ``surface``."""
    floors = scores[["chance", "length_score", "keyword_score"]]
    return scores.assign(surface=floors.max(axis=1))


def profiles(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the tasks of each phenomenon, layer by layer.

    Parameters
    ----------
    scores : pandas.DataFrame
        As of :func:`backend.store.probe_queries.probe_scores`; scores without a layer are left out.

    Returns
    -------
    pandas.DataFrame
        One row per run, phenomenon and layer: run_id, model, compression, evidence, source,
        dataset, phenomenon, layer, n_layers, n_tasks, mean, low, high (95%, over the words that
        items share; tasks are taken as they are), chance, surface, control, twin (NaN unless it is
        known of every task).
    """
    frame = with_surface(scores[scores["layer"].notna()])
    error = (frame["high"] - frame["low"]).astype(float) / (2 * _Z)
    keys = [
        "run_id", "model", "compression", "evidence", "source", "dataset", "phenomenon", "layer",
        "n_layers",
    ]  # fmt: skip
    grouped = frame.assign(variance=error**2).groupby(keys, sort=False)
    table = grouped.agg(
        n_tasks=("task", "nunique"),
        mean=("score", "mean"),
        variance=("variance", "sum"),
        chance=("chance", "mean"),
        surface=("surface", "mean"),
        control=("control_score", "mean"),
        twin=("twin_score", lambda values: values.mean(skipna=False)),
    ).reset_index()
    half = _Z * np.sqrt(table["variance"]) / table["n_tasks"]
    return table.assign(low=table["mean"] - half, high=table["mean"] + half).drop(
        columns="variance"
    )


def best_layers(scores: pd.DataFrame) -> pd.DataFrame:
    """Take each task's layer with the highest score, which favours the score a little.

    Parameters
    ----------
    scores : pandas.DataFrame
        As of :func:`backend.store.probe_queries.probe_scores`.

    Returns
    -------
    pandas.DataFrame
        Its rows with ``surface``, phenomena in order.
    """
    rows = scores.loc[scores.groupby(["run_id", "task"], sort=False)["score"].idxmax()]
    order = {name: place for place, name in enumerate(in_order(list(rows["phenomenon"])))}
    return with_surface(rows).sort_values(
        ["phenomenon", "title"],
        key=lambda column: column.map(order) if column.name == "phenomenon" else column,
        kind="stable",
    )


def competence_changes(store: ResultStore, dataset: str, models: Sequence[str]) -> pd.DataFrame:
    """Compare each compressed model with itself at full precision, item by item.

    Parameters
    ----------
    store : ResultStore
    dataset : str
        Set of probes.
    models : sequence of str

    Returns
    -------
    pandas.DataFrame
        One row per model, compression and phenomenon, and one for their mean, ``overall``: model,
        compression, phenomenon, run_id, n_tasks, full and full_gain (the score at full precision,
        and above chance), mean, se, df, low, high (the change, with its 95% t interval over the
        words that items share), percent and percent_se (the change in percent of what full
        precision has above chance, a linearised ratio; NaN where that is not clearly above chance,
        so that there is nothing to lose). Scores are the mean over layers past the embeddings, so
        that no layer is chosen by its score.
    """
    runs = probe_runs(store)
    runs = runs[(runs["dataset"] == dataset) & runs["model"].isin(models)]
    if runs.empty:
        return no_changes()
    clusters = _over_layers(probe_clusters(store, list(runs["run_id"])))
    found = []
    for (model, _), group in runs.groupby(["model", "data_sha256"], sort=False):
        full = group[group["compression"] == FULL]
        if full.empty:
            continue
        before = clusters[str(full["run_id"].iloc[0])]
        others = group[group["compression"] != FULL]
        for compression, run_id in zip(others["compression"], others["run_id"], strict=True):
            named = {"model": model, "compression": compression, "run_id": run_id}
            found += [{**named, **each} for each in _changes(before, clusters[run_id])]
    return pd.DataFrame(found) if found else no_changes()


def no_changes() -> pd.DataFrame:
    """Return the table of :func:`competence_changes` where nothing was probed."""
    columns = [
        "model", "compression", "run_id", "phenomenon", "n_tasks", "full", "full_gain", "mean",
        "se", "df", "low", "high", "percent", "percent_se",
    ]  # fmt: skip
    return pd.DataFrame(columns=columns)


Clusters = dict[str, tuple[str, float, np.ndarray]]


def _over_layers(frame: pd.DataFrame) -> dict[str, Clusters]:
    """Mean over layers past the embeddings: by run and task its phenomenon, chance and clusters."""
    found: dict[str, Clusters] = {}
    frame = frame[frame["layer"].isna() | (frame["layer"] > 0)]
    for (run_id, task), rows in frame.groupby(["run_id", "task"], sort=False):
        mean = np.mean(np.stack(rows["cluster_scores"].to_list()), axis=0)
        first = rows.iloc[0]
        found.setdefault(str(run_id), {})[str(task)] = (
            first["phenomenon"],
            float(first["chance"]),
            mean,
        )
    return found


class _Task(NamedTuple):
    """A task's gain on chance at full precision, and its change, by cluster of items."""

    phenomenon: str
    chance: float
    full: np.ndarray
    change: np.ndarray


def _changes(before: Clusters, after: Clusters) -> list[dict[str, object]]:
    """Change of each phenomenon over the tasks that both runs have, and of their mean."""
    tasks = [
        _Task(phenomenon, chance, full, after[name][2] - full)
        for name, (phenomenon, chance, full) in before.items()
        if name in after and len(after[name][2]) == len(full)
    ]
    phenomena = in_order([task.phenomenon for task in tasks])
    rows = []
    for phenomenon in phenomena:
        of_phenomenon = [task for task in tasks if task.phenomenon == phenomenon]
        weights = [1 / len(of_phenomenon)] * len(of_phenomenon)
        rows.append(weighted_change(phenomenon, of_phenomenon, weights))
    counts = Counter(task.phenomenon for task in tasks)
    weights = [1 / len(phenomena) / counts[task.phenomenon] for task in tasks]
    return [*rows, weighted_change(OVERALL, tasks, weights)] if rows else []


def weighted_change(
    phenomenon: str, tasks: Sequence[_Task], weights: Sequence[float]
) -> dict[str, object]:
    """Average independent tasks; degrees of freedom by Welch and Satterthwaite."""
    mean, error, df = _total([task.change for task in tasks], weights)
    gain, gain_error, _ = _total([task.full - task.chance for task in tasks], weights)
    half = float(stdtrit(df, 0.975)) * error
    ratio = mean / gain if gain > 0 else float("nan")
    _, ratio_error, _ = _total(
        [task.change - ratio * (task.full - task.chance) for task in tasks], weights
    )
    known = gain > _CLEAR * gain_error and gain > 0
    return {
        "phenomenon": phenomenon,
        "n_tasks": len(tasks),
        "full": gain + float(np.dot(weights, [task.chance for task in tasks])),
        "full_gain": gain,
        "mean": mean,
        "se": error,
        "df": df,
        "low": mean - half,
        "high": mean + half,
        "percent": 100 * ratio if known else float("nan"),
        "percent_se": 100 * ratio_error / gain if known else float("nan"),
    }


def _total(parts: Sequence[np.ndarray], weights: Sequence[float]) -> tuple[float, float, float]:
    """Weighted sum of means, its standard error, and the degrees of freedom of that."""
    means = np.array([part.mean() for part in parts])
    counts = np.array([len(part) for part in parts])
    spread = [part.var(ddof=1) if len(part) > 1 else np.nan for part in parts]
    variances = np.square(weights) * spread / counts
    terms = (variances**2 / np.maximum(counts - 1, 1)).sum()
    df = float(variances.sum() ** 2 / terms) if terms > 0 else float((counts - 1).sum())
    return float(np.dot(weights, means)), float(np.sqrt(variances.sum())), df


def probed_models(store: ResultStore, dataset: str) -> list[str]:
    """List the models that a set was asked of at some layers, trained ones first.

    Parameters
    ----------
    store : ResultStore
    dataset : str

    Returns
    -------
    list of str
    """
    scores = probe_scores(store)
    known = scores[(scores["dataset"] == dataset) & scores["layer"].notna()]
    sizes = known.groupby("model")["n_parameters"].max()
    return sorted(sizes.index, key=lambda name: (is_random(name), -sizes[name], name))
