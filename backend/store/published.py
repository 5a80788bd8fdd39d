"""Published figures, read from their source files into one tidy table."""

from pathlib import Path

import pandas as pd

from backend.errors import InputError
from backend.store.schema import PUBLISHED

SPLIT_CONFOUND = "published_split_confound.csv"
SCALING_MODELS = "bonnasse_gahot2024_models.csv"
LPP_LAYERS = "lpp_llama31_8b_layers_unreviewed.csv"


def read_published(folder: Path) -> pd.DataFrame:
    """Read the published figures in a folder.

    Parameters
    ----------
    folder : Path
        Holds ``published_split_confound.csv``, ``bonnasse_gahot2024_models.csv`` and
        ``lpp_llama31_8b_layers_unreviewed.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per figure; columns as ``PUBLISHED`` in :mod:`backend.store.schema`.

    Raises
    ------
    InputError
        If one of the files is missing.
    """
    for name in (SPLIT_CONFOUND, SCALING_MODELS, LPP_LAYERS):
        if not (folder / name).is_file():
            raise InputError(f"the folder {folder} has no {name}; name the one that holds it.")
    parts = [
        _split_confound(folder / SPLIT_CONFOUND),
        _scaling_models(folder / SCALING_MODELS),
        _lpp_layers(folder / LPP_LAYERS),
    ]
    # Outer join by construction: a column that a source does not have is missing, not zero.
    return pd.concat(parts, ignore_index=True).reindex(columns=PUBLISHED.names)


def _split_confound(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    return pd.DataFrame(
        {
            "citation": "hadidi2025",
            "reviewed": True,
            "dataset": table["dataset"],
            "model": table["model"],
            "split": table["split"],
            "metric": table["metric"],
            "value": table["mean"],
            "sem": table["sem"],
            "n": table["n_subjects"],
            "unit_of_n": "subjects",
        }
    )


def _scaling_models(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    long = table.melt(
        id_vars=["model_name", "n_parameters"],
        value_vars=["ppl", "hellaswag"],
        var_name="metric",
        value_name="value",
    )
    return pd.DataFrame(
        {
            "citation": "bonnasse-gahot2024",
            "reviewed": True,
            "model": long["model_name"],
            "n_parameters": long["n_parameters"],
            "metric": long["metric"].replace({"ppl": "perplexity"}),
            "value": long["value"],
        }
    )


def _lpp_layers(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    return pd.DataFrame(
        {
            "citation": "lpp-replication",
            "reviewed": False,
            "dataset": "The Little Prince (fMRI, listening), one subject",
            "model": "Llama-3.1-8B " + table["variant"].str.lower(),
            "layer": table["layer"],
            "metric": "pearson_r",
            "value": table["mean_r_over_9_runs"],
            "sem": table["sem"],
            "n": 9,
            "unit_of_n": "runs",
        }
    )
