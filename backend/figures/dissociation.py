"""Change in predictivity against change in competence, with intervals on both axes."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.comparisons.dissociation import KNOWLEDGE, PERPLEXITY
from backend.comparisons.probes import OVERALL, in_order
from backend.figures.labels import compression_title, model_title
from backend.figures.palette import Look, series_looks
from backend.figures.region_panels import filled, n_rows, region_panels, title_middle
from backend.figures.theme import (
    LEGEND_ROW,
    Mode,
    faint,
    ink,
    legend_rows,
    mark_simulated,
    muted,
    style,
)

_COLUMNS = 4
_LAST = (OVERALL, PERPLEXITY, KNOWLEDGE)


def panels_of(tested: pd.DataFrame) -> list[str]:
    """List the axes of competence as they are shown: phenomena, their mean, the others."""
    found = list(dict.fromkeys(tested["phenomenon"]))
    phenomena = in_order([name for name in found if name not in _LAST])
    return [*phenomena, *(name for name in _LAST if name in found)]


def dissociation_figure(tested: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw each compressed model by what it lost of competence and of predictivity.

    Parameters
    ----------
    tested : pandas.DataFrame
        As of :func:`backend.comparisons.dissociation.dissociations`, of one region.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per axis of competence. Bars are 95% intervals on both axes; on the dotted diagonal
        both fall by the same share; filled marks dissociate or are reversed.

    Raises
    ------
    ValueError
        If there is nothing to draw, more than one region, or evidence of more than one kind.
    """
    if tested.empty:
        raise ValueError("dissociation_figure needs at least one row, and was given none")
    if len(tested[["roi", "hemisphere", "evidence"]].drop_duplicates()) > 1:
        raise ValueError("one figure holds one region and one kind of evidence")
    panels = panels_of(tested)
    several = tested["model"].nunique() > 1
    # Of several models each has one colour and one name; the pointer names the compression.
    name, title_of = ("model", model_title) if several else ("compression", compression_title)
    frame = tested.sort_values("n_parameters", kind="stable")
    frame = frame.assign(title=frame[name].map(title_of))
    looks = series_looks(frame.assign(compression="none") if several else frame, mode)
    rows = -(-len(panels) // _COLUMNS)
    figure = make_subplots(
        rows=rows, cols=min(_COLUMNS, len(panels)), shared_yaxes=True,
        horizontal_spacing=0.03, vertical_spacing=0.2,
        specs=filled(len(panels), rows, min(_COLUMNS, len(panels))),
        subplot_titles=[name.capitalize() for name in panels],
    )  # fmt: skip
    seen: set[str] = set()
    for index, panel in enumerate(panels):
        place = {"row": index // _COLUMNS + 1, "col": index % _COLUMNS + 1}
        of_panel = frame[frame["phenomenon"] == panel]
        for title, cells in of_panel.groupby("title", sort=False):
            look = looks[str(title)]
            _mark(figure, cells, str(title), look, place, seen)
        # Plotly draws no line across a panel that is still empty.
        _guides(figure, of_panel, place, mode)
        figure.update_xaxes(range=list(_span(of_panel)), **place)
    names = list(dict.fromkeys(frame["title"]))
    extra = LEGEND_ROW * (legend_rows(names) - 1)
    style(figure, mode, 150 + 300 * rows + extra)
    figure.update_layout(
        title_text="What compression takes: predictivity against competence",
        margin={"t": 128 + extra}, legend={"y": 1.0 + 0.22 / rows},
    )  # fmt: skip
    figure.update_annotations(font={"size": 15})
    figure.update_xaxes(title_text="Competence, %", showgrid=True, nticks=5)
    # By what was measured: the diagonal of a wide panel would flatten all the others.
    figure.update_yaxes(range=list(_span(tested, "predictivity")))
    for row in range(1, rows + 1):
        figure.update_yaxes(title_text="Predictivity, %", row=row, col=1)
    if (tested["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure


def _guides(figure: go.Figure, cells: pd.DataFrame, place: dict[str, int], mode: Mode) -> None:
    """Draw no change on either axis, and the diagonal on which both change alike."""
    line = {"color": muted(mode), "width": 1.4}
    figure.add_hline(y=0, line=line, **place)
    figure.add_vline(x=0, line=line, **place)
    low, high = _span(cells)
    figure.add_scatter(
        x=[low, high], y=[low, high], mode="lines", line={**line, "dash": "dot"},
        hoverinfo="skip", showlegend=False, **place,
    )  # fmt: skip


def _span(cells: pd.DataFrame, name: str = "competence") -> tuple[float, float]:
    low = min(float(cells[f"{name}_low"].min()), -1.0)
    high = max(float(cells[f"{name}_high"].max()), 1.0)
    pad = 0.08 * (high - low)
    return low - pad, high + pad


def _mark(
    figure: go.Figure, cells: pd.DataFrame, title: str, look: Look, place: dict[str, int],
    seen: set[str],
) -> None:  # fmt: skip
    bars = {
        axis: {
            "type": "data", "color": faint(look.colour, 0.55), "thickness": 1.6, "width": 3,
            "array": cells[f"{name}_high"] - cells[name],
        }
        for axis, name in (("error_x", "competence"), ("error_y", "predictivity"))
    }  # fmt: skip
    hollow = f"{look.symbol.removesuffix('-open')}-open"
    symbols = [look.symbol if each != "undecided" else hollow for each in cells["verdict"]]
    shown = cells[["interaction", "interaction_low", "interaction_high", "verdict"]].assign(
        compression=cells["compression"].map(compression_title)
    )
    figure.add_scatter(
        x=cells["competence"], y=cells["predictivity"], mode="markers", name=title,
        legendgroup=title, showlegend=title not in seen, **bars, **place,
        marker={"size": 10, "symbol": symbols, "color": look.colour,
                "line": {"width": 2, "color": look.colour}},
        customdata=shown,
        hovertemplate=f"{title}, %{{customdata[4]}}<br>competence %{{x:.1f}}%, predictivity "
        "%{y:.1f}%<br>difference %{customdata[0]:.1f} [%{customdata[1]:.1f}, "
        "%{customdata[2]:.1f}] points: %{customdata[3]}<extra></extra>",
    )  # fmt: skip
    seen.add(title)


def interaction_figure(averaged: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw the interaction over models, by phenomenon and region.

    Parameters
    ----------
    averaged : pandas.DataFrame
        As of :func:`backend.comparisons.dissociation.over_models`, with ``place``: the name of the
        region, and ``evidence``.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per region; below 0 competence falls more.
    """
    places = list(dict.fromkeys(averaged["place"]))
    axes = panels_of(averaged)[::-1]
    figure, panels = region_panels(places)
    for place, panel in zip(places, panels, strict=True):
        cells = averaged[averaged["place"] == place].set_index("phenomenon").reindex(axes)
        cells = cells[cells["mean"].notna()]
        clear = (cells["verdict"] != "undecided").tolist()
        figure.add_scatter(
            x=cells["mean"], y=[name.capitalize() for name in cells.index], mode="markers",
            error_x={"type": "data", "array": cells["high"] - cells["mean"], "width": 4,
                     "thickness": 2.2, "color": ink(mode)},
            marker={"size": 11, "color": ink(mode), "line": {"width": 2, "color": ink(mode)},
                    "symbol": ["circle" if each else "circle-open" for each in clear]},
            customdata=cells[["low", "high", "n_models"]], showlegend=False, **panel,
            hovertemplate="%{y}: %{x:.1f} [%{customdata[0]:.1f}, %{customdata[1]:.1f}] points, "
            "%{customdata[2]} models<extra></extra>",
        )  # fmt: skip
        figure.add_vline(x=0, line={"color": muted(mode), "width": 1.4}, **panel)
    style(figure, mode, 130 + n_rows(places) * (60 + 30 * len(axes)))
    figure.update_layout(
        title_text="Competence minus predictivity, over models", margin={"l": 120, "t": 96}
    )
    figure.update_annotations(font={"size": 15})
    title_middle(figure, panels, "Percentage points")
    if (averaged["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure
