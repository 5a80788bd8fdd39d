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
    names = _names(curves)
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    if len(first) <= most:
        return curves
    series = curves.iloc[sorted(first.values())].reset_index(drop=True)
    largest = trained_at_full(series).nlargest(most, "n_parameters")
    kept = set(_names(largest))
    return curves[[name in kept for name in names]].reset_index(drop=True)


def n_series(curves: pd.DataFrame) -> int:
    """Count models and compressions in a frame, in each subject and response."""
    return len(set(_names(curves)))


def trained_at_full(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep full precision of trained models, where there is any: all rows otherwise."""
    full = rows[(rows["compression"] == "none") & ~rows["model"].str.endswith(RANDOM_TWIN)]
    return full if len(full) else rows


def _names(curves: pd.DataFrame) -> list[tuple[str, ...]]:
    """Name the series of each row; for so few rows, plain tuples are several times as fast."""
    keys = ("model", "compression", "subject", "roi", "hemisphere")
    return list(zip(*(curves[key].tolist() for key in keys if key in curves), strict=True))
