"""What a run is called beside its map: all of it, or what tells it from the others."""

from collections.abc import Sequence

import pandas as pd

from backend.figures.labels import compression_title, model_title

_TOLD = ("model", "compression", "subject", "context_length")


def run_name(run: pd.Series, keys: Sequence[str] = _TOLD) -> str:
    """Name a run.

    Parameters
    ----------
    run : pandas.Series
    keys : sequence of str
        Which of model, compression, subject and context_length to name.

    Returns
    -------
    str
    """
    told = {
        "model": model_title(run["model"]),
        "compression": compression_title(run["compression"]),
        "subject": str(run["subject"]),
        "context_length": f"context {int(run['context_length'])}",
    }
    return ", ".join(told[key] for key in keys)


def short_names(runs: pd.DataFrame) -> dict[str, str]:
    """Name each run by its model and by what else differs between them.

    Parameters
    ----------
    runs : pandas.DataFrame

    Returns
    -------
    dict of str to str
        By run_id.
    """
    keys = [key for key in _TOLD if key == "model" or runs[key].nunique() > 1]
    return {str(run["run_id"]): run_name(run, keys) for _, run in runs.iterrows()}


def difference_name(run: pd.Series, other: pd.Series) -> str:
    """Name two runs by what they differ in, and say once what they share."""
    unlike = [key for key in _TOLD if run[key] != other[key]]
    alike = [key for key in _TOLD if key not in unlike]
    return f"{run_name(run, unlike)} less {run_name(other, unlike)}; {run_name(run, alike)}"
