"""What probes say of phenomena: profiles over layers, and what compression changes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from backend.probing.tasks import PHENOMENA
from backend.store.probe_queries import probe_clusters, probe_runs, probe_scores
from backend.store.reader import ResultStore

# Half-widths of a 95% interval in standard errors, of many clusters.
_Z = 1.96
FULL = "none"
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
        words that items share), percent (of what full precision has above chance). Scores are the
        mean over layers past the embeddings, so that no layer is chosen by its score.
    """
    runs = probe_runs(store)
    runs = runs[(runs["dataset"] == dataset) & runs["model"].isin(models)]
    if runs.empty:
        return _nothing()
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
    return pd.DataFrame(found) if found else _nothing()


def _nothing() -> pd.DataFrame:
    columns = [
        "model", "compression", "run_id", "phenomenon", "n_tasks", "full", "full_gain", "mean",
        "se", "df", "low", "high", "percent",
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


def _changes(before: Clusters, after: Clusters) -> list[dict[str, object]]:
    """Change of each phenomenon over the tasks that both runs have, and of their mean."""
    tasks = [
        (phenomenon, chance, full, after[name][2] - full)
        for name, (phenomenon, chance, full) in before.items()
        if name in after and len(after[name][2]) == len(full)
    ]
    rows = []
    for phenomenon in in_order([each[0] for each in tasks]):
        of_phenomenon = [each for each in tasks if each[0] == phenomenon]
        rows.append(_average(phenomenon, [_of_task(*each[1:]) for each in of_phenomenon]))
    return [*rows, _average(OVERALL, rows)] if rows else []


def _of_task(chance: float, full: np.ndarray, change: np.ndarray) -> dict[str, object]:
    n = len(change)
    error = float(change.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    score = float(full.mean())
    return {
        "n_tasks": 1, "full": score, "full_gain": score - chance, "mean": float(change.mean()),
        "se": error, "df": float(n - 1),
    }  # fmt: skip


def _average(phenomenon: str, parts: Sequence[dict[str, object]]) -> dict[str, object]:
    """Average independent changes; degrees of freedom by Welch and Satterthwaite."""
    values = pd.DataFrame(parts)[["n_tasks", "full", "full_gain", "mean", "se", "df"]].astype(float)
    n = len(values)
    variances = values["se"] ** 2
    error = float(np.sqrt(variances.sum()) / n)
    terms = (variances**2 / values["df"]).sum()
    df = float(variances.sum() ** 2 / terms) if terms > 0 else float(values["df"].sum())
    mean, gain = float(values["mean"].mean()), float(values["full_gain"].mean())
    half = float(stdtrit(df, 0.975)) * error
    return {
        "phenomenon": phenomenon,
        "n_tasks": int(values["n_tasks"].sum()),
        "full": float(values["full"].mean()),
        "full_gain": gain,
        "mean": mean,
        "se": error,
        "df": df,
        "low": mean - half,
        "high": mean + half,
        "percent": 100 * mean / gain if gain > 0 else float("nan"),
    }


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
    return sorted(sizes.index, key=lambda name: (name.endswith(":random"), -sizes[name], name))
