"""One model's predictivity by layer, taken apart: by region, by subject, by story."""

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.figures.labels import METRIC_TITLES, roi_title
from backend.figures.theme import (
    DASHES,
    SYMBOLS,
    Mode,
    mark_simulated,
    muted,
    series_colour,
    style,
)

By = Literal["region", "subject", "story"]
BY_TITLES: dict[By, str] = {"region": "Regions", "subject": "Subjects", "story": "Stories"}
_COLUMNS = 4
_PANEL_PIXELS = 210


def breakdown_figure(
    curves: pd.DataFrame, by: By, metric: str = "r", mode: Mode = "light"
) -> go.Figure:
    """Draw a curve over layers for each region, subject or story of one model.

    Parameters
    ----------
    curves : pandas.DataFrame
        See :func:`backend.store.queries.layer_breakdown`.
    by : {"region", "subject", "story"}
        Regions get a panel each, with a line per hemisphere; subjects and stories share one.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("breakdown_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    figure = _by_region(curves, mode) if by == "region" else _in_one_panel(curves, by, mode)
    layers = sorted({int(layer) for layer in curves["layer"]})
    figure.update_xaxes(
        tickvals=layers if len(layers) <= 16 else None,
        range=[min(layers) - 0.4, max(layers) + 0.4],
    )
    figure.update_yaxes(range=_range(curves))
    figure.update_yaxes(title_text=METRIC_TITLES[metric], row=1, col=1)
    if metric == "unique_r2":
        figure.add_hline(y=0, line={"color": muted(mode), "width": 1.6})
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure


def _by_region(curves: pd.DataFrame, mode: Mode) -> go.Figure:
    regions = list(dict.fromkeys(curves["roi"]))
    hemispheres = sorted(curves["hemisphere"].unique())
    n_columns = min(_COLUMNS, len(regions))
    n_rows = -(-len(regions) // n_columns)
    figure = make_subplots(
        rows=n_rows,
        cols=n_columns,
        shared_yaxes="all",
        shared_xaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=0.12 if n_rows > 1 else 0.0,
        # A panel has no room for a region's full name.
        subplot_titles=[f"<b>{region}</b>" for region in regions],
    )
    for place, region in enumerate(regions):
        row, column = place // n_columns + 1, place % n_columns + 1
        for index, hemisphere in enumerate(hemispheres):
            rows = curves[(curves["roi"] == region) & (curves["hemisphere"] == hemisphere)]
            if len(rows):
                _add(figure, rows, hemisphere, index, mode, place == 0, row, column)
    style(figure, mode, height=150 + _PANEL_PIXELS * n_rows)
    figure.update_layout(
        title_text="Regions",
        margin={"t": 96},
        legend={"yref": "container", "y": 0.99, "yanchor": "top", "x": 0.12},
    )
    for column in range(1, n_columns + 1):
        figure.update_xaxes(title_text="Layer", row=n_rows, col=column)
    return figure


def _range(curves: pd.DataFrame) -> tuple[float, float]:
    """Cover every mark and bar, and zero."""
    low = float(np.nanmin(np.append(curves[["mean", "low"]].to_numpy(dtype=float), 0.0)))
    high = float(np.nanmax(np.append(curves[["mean", "high"]].to_numpy(dtype=float), 0.0)))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def _in_one_panel(curves: pd.DataFrame, by: By, mode: Mode) -> go.Figure:
    column = "held_out" if by == "story" else "subject"
    figure = make_subplots()
    for index, (name, rows) in enumerate(curves.groupby(column, sort=False)):
        _add(figure, rows, str(name), index, mode, True, 1, 1)
    style(figure, mode)
    first = curves.iloc[0]
    side = "" if first["hemisphere"] == "both" else f", {first['hemisphere']}"
    figure.update_layout(
        title_text=f"{BY_TITLES[by]}: {roi_title(first['dataset'], first['roi'])}{side}"
    )
    figure.update_xaxes(title_text="Layer (0 = embeddings)")
    return figure


def _add(
    figure: go.Figure,
    rows: pd.DataFrame,
    name: str,
    index: int,
    mode: Mode,
    legend: bool,
    row: int,
    column: int,
) -> None:
    known = rows["high"].notna().any()
    bars = {"type": "data", "array": rows["high"] - rows["mean"], "thickness": 1.2, "width": 2}
    figure.add_scatter(
        x=rows["layer"],
        y=rows["mean"],
        error_y=bars if known else None,
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=legend,
        line={
            "color": series_colour(index, mode),
            "width": 2.6,
            "dash": DASHES[index % len(DASHES)],
        },
        marker={"size": 7, "symbol": SYMBOLS[index % len(SYMBOLS)]},
        customdata=np.stack([rows["layer"]], axis=-1),
        hovertemplate="layer %{customdata[0]:.0f}: %{y:.3f}<extra>" + name + "</extra>",
        row=row,
        col=column,
    )
