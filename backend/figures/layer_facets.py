"""One model's predictivity by layer in every region: a panel each, a line per hemisphere."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import METRIC_TITLES, as_text
from backend.figures.layer_lanes import panel_number, peak_traces, split_off_lanes
from backend.figures.layer_levels import Level, baseline_levels, ceiling_level, level_shapes
from backend.figures.layer_marks import axis_range, curve_traces, with_depth
from backend.figures.palette import Look, variants
from backend.figures.theme import Mode, mark_simulated, muted, style

_COLUMNS = 4
_PANEL_PIXELS = 220
_TOP, _BOTTOM = 104, 68
_SHORT = {"layer": "Layer", "depth": "Relative depth"}
_FLOOR = "all nuisance"


def region_figure(
    curves: pd.DataFrame,
    baselines: pd.DataFrame,
    metric: str = "r",
    mode: Mode = "light",
    peaks: pd.DataFrame | None = None,
    axis: str = "layer",
    title: str = "Regions",
) -> go.Figure:
    """Draw a panel per region, all on one scale, with a line per hemisphere.

    Parameters
    ----------
    curves : pandas.DataFrame
        A row per roi, hemisphere and layer, in the order of the panels; see
        :meth:`backend.comparisons.layer_curves.LayerCurves.table`.
    baselines : pandas.DataFrame
        roi, baseline, mean, low, high; of these all nuisance baselines together are drawn.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}
    peaks : pandas.DataFrame, optional
        See :meth:`backend.comparisons.layer_curves.LayerCurves.peaks`.
    axis : {"layer", "depth"}
    title : str

    Returns
    -------
    plotly.graph_objects.Figure
        Ribbons are 95% t intervals over units; dotted, the nuisance baselines; thick, the noise
        ceiling, both as bands; below, each line's peak with its interval.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("region_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    curves = with_depth(curves)
    regions = list(dict.fromkeys(curves["roi"]))
    levels = [_levels(curves, baselines, region, metric, mode) for region in regions]
    figure = _panels(regions)
    of_side = variants(sorted(curves["hemisphere"].unique()), str(curves["model"].iloc[0]), mode)
    traces = _traces(curves, peaks, regions, of_side, axis, mode)
    figure.add_traces([*_with_legend_for_all(traces, len(of_side)), *_legend_of_levels(levels)])
    n_rows = -(-len(regions) // _n_columns(len(regions)))
    style(figure, mode, height=_TOP + _BOTTOM + _PANEL_PIXELS * n_rows)
    figure.layout["shapes"] = [
        shape
        for index, of_region in enumerate(levels)
        for shape in level_shapes(of_region, panel_number(index), mode)
    ]
    _finish(figure, curves, metric, axis, title)
    figure.update_yaxes(range=_span(curves, levels))
    if peaks is not None:
        split_off_lanes(figure, len(regions), len(of_side), mode)
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure.figure()


def _traces(
    curves: pd.DataFrame,
    peaks: pd.DataFrame | None,
    regions: Sequence[str],
    of_side: Mapping[str, Look],
    axis: str,
    mode: Mode,
) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = []
    for index, region in enumerate(regions):
        panel = panel_number(index)
        legend = index == 0 and len(of_side) > 1
        for side, rows in curves[curves["roi"] == region].groupby("hemisphere"):
            traces += curve_traces(rows, str(side), of_side[str(side)], axis, mode, panel, legend)
        if peaks is not None:
            own = peaks[peaks["roi"] == region].assign(title=lambda rows: rows["hemisphere"])
            traces += peak_traces(own, of_side, axis, index, len(regions))
    return traces


def _with_legend_for_all(traces: list[dict[str, Any]], n_sides: int) -> list[dict[str, Any]]:
    """Name each side once, even one that the first region lacks."""
    seen = {str(trace["name"]) for trace in traces if trace["showlegend"]}
    for trace in traces:
        name = str(trace["name"])
        if n_sides > 1 and name not in seen and trace["mode"] == "lines+markers":
            trace["showlegend"] = True
            seen.add(name)
    return traces


def _n_columns(n_panels: int) -> int:
    # Four panels look better as two rows of two than as one strip.
    return 2 if n_panels == 4 else min(_COLUMNS, n_panels)


def _panels(regions: Sequence[str]) -> Draft:
    n_columns = _n_columns(len(regions))
    n_rows = -(-len(regions) // n_columns)
    return Draft(
        rows=n_rows,
        cols=n_columns,
        shared_yaxes="all",
        shared_xaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=0.2 / n_rows if n_rows > 1 else 0.0,
        # A panel has no room for a region's full name.
        subplot_titles=tuple(f"<b>{as_text(region)}</b>" for region in regions),
    )


def _levels(
    curves: pd.DataFrame, baselines: pd.DataFrame, region: str, metric: str, mode: Mode
) -> list[Level]:
    if metric == "unique_r2":
        line = {"color": muted(mode), "width": 1.6}
        return [Level(0.0, np.nan, np.nan, "", line, bold=False)]
    own = baselines[baselines["roi"] == region] if len(baselines) else baselines
    ceiling = ceiling_level(curves[curves["roi"] == region], metric, mode)
    return [*baseline_levels(own, mode, only=_FLOOR), *ceiling]


def _span(curves: pd.DataFrame, levels: Sequence[Sequence[Level]]) -> tuple[float, float]:
    """Cover every curve with its ribbon, the means of the levels, and zero."""
    heights = [level.y for of_region in levels for level in of_region]
    marks = np.concatenate(
        [curves[["mean", "low", "high"]].to_numpy(dtype=float).ravel(), heights, [0.0]]
    )
    low, high = float(np.nanmin(marks)), float(np.nanmax(marks))
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def _legend_of_levels(levels: Sequence[Sequence[Level]]) -> list[dict[str, Any]]:
    """Say once, above the panels, what their lines and bands are."""
    named = dict[str, Level]()
    for level in (level for of_region in levels for level in of_region):
        # The value at the label's end differs from panel to panel.
        named.setdefault(level.text.rpartition(" ")[0], level)
    return [
        {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "line": level.line,
         "name": name, "showlegend": True}
        for name, level in named.items() if name
    ]  # fmt: skip


def _finish(figure: Draft, curves: pd.DataFrame, metric: str, axis: str, title: str) -> None:
    n_regions = curves["roi"].nunique()
    n_columns = _n_columns(n_regions)
    n_rows = -(-n_regions // n_columns)
    figure.update_layout(
        title_text=title,
        margin={"t": _TOP, "b": _BOTTOM},
        legend={"yref": "container", "y": 1 - 36 / figure.layout["height"], "yanchor": "top"},
    )
    figure.update_xaxes(**axis_range(curves, axis))
    for column in range(1, n_columns + 1):
        figure.update_xaxes(title_text=_SHORT[axis], row=n_rows, col=column)
    title_of_axis = METRIC_TITLES[metric]
    # A single row is not as high as the title is long.
    short = title_of_axis if n_rows > 1 else title_of_axis.replace(" (", "<br>(")
    figure.update_yaxes(title_text=short, row=1, col=1)
