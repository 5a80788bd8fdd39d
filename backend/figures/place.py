"""One place in the cortex: its curves over layers, by model, compression or subject."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.labels import METRIC_TITLES, compression_title, model_title
from backend.figures.palette import Look, series_looks
from backend.figures.theme import Mode, mark_simulated, muted, style

By = Literal["model", "compression", "subject"]
BY_TITLES: dict[By, str] = {
    "model": "Models", "compression": "Compressions", "subject": "Subjects"
}  # fmt: skip
_NAMES: dict[By, Callable[[str], str]] = {
    "model": model_title,
    "compression": compression_title,
    "subject": str,
}


def place_figure(curves: pd.DataFrame, by: By, mode: Mode = "light") -> go.Figure:
    """Draw a curve over layers for each model, compression or subject.

    Parameters
    ----------
    curves : pandas.DataFrame
        See :func:`backend.store.place_queries.place_curves`: of one place, and of runs that
        differ in ``by`` alone.
    by : {"model", "compression", "subject"}
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Bars are 95% t intervals over folds, where they are known.

    Raises
    ------
    ValueError
        If there is nothing to draw, or evidence of more than one kind.
    """
    if curves.empty:
        raise ValueError("place_figure needs at least one row, and was given none")
    if curves["evidence"].nunique() > 1:
        raise ValueError("one figure cannot join measured and simulated results")
    figure = go.Figure()
    curves = curves.assign(title=[_NAMES[by](str(name)) for name in curves[by]])
    looks = series_looks(curves, mode)
    for title, rows in curves.groupby("title", sort=False):
        _add(figure, rows, str(title), looks[str(title)])
    _add_ceiling(figure, curves, mode)
    style(figure, mode, height=430)
    figure.update_layout(title_text=f"{place_title(curves.iloc[0])}: {BY_TITLES[by].lower()}")
    layers = sorted({int(layer) for layer in curves["layer"]})
    figure.update_xaxes(
        title_text="Layer (0 = embeddings)",
        tickvals=layers if len(layers) <= 16 else None,
        range=[min(layers) - 0.4, max(layers) + 0.4],
    )
    figure.update_yaxes(title_text=METRIC_TITLES["r"], rangemode="tozero")
    if (curves["evidence"] == "simulated").any():
        mark_simulated(figure, mode)
    return figure


def place_title(row: pd.Series) -> str:
    """Name a place: a region or a vertex, and its hemisphere."""
    return f"{row['place']}, {row['hemisphere']} hemisphere"


def _add(figure: go.Figure, rows: pd.DataFrame, name: str, look: Look) -> None:
    known = rows["high"].notna().any()
    bars = {"type": "data", "array": rows["high"] - rows["mean"], "thickness": 1.2, "width": 2}
    figure.add_scatter(
        x=rows["layer"],
        y=rows["mean"],
        error_y=bars if known else None,
        mode="lines+markers",
        name=name,
        showlegend=True,
        line={"color": look.colour, "width": 2.6, "dash": look.dash},
        marker={"size": 8, "symbol": look.symbol},
        hovertemplate="layer %{x}: %{y:.3f}<extra>" + name + "</extra>",
    )


def _add_ceiling(figure: go.Figure, curves: pd.DataFrame, mode: Mode) -> None:
    """Draw the noise ceiling where all curves share it."""
    ceilings = curves["ceiling"].dropna().round(4)
    # Above the curves a high ceiling would flatten them.
    if ceilings.nunique() != 1 or float(ceilings.iloc[0]) <= 0:
        return
    level = float(ceilings.iloc[0])
    figure.add_hline(
        y=level, line={"color": muted(mode), "width": 1.6, "dash": "dash"},
        annotation_text=f"noise ceiling {level:.2f}", annotation_position="bottom right",
        annotation_font={"color": muted(mode), "size": 13},
    )  # fmt: skip
    top = float(np.nanmax(curves[["mean", "high"]].to_numpy(dtype=float)))
    figure.update_yaxes(range=[min(0.0, float(curves["mean"].min())) * 1.1, max(level, top) * 1.08])
