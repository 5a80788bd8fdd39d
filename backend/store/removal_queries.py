"""Questions about removals, each answered by one tidy data frame."""

import pandas as pd

from backend.store.reader import ResultStore

_OF_RUN = (
    "dataset, data_sha256, subject, modality, model, model_fingerprint, model_family, "
    "n_parameters, compression, bits_per_weight, split, n_folds, n_samples, n_random, "
    "context_length, coalesce(labels, 'bundled') AS labels, warnings, evidence, source, "
    "code_version, created_at"
)


def has_removal(store: ResultStore, run_id: str) -> bool:
    """Whether a run of removals is in the store.

    Parameters
    ----------
    store : ResultStore
    run_id : str

    Returns
    -------
    bool
    """
    return len(store.query("SELECT 1 FROM removal_runs WHERE run_id = ?", [run_id])) > 0


def removal_scores(
    store: ResultStore, dataset: str | None = None, split: str | None = None
) -> pd.DataFrame:
    """List what was predicted before and after a removal, fold by fold.

    Parameters
    ----------
    store : ResultStore
    dataset, split : str, optional
        Of these alone.

    Returns
    -------
    pandas.DataFrame
        Columns of ``removal_scores`` without single draws, unit (the held-out story, or the number
        of the fold), and dataset, data_sha256, subject,
        modality, model, model_family, n_parameters, compression, bits_per_weight, split, n_folds,
        n_samples, n_random, context_length (empty of sentences), labels (what was removed:
        ``bundled``, or the name of labels of the stories' own words), warnings, evidence, source,
        code_version. Of what was measured more than once the latest.
    """
    return store.query(
        f"""
        SELECT * EXCLUDE (random_draws, origin, model_fingerprint, created_at),
               coalesce(held_out, fold::VARCHAR) AS unit
        FROM removal_scores JOIN (SELECT run_id, {_OF_RUN} FROM removal_runs) USING (run_id)
        WHERE (?::VARCHAR IS NULL OR dataset = ?) AND (?::VARCHAR IS NULL OR split = ?)
        QUALIFY dense_rank() OVER (
            PARTITION BY dataset, data_sha256, subject, model, model_fingerprint, compression,
                         split, context_length, labels, layer, phenomenon, roi, hemisphere
            ORDER BY created_at DESC, run_id
        ) = 1
        ORDER BY dataset, subject, split, labels <> 'bundled', labels, context_length, model,
                 compression <> 'none', compression, layer, phenomenon, roi, hemisphere, fold
        """,
        [dataset, dataset, split, split],
    )
