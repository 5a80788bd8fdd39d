"""Questions about probes, each answered by one tidy data frame."""

from collections.abc import Sequence

import pandas as pd

from backend.store.reader import ResultStore

_OF_RUN = (
    "kind, dataset, data_sha256, model, model_fingerprint, model_family, n_parameters, "
    "compression, bits_per_weight, evidence, source, n_seeds, created_at"
)
# Of runs whose requests differ in their layers or seeds alone, the latest.
_LATEST = f"""
    latest AS (
        SELECT run_id, {_OF_RUN} FROM probe_runs
        QUALIFY row_number() OVER (
            PARTITION BY kind, dataset, data_sha256, model, model_fingerprint, compression
            ORDER BY created_at DESC, run_id
        ) = 1
    )
"""


def has_probes(store: ResultStore, run_id: str) -> bool:
    """Whether a run of probes is in the store.

    Parameters
    ----------
    store : ResultStore
    run_id : str

    Returns
    -------
    bool
    """
    return len(store.query("SELECT 1 FROM probe_runs WHERE run_id = ?", [run_id])) > 0


def probe_runs(store: ResultStore) -> pd.DataFrame:
    """List runs of probes, newest first.

    Parameters
    ----------
    store : ResultStore

    Returns
    -------
    pandas.DataFrame
        Columns of ``probe_runs``; of runs of one set, model and compression the latest.
    """
    return store.query(
        f"WITH {_LATEST} SELECT probe_runs.* FROM probe_runs SEMI JOIN latest USING (run_id) "
        "ORDER BY created_at DESC, run_id"
    )


def probe_scores(store: ResultStore, run_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """List the scores of probes, each with the set, the model and the compression of its run.

    Parameters
    ----------
    store : ResultStore
    run_ids : sequence of str, optional
        By default all of :func:`probe_runs`.

    Returns
    -------
    pandas.DataFrame
        Columns of ``probe_scores``, without those of single clusters; kind, dataset, model,
        model_family, n_parameters, compression, bits_per_weight, evidence, source, n_seeds; and
        twin_score: what the same probe reads from the same layer of the model's random twin,
        uncompressed, where that was measured.
    """
    marks = ", ".join("?" * len(run_ids or [])) or "NULL"
    wanted = "true" if run_ids is None else f"scored.run_id IN ({marks})"
    return store.query(
        f"""
        WITH {_LATEST},
        scored AS (
            SELECT * EXCLUDE (cluster_scores, origin) FROM probe_scores JOIN latest USING (run_id)
        ), twins AS (
            SELECT kind, dataset, data_sha256, model, layer, task, score AS twin_score
            FROM scored WHERE model LIKE '%:random' AND compression = 'none'
        )
        SELECT scored.*, twins.twin_score,
               max(scored.layer) OVER (PARTITION BY scored.run_id) AS n_layers
        FROM scored LEFT JOIN twins ON twins.kind = scored.kind
            AND twins.dataset = scored.dataset AND twins.data_sha256 = scored.data_sha256
            AND twins.model = scored.model || ':random' AND twins.task = scored.task
            AND twins.layer IS NOT DISTINCT FROM scored.layer
        WHERE {wanted}
        ORDER BY scored.dataset, scored.model, scored.compression, scored.run_id,
                 scored.phenomenon, scored.task, scored.layer
        """,
        list(run_ids or []),
    )


def probe_sources(store: ResultStore, run_ids: Sequence[str]) -> pd.DataFrame:
    """Say what was asked in runs of probes, and from whom it is.

    Parameters
    ----------
    store : ResultStore
    run_ids : sequence of str

    Returns
    -------
    pandas.DataFrame
        One row per set: dataset, evidence, source.
    """
    return store.query(
        f"""
        SELECT DISTINCT dataset, evidence, source FROM probe_runs
        WHERE run_id IN ({", ".join("?" * len(run_ids)) or "NULL"}) ORDER BY ALL
        """,
        list(run_ids),
    )


def probe_clusters(store: ResultStore, run_ids: Sequence[str]) -> pd.DataFrame:
    """List what each cluster of items adds to each score.

    Parameters
    ----------
    store : ResultStore
    run_ids : sequence of str

    Returns
    -------
    pandas.DataFrame
        run_id, layer, phenomenon, task, chance, score and cluster_scores, a list whose mean is the
        score.
    """
    return store.query(
        f"""
        SELECT run_id, layer, phenomenon, task, chance, score, cluster_scores FROM probe_scores
        WHERE run_id IN ({", ".join("?" * len(run_ids)) or "NULL"})
        ORDER BY run_id, task, layer
        """,
        list(run_ids),
    )


def probe_examples(store: ResultStore, run_id: str, task: str) -> pd.DataFrame:
    """List items that were classified rightly and wrongly.

    Parameters
    ----------
    store : ResultStore
    run_id, task : str

    Returns
    -------
    pandas.DataFrame
        Columns of ``probe_examples``; wrong ones first.
    """
    return store.query(
        "SELECT * FROM probe_examples WHERE run_id = ? AND task = ? ORDER BY is_right, text",
        [run_id, task],
    )
