"""Is one method the exception? Each against its peers, by one test for all of them."""

from collections.abc import Collection, Mapping
from typing import Literal

import pandas as pd

from backend.comparisons.compression import MARGIN, judge
from backend.comparisons.compression_methods import LEAST_PEERS, Peers, in_order, method, peers

Over = Literal["models", "families", "folds", "subjects"]


def exceptions(
    differences: pd.DataFrame,
    over: Over,
    margin: float = MARGIN,
    families: Mapping[str, str] | None = None,
    named: Collection[str] = (),
) -> pd.DataFrame:
    """Test of each method whether it departs from its peers.

    A method's contrast in a model is its difference from full precision less the median difference
    of its peers, methods of the same bits or sparsity; see
    :func:`backend.comparisons.compression_methods.peers`. Contrasts are judged as differences from
    full precision are (:func:`backend.comparisons.compression.verdicts`): ``worse`` and ``better``
    are exceptions, ``equivalent`` is in line with the peers within the margin.

    Parameters
    ----------
    differences : pandas.DataFrame
        As of :func:`backend.comparisons.scores.by_unit`, in one response.
    over : {"models", "families", "folds", "subjects"}
        What varies in the test. Models and families speak of methods in general, and families
        average their models first, which are alike; folds and subjects speak of one model.
    margin : float
    families : mapping of str to str, optional
        Each model's family; for ``families``.
    named : collection of str
        Methods that a claim named beforehand. They are corrected among themselves, and the others,
        which are looked at because they are there, among themselves.

    Returns
    -------
    pandas.DataFrame
        One row per method with two peers or more: compression, group, peers (how many), against
        (what they are), named, and the columns of :func:`backend.comparisons.compression.judge`.

    Raises
    ------
    ValueError
        If one model is to be tested and there are several.
    KeyError
        If a model's family is not told.
    InputError
        If the margin is not a positive number.

    Notes
    -----
    The median and not the mean: beside one exception the mean of the peers moves, so that every
    other method would seem one too, in the opposite direction. With two peers the two are the
    same.
    """
    if over in ("folds", "subjects") and differences["model"].nunique() > 1:
        raise ValueError(f"one model is tested over {over}, and several were given")
    row = "unit" if over in ("folds", "subjects") else "model"
    wide = differences.pivot_table(index=row, columns="compression", values="difference")
    held = {name: peers(name, wide.columns) for name in in_order(wide.columns)}
    contrasts = [_contrast(wide, name, against) for name, against in held.items() if against.names]
    columns = ["compression", "unit", "difference"]
    rows = pd.concat(contrasts) if contrasts else pd.DataFrame(columns=columns)
    if over == "families":
        rows["unit"] = [(families or {})[model] for model in rows["unit"]]
    rows["named"] = rows["compression"].isin(list(named))
    judged = judge(rows, ["compression", "named"], margin, over, family=["named"])
    names = list(judged["compression"])
    return judged.assign(
        group=[method(name).group for name in names],
        peers=[len(held[name].names) for name in names],
        against=[held[name].what for name in names],
    )


def _contrast(wide: pd.DataFrame, name: str, against: Peers) -> pd.DataFrame:
    others = wide[list(against.names)]
    # Where a model lacks most of the peers, the rest need not be comparable to other models'.
    enough = others.notna().sum(axis=1) >= LEAST_PEERS
    contrast = (wide[name] - others.median(axis=1))[enough].dropna()
    return pd.DataFrame(
        {"compression": name, "unit": contrast.index, "difference": contrast.to_numpy()}
    )
