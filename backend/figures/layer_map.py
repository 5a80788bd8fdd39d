"""Predictivity by region and layer as one map, early regions above late ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.cells import cell_words
from backend.figures.draft import Draft
from backend.figures.labels import roi_title, short_region
from backend.figures.layer_marks import AXIS_TITLES
from backend.figures.theme import Mode, mark_simulated, style

_UNITS = {"r": "r", "r_normalized": "r / ceiling", "unique_r2": "unique R²"}
_ROW = 25
_TOP, _BOTTOM = 76, 68
# More columns leave no room for a number in each cell.
_NUMBERS = 12
_MOST_TICKS = 20
_SCALE = "Viridis"


def map_order(keys: pd.DataFrame, places: Mapping[str, int]) -> pd.DataFrame:
    """Put regions in the order of a hierarchy, those without a place last.

    Parameters
    ----------
    keys : pandas.DataFrame
        With roi and hemisphere.
    places : mapping of str to int

    Returns
    -------
    pandas.DataFrame
        The same rows; within a place by name, left before right.
    """
    last = max(places.values(), default=0) + 1
    return keys.assign(_place=[places.get(roi, last) for roi in keys["roi"]]).sort_values(
        ["_place", "roi", "hemisphere"], kind="stable", ignore_index=True
    ).drop(columns="_place")  # fmt: skip


def layer_map_figure(
    curves: pd.DataFrame,
    peaks: pd.DataFrame,
    metric: str = "r",
    mode: Mode = "light",
    axis: str = "layer",
    subtitle: str = "",
) -> go.Figure:
    """Draw regions in rows and layers in columns, each row's peak framed.

    Parameters
    ----------
    curves : pandas.DataFrame
        A row per roi, hemisphere and layer, rows of the map from the top; see
        :meth:`backend.comparisons.layer_curves.LayerCurves.table`.
    peaks : pandas.DataFrame
        See :meth:`backend.comparisons.layer_curves.LayerCurves.peaks`.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}
    axis : {"layer", "depth"}
        What the columns are called.
    subtitle : str

    Returns
    -------
    plotly.graph_objects.Figure
        One scale over all rows. A frame marks a row's peak; a dotted one where it does not count.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("layer_map_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    rows = list(dict.fromkeys(zip(curves["roi"], curves["hemisphere"], strict=True)))
    names = [short_region(roi, side) for roi, side in rows]
    layers = sorted({int(layer) for layer in curves["layer"]})
    values = _matrix(curves, rows, layers)
    dataset = curves["dataset"].iloc[0]
    full = [[roi_title(dataset, roi)] * len(layers) for roi, _ in rows]
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    figure = Draft()
    numbers = np.tile(np.asarray(layers, dtype=object), (len(rows), 1))
    figure.add_trace(
        {
            "type": "heatmap",
            "x": list(range(len(layers))),
            "y": list(range(len(rows))),
            "z": values,
            "customdata": np.dstack([full, numbers]),
            "hovertemplate": "%{customdata[0]}, layer %{customdata[1]}: %{z:.3f}<extra></extra>",
            "colorscale": _SCALE,
            "zmin": low,
            "zmax": high,
            "xgap": 1,
            "ygap": 1,
            "colorbar": {
                "title": {"text": _UNITS[metric], "side": "top"},
                "thickness": 14,
                "outlinewidth": 0,
            },
        }
    )
    if len(layers) <= _NUMBERS:
        words = [[_short(value) for value in row] for row in values]
        figure.add_trace(cell_words(words, values, (low, high), _SCALE))
    style(figure, mode, height=_TOP + _BOTTOM + _ROW * max(len(rows), 5))
    figure.layout["shapes"] = _frames(peaks, rows, layers, mode)
    _finish(figure, names, layers, axis, subtitle)
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure.figure()


def _matrix(
    curves: pd.DataFrame, rows: Sequence[tuple[str, str]], layers: Sequence[int]
) -> np.ndarray:
    wide = curves.pivot(index=["roi", "hemisphere"], columns="layer", values="mean")
    return wide.reindex(index=pd.MultiIndex.from_tuples(rows), columns=list(layers)).to_numpy(float)


def _short(value: float) -> str:
    """Write a correlation in as little room as there is."""
    return "" if np.isnan(value) else f"{value:.2f}".replace("0.", ".", 1)


def _frames(
    peaks: pd.DataFrame, rows: Sequence[tuple[str, str]], layers: Sequence[int], mode: Mode
) -> list[dict[str, object]]:
    frames = list[dict[str, object]]()
    for peak in peaks.to_dict("records"):
        row = rows.index((peak["roi"], peak["hemisphere"]))
        column = layers.index(int(peak["layer"]))
        line = {"color": "#FFFFFF" if mode == "dark" else "#000000", "width": 2.5,
                "dash": "solid" if peak["counts"] else "dot"}  # fmt: skip
        frames.append(
            {"type": "rect", "x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.46,
             "y1": row + 0.46, "line": line}
        )  # fmt: skip
    return frames


def _finish(
    figure: Draft,
    names: Sequence[str],
    layers: Sequence[int],
    axis: str,
    title: str,
) -> None:
    last = max(layers[-1], 1)
    step = -(-len(layers) // _MOST_TICKS)
    shown = list(range(0, len(layers), step))
    labels = [str(layers[i]) if axis == "layer" else f"{layers[i] / last:.2g}" for i in shown]
    figure.update_layout(
        title={"text": "Regions by layer", "subtitle": {"text": title}},
        margin={"t": _TOP, "b": _BOTTOM, "l": 90},
    )
    figure.update_xaxes(
        title_text=AXIS_TITLES[axis],
        tickvals=shown,
        ticktext=labels,
        showgrid=False,
        ticks="",
        range=[-0.5, len(layers) - 0.5],
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=list(names),
        range=[len(names) - 0.5, -0.5], showgrid=False, ticks="",
    )  # fmt: skip
