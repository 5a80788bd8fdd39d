"""Predictivity by layer, beside its baselines and ceiling."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.figures.labels import (
    BASELINE_TITLES,
    METRIC_TITLES,
    SPLIT_TITLES,
    roi_title,
    series_titles,
)
from backend.figures.theme import (
    BASELINE_DASH,
    DASHES,
    SYMBOLS,
    Mode,
    mark_simulated,
    muted,
    order_colour,
    series_colour,
    style,
)

ORDER = "oasm"
# Beside each other, two panels have room for the baselines that the comparison is about.
_COMPARED = {"length": "length", ORDER: BASELINE_TITLES[ORDER], "all nuisance": "nuisance"}
_DODGE = 0.09
# Of a label in 13 points, and above and below two panels.
_LABEL_PIXELS = 20
_MARGINS = 176
_RIGHT_MARGIN = {1: 190, 2: 140}


class _Level(NamedTuple):
    """A horizontal line and its label: a baseline's score, or the noise ceiling."""

    y: float
    text: str
    line: dict[str, Any]
    bold: bool


def layer_figure(
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    metric: str = "r",
    mode: Mode = "light",
    height: int = 520,
) -> go.Figure:
    """Draw a curve per run over layers, a panel per split.

    Parameters
    ----------
    curves : pandas.DataFrame
        Of one data set and one roi; see :func:`backend.store.queries.layer_curves`.
    baselines : pandas.DataFrame
        Of the same runs; see :func:`backend.store.queries.baseline_scores`. Drawn where the
        metric is on their scale.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars are 95% t intervals over folds; curves are dodged by a tenth of a layer so that
        their bars can be told apart.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("layer_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    splits = list(dict.fromkeys(curves["split"]))
    figure = make_subplots(
        cols=len(splits),
        shared_yaxes=True,
        horizontal_spacing=0.22 if metric != "unique_r2" and len(splits) > 1 else 0.06,
    )
    _add_curves(figure, curves, splits, mode)
    if metric == "unique_r2":
        figure.add_hline(y=0, line={"color": muted(mode), "width": 2})
    else:
        ceiling = _ceiling_level(curves, metric, mode)
        levels = [
            [*_baseline_levels(baselines, split, len(splits), metric, mode), *ceiling]
            for split in splits
        ]
        gap = _label_gap(curves, [level for column in levels for level in column], height)
        for column, of_split in enumerate(levels, start=1):
            _add_levels(figure, of_split, column, gap)
    style(figure, mode, height)
    _finish(figure, curves, splits, metric, mode)
    return figure


def _add_curves(figure: go.Figure, curves: pd.DataFrame, splits: Sequence[str], mode: Mode) -> None:
    titles = series_titles(curves)
    names = list(dict.fromkeys(titles.values()))
    for run_id, rows in curves.groupby("run_id", sort=False):
        name = titles[str(run_id)]
        index = names.index(name)
        colour = series_colour(index, mode)
        column = splits.index(rows["split"].iloc[0]) + 1
        offset = _DODGE * (index - (len(names) - 1) / 2)
        figure.add_scatter(
            x=rows["layer"] + offset,
            y=rows["mean"],
            error_y={
                "type": "data",
                "array": rows["high"] - rows["mean"],
                "thickness": 1.4,
                "width": 3,
            },
            mode="lines+markers",
            name=name,
            legendgroup=name,
            showlegend=column == 1 or name not in {trace.name for trace in figure.data},
            line={"color": colour, "width": 3, "dash": DASHES[index % len(DASHES)]},
            marker={"size": 9, "symbol": SYMBOLS[index % len(SYMBOLS)]},
            customdata=np.stack([rows["layer"], rows["low"], rows["high"]], axis=-1),
            hovertemplate="layer %{customdata[0]:.0f}: %{y:.3f} "
            "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]<extra>" + name + "</extra>",
            row=1,
            col=column,
        )


def _baseline_levels(
    baselines: pd.DataFrame, split: str, n_splits: int, metric: str, mode: Mode
) -> list[_Level]:
    value = "mean" if metric == "r" else "mean_normalized"
    of_split = baselines[(baselines["split"] == split) & baselines[value].notna()]
    titles = BASELINE_TITLES
    if n_splits > 1:
        of_split = of_split[of_split["baseline"].isin(_COMPARED)]
        titles = _COMPARED
    levels = []
    for name, y in of_split.groupby("baseline", sort=False)[value].mean().items():
        is_order = name == ORDER
        line = {
            "color": order_colour(mode) if is_order else muted(mode),
            "dash": BASELINE_DASH,
            "width": 3 if is_order else 1.6,
        }
        text = f"{titles.get(str(name), str(name))} {y:.2f}"
        levels.append(_Level(float(y), text, line, bold=is_order))
    return levels


def _ceiling_level(curves: pd.DataFrame, metric: str, mode: Mode) -> list[_Level]:
    known = curves["ceiling"].dropna()
    if known.empty:
        return []
    y = float(known.iloc[0]) if metric == "r" else 1.0
    return [_Level(y, f"noise ceiling {y:.2f}", {"color": muted(mode), "width": 3}, bold=True)]


def _add_levels(figure: go.Figure, levels: Sequence[_Level], column: int, gap: float) -> None:
    """Draw lines where they belong, and their labels as near as leaves each of them legible."""
    ascending = sorted(levels, key=lambda level: level.y)
    places = spread_labels([level.y for level in ascending], gap)
    for level, place in zip(ascending, places, strict=True):
        figure.add_hline(y=level.y, line=level.line, row=1, col=column)
        _label_right(figure, column, place, level.text, level.line["color"], level.bold)


def _label_right(
    figure: go.Figure, column: int, y: float, text: str, colour: str, bold: bool
) -> None:
    number = "" if column == 1 else str(column)
    figure.add_annotation(
        text=f"<b>{text}</b>" if bold else text,
        x=1.0,
        xref=f"x{number} domain",
        xanchor="left",
        xshift=6,
        y=y,
        yref=f"y{number}",
        showarrow=False,
        font={"size": 13, "color": colour},
        align="left",
    )


def _label_gap(curves: pd.DataFrame, levels: Sequence[_Level], height: int) -> float:
    """Distance in data units at which two labels stop touching."""
    marks = [*curves["mean"], *curves["low"], *curves["high"], *(level.y for level in levels)]
    # Axes end a little beyond their marks.
    span = 1.15 * float(np.nanmax(marks) - np.nanmin(marks))
    return _LABEL_PIXELS * span / (height - _MARGINS)


def spread_labels(values: Sequence[float], gap: float) -> list[float]:
    """Move labels apart as little as keeps them ``gap`` from each other.

    Parameters
    ----------
    values : sequence of float
        Ascending.
    gap : float

    Returns
    -------
    list of float
        Ascending, neighbours at least ``gap`` apart; labels that had room stay where they were.
    """
    clusters: list[tuple[float, int]] = []
    for value in values:
        centre, count = value, 1
        while clusters and centre - (count - 1) * gap / 2 < (
            clusters[-1][0] + (clusters[-1][1] - 1) * gap / 2 + gap
        ):
            other, others = clusters.pop()
            centre = (centre * count + other * others) / (count + others)
            count += others
        clusters.append((centre, count))
    return [
        centre + (place - (count - 1) / 2) * gap
        for centre, count in clusters
        for place in range(count)
    ]


def _finish(
    figure: go.Figure, curves: pd.DataFrame, splits: Sequence[str], metric: str, mode: Mode
) -> None:
    first = curves.iloc[0]
    figure.update_layout(
        title_text=f"{roi_title(first['dataset'], first['roi'])}: predictivity by layer",
        margin={
            "r": 30 if metric == "unique_r2" else _RIGHT_MARGIN[len(splits)],
            "t": 84 if len(splits) == 1 else 116,
        },
        legend={"y": 1.0 if len(splits) == 1 else 1.09},
    )
    layers = sorted({int(layer) for layer in curves["layer"]})
    figure.update_xaxes(
        title_text="Layer (0 = embeddings)",
        tickvals=layers if len(layers) <= 16 else None,
        range=[min(layers) - 0.4, max(layers) + 0.4],
    )
    figure.update_yaxes(title_text=METRIC_TITLES[metric], row=1, col=1)
    if len(splits) > 1:
        for column, split in enumerate(splits, start=1):
            number = "" if column == 1 else str(column)
            figure.update_yaxes(showticklabels=True, row=1, col=column)
            figure.add_annotation(
                text=f"<b>{SPLIT_TITLES.get(split, split).capitalize()}</b>",
                x=0, xref=f"x{number} domain", xanchor="left",
                y=1.0, yref="paper", yanchor="bottom",
                showarrow=False, font={"size": 16},
            )  # fmt: skip
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
