"""The early-to-late hierarchy: where each region peaks, in the order in which they should."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from backend import catalog
from backend.figures.draft import Draft
from backend.figures.labels import as_text
from backend.figures.theme import Mode, faint, ink, mark_simulated, muted, style

_ROW = 36
_TOP, _BOTTOM = 96, 68
# Of stages' names, right of the plot.
_RIGHT = 128


def hierarchy_figure(
    regions: pd.DataFrame,
    left_out: pd.DataFrame,
    number: str,
    test: str,
    evidence: str,
    mode: Mode = "light",
) -> go.Figure:
    """Draw the depth of each region's peak, early regions above late ones.

    Parameters
    ----------
    regions : pandas.DataFrame
        Those that the number is counted from: roi, place, depth, depth_low, depth_high.
    left_out : pandas.DataFrame
        Those whose peaks do not count, with the same columns; they are drawn hollow.
    number, test : str
        The correlation with its interval, and its test, in words.
    evidence : str
        Of the results.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Stages as alternating grounds with their names; bars are intervals over units.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if regions.empty:
        raise ValueError("hierarchy_figure needs at least one region, and was given none")
    rows = pd.concat([regions.assign(counts=True), left_out.assign(counts=False)])
    rows = rows.sort_values(["place", "roi"], ignore_index=True)
    figure = Draft()
    figure.add_traces([_points(rows, counts, mode) for counts in (True, False)])
    style(figure, mode, height=_TOP + _BOTTOM + _ROW * max(len(rows), 5))
    figure.layout["shapes"] = _stages(rows, mode)
    _name_stages(figure, rows, mode)
    figure.update_layout(
        title={"text": f"Early to late: {number}", "subtitle": {"text": test}},
        margin={"t": _TOP, "b": _BOTTOM, "l": 90, "r": _RIGHT},
    )
    figure.update_xaxes(
        title_text="Depth of the peak (0 = embeddings, 1 = last layer)", range=[-0.04, 1.04],
        tickvals=[0, 0.25, 0.5, 0.75, 1],
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[as_text(roi) if counts else f"({as_text(roi)})"
                  for roi, counts in zip(rows["roi"], rows["counts"], strict=True)],
        range=[len(rows) - 0.5, -0.5], showgrid=False,
    )  # fmt: skip
    if evidence == "simulated":
        mark_simulated(figure, mode)
    return figure.figure()


def _points(rows: pd.DataFrame, counts: bool, mode: Mode) -> dict[str, Any]:
    """Draw the peaks that count, or hollow those that do not."""
    own = rows[rows["counts"] == counts]
    colour = ink(mode) if counts else muted(mode)
    return {
        "type": "scatter", "mode": "markers", "showlegend": False,
        "name": "counted" if counts else "left out",
        "x": own["depth"].to_numpy(), "y": own.index.to_numpy(),
        "marker": {"size": 11, "color": colour, "symbol": "circle" if counts else "circle-open",
                   "line": {"width": 2, "color": colour}},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2, "width": 5,
            "array": own["depth_high"] - own["depth"],
            "arrayminus": own["depth"] - own["depth_low"],
        },
        "customdata": own[["roi", "depth_low", "depth_high"]].to_numpy(),
        "hovertemplate": "%{customdata[0]}: %{x:.2f} "
        "[%{customdata[1]:.2f}, %{customdata[2]:.2f}]<extra></extra>",
    }  # fmt: skip


def _stages(regions: pd.DataFrame, mode: Mode) -> list[dict[str, Any]]:
    """Ground each stage, every other one darker."""
    shapes = list[dict[str, Any]]()
    for number, (_, rows) in enumerate(regions.groupby("place")):
        if number % 2 == 0:
            shapes.append(
                {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "yref": "y",
                 "y0": rows.index[0] - 0.5, "y1": rows.index[-1] + 0.5, "layer": "below",
                 "line": {"width": 0}, "fillcolor": faint(muted(mode), 0.12)}
            )  # fmt: skip
    return shapes


def _name_stages(figure: Draft, regions: pd.DataFrame, mode: Mode) -> None:
    titles = {stage.place: stage.title for stage in catalog.hierarchy().values()}
    for place in sorted(set(regions["place"])):
        rows = regions[regions["place"] == place]
        figure.add_annotation(
            text=titles.get(int(place), "").replace(" and ", "<br>and "),
            x=1, xref="paper", xanchor="left", xshift=8, align="left",
            y=(rows.index[0] + rows.index[-1]) / 2, yref="y",
            showarrow=False, font={"size": 14, "color": ink(mode)},
        )  # fmt: skip
