"""How many lines a figure bears."""

import pandas as pd

from backend.catalog.twins import RANDOM_TWIN

MOST = 8
"""Lines that can be told from each other."""


def few_series(curves: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Leave out series where there are too many for one figure.

    Full precision of trained models is kept, of these the largest.

    Parameters
    ----------
    curves : pandas.DataFrame
        With model, compression and n_parameters, and perhaps subject, roi and hemisphere.
    most : int
        Series that are kept.

    Returns
    -------
    pandas.DataFrame
        All rows, where there are no more series than that.
    """
    numbers = curves.groupby(_keys(curves), sort=False, dropna=False).ngroup()
    first = ~numbers.duplicated()
    if first.sum() <= most:
        return curves
    series = curves[first]
    full = series[(series["compression"] == "none") & ~series["model"].str.endswith(RANDOM_TWIN)]
    kept = (full if len(full) else series).nlargest(most, "n_parameters")
    return curves[numbers.isin(numbers[kept.index])].reset_index(drop=True)


def n_series(curves: pd.DataFrame) -> int:
    """Count models and compressions in a frame, in each subject and response."""
    return len(curves[_keys(curves)].drop_duplicates())


def _keys(curves: pd.DataFrame) -> list[str]:
    keys = ("model", "compression", "subject", "roi", "hemisphere")
    return [key for key in keys if key in curves]
