"""How many lines a figure bears."""

import pandas as pd

MOST = 8
"""Lines that can be told from each other."""


def few_series(curves: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """Leave out series where there are too many for one figure.

    Full precision of trained models is kept, of these the largest.

    Parameters
    ----------
    curves : pandas.DataFrame
        With model, compression and n_parameters.
    most : int
        Series that are kept.

    Returns
    -------
    pandas.DataFrame
        All rows, where there are no more series than that.
    """
    pairs = curves[["model", "compression", "n_parameters"]].drop_duplicates()
    if len(pairs) <= most:
        return curves
    full = pairs[(pairs["compression"] == "none") & ~pairs["model"].str.endswith(":random")]
    kept = (full if len(full) else pairs).nlargest(most, "n_parameters")
    names = set(zip(kept["model"], kept["compression"], strict=True))
    rows = [pair in names for pair in zip(curves["model"], curves["compression"], strict=True)]
    return curves[rows].reset_index(drop=True)


def n_series(curves: pd.DataFrame) -> int:
    """Count models and compressions in a frame."""
    return len(curves[["model", "compression"]].drop_duplicates())
