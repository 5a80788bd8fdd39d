"""What predictivity loses without a phenomenon, beside as many random directions."""

import pandas as pd
import plotly.graph_objects as go

from backend.comparisons.probes import in_order
from backend.figures.labels import compression_title, model_title
from backend.figures.region_panels import n_rows, region_panels, title_middle
from backend.figures.theme import Mode, ink, mark_simulated, muted, style

_ROW = 46
# Rows' units: the two marks of a phenomenon stand above and below its line.
_APART = 0.17


def removal_figure(falls: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw the fall in r without each phenomenon and without random directions.

    Parameters
    ----------
    falls : pandas.DataFrame
        As of :func:`backend.comparisons.removal.removal_falls`, of one model, compression, layer
        and split, with ``place``: the name of the region.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per region, a row per phenomenon; filled circles cost more or less than random
        directions, open ones are undecided.

    Raises
    ------
    ValueError
        If there is nothing to draw, or more than one run, layer or kind of evidence.
    """
    if falls.empty:
        raise ValueError("removal_figure needs at least one row, and was given none")
    if len(falls[["model", "compression", "layer", "split", "evidence"]].drop_duplicates()) > 1:
        raise ValueError("one figure holds one model, compression, layer, split and evidence")
    phenomena = in_order(list(falls["phenomenon"]))[::-1]
    places = list(dict.fromkeys(falls["place"]))
    figure, panels = region_panels(places)
    for place, panel in zip(places, panels, strict=True):
        cells = falls[falls["place"] == place]
        rows = cells["phenomenon"].map(phenomena.index)
        decided = cells["verdict"].isin(["costs more", "costs less"])
        symbols = ["circle" if each else "circle-open" for each in decided]
        first = panel == panels[0]
        _marks(figure, cells, "fall", rows + _APART, "Phenomenon removed", symbols, ink(mode),
               panel, first)  # fmt: skip
        _marks(figure, cells, "random", rows - _APART, "Random directions removed",
               ["diamond-open"] * len(cells), muted(mode), panel, first)  # fmt: skip
        figure.add_vline(x=0, line={"color": muted(mode), "width": 1.4}, **panel)
    first_row = falls.iloc[0]
    style(figure, mode, 150 + n_rows(places) * (60 + _ROW * len(phenomena)))
    figure.update_layout(
        title_text=f"{model_title(first_row['model'])}, "
        f"{compression_title(first_row['compression'])}, layer {int(first_row['layer'])}: "
        "what predictivity loses",
        margin={"l": 120, "t": 122}, legend={"y": 1.0 + 0.2 / n_rows(places)},
    )  # fmt: skip
    figure.update_annotations(font={"size": 15})
    figure.update_yaxes(
        tickvals=list(range(len(phenomena))), ticktext=[name.capitalize() for name in phenomena],
        range=[-0.6, len(phenomena) - 0.4],
    )  # fmt: skip
    title_middle(figure, panels, "Change in r")
    if (falls["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure


def _marks(
    figure: go.Figure, cells: pd.DataFrame, name: str, rows: pd.Series, title: str,
    symbols: list[str], colour: str, panel: dict[str, int], is_first: bool,
) -> None:  # fmt: skip
    figure.add_scatter(
        x=cells[name], y=rows, mode="markers", name=title, legendgroup=name, showlegend=is_first,
        error_x={"type": "data", "array": cells[f"{name}_high"] - cells[name], "width": 4,
                 "thickness": 2, "color": colour},
        marker={"size": 11, "symbol": symbols, "color": colour,
                "line": {"width": 2, "color": colour}},
        customdata=cells[["phenomenon", f"{name}_low", f"{name}_high", "difference", "low", "high",
                          "verdict", "rank"]],
        hovertemplate="%{customdata[0]}, %{customdata[7]} directions: %{x:.3f} "
        "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]<br>phenomenon minus random: "
        "%{customdata[3]:.3f} [%{customdata[4]:.3f}, %{customdata[5]:.3f}], %{customdata[6]}"
        "<extra></extra>",
        **panel,
    )  # fmt: skip
