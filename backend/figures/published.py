"""Published layer curves, kept apart from the user's own."""

import pandas as pd
import plotly.graph_objects as go

from backend.figures.labels import METRIC_TITLES
from backend.figures.palette import series_looks
from backend.figures.theme import Mode, style


def published_layer_figure(
    rows: pd.DataFrame, mode: Mode = "light", height: int = 460
) -> go.Figure:
    """Draw published predictivity by layer, a curve per model.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``published`` with a layer.
    mode : {"light", "dark"}
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Bands are the mean and 1.96 times its published standard error.
    """
    figure = go.Figure()
    looks = series_looks(rows.assign(title=rows["model"], compression="none"), mode)
    for model, of_model in rows.groupby("model", sort=False):
        look = looks[str(model)]
        points = of_model.sort_values("layer")
        figure.add_scatter(
            x=points["layer"],
            y=points["value"],
            error_y={"type": "data", "array": 1.96 * points["sem"], "thickness": 1, "width": 0},
            mode="lines+markers",
            name=str(model),
            line={"color": look.colour, "width": 3, "dash": look.dash},
            marker={"size": 7, "symbol": look.symbol},
            hovertemplate="layer %{x}: %{y:.3f}<extra>" + str(model) + "</extra>",
        )
    style(figure, mode, height)
    reviewed = "" if rows["reviewed"].all() else " (not peer-reviewed)"
    figure.update_layout(title_text=f"Published layer curves{reviewed}", margin={"t": 96})
    figure.update_xaxes(title_text="Layer (0 = embeddings)")
    figure.update_yaxes(title_text=METRIC_TITLES["r"], rangemode="tozero")
    return figure
