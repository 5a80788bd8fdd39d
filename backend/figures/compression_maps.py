"""Where compression tells: methods against regions, and against layers."""

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.compression import LOOKS, METRIC_UNITS, signed
from backend.figures.draft import Draft
from backend.figures.labels import as_text, compression_title, model_title
from backend.figures.theme import Mode, ink, mark_simulated, muted, style

Against = Literal["region", "layer"]
_ROW = 26
_FRAME = 200
_BAR = 150
# More columns leave no room for a number in each cell.
_NUMBERS = 6
# Ochre to blue, which colour-blind readers tell apart; the middle is the page's ground, and the
# ends leave the signs on them legible.
_SCALE = {
    "light": ((0.0, "#D98A1F"), (0.5, "#F7F7F5"), (1.0, "#4C9BD6")),
    "dark": ((0.0, "#B36F00"), (0.5, "#1E232B"), (1.0, "#2F7FB8")),
}


def shared_limit(*maps: pd.DataFrame) -> float:
    """Find the largest difference in either direction, which ends the colours of all maps."""
    return max((float(each["mean"].abs().max()) for each in maps if len(each)), default=1.0) or 1.0


def map_figure(
    judged: pd.DataFrame,
    against: Against,
    evidence: str,
    margin: float,
    limit: float,
    metric: str = "r",
    mode: Mode = "light",
) -> go.Figure:
    """Draw differences from full precision, methods in rows, regions or layers in columns.

    Parameters
    ----------
    judged : pandas.DataFrame
        Of one model; see :func:`backend.comparisons.compression.verdicts`.
    against : {"region", "layer"}
        Layers ask for verdicts by layer in one response.
    evidence : str
        Of the results.
    margin : float
        Of equivalence.
    limit : float
        Difference at which the colours end, in either direction; see :func:`shared_limit`.
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Each cell carries the sign of its verdict; one that is missing was not run.

    Raises
    ------
    ValueError
        If there is nothing to draw, or more than one model.
    """
    if judged.empty:
        raise ValueError("map_figure needs at least one row, and was given none")
    if judged["model"].nunique() > 1:
        raise ValueError("one map holds one model")
    cells = judged.assign(column=_columns(judged, against))
    values, verdicts, reasons = (_wide(cells, column) for column in ("mean", "verdict", "reason"))
    figure = Draft()
    figure.add_trace(
        {
            "type": "heatmap", "x": [str(name) for name in values.columns],
            "y": [compression_title(name) for name in values.index],
            "z": values.to_numpy(dtype=float),
            "text": _signs(values, verdicts),
            "texttemplate": "%{text}",
            "textfont": {"size": 14, "color": ink(mode)},
            "customdata": np.dstack([verdicts.to_numpy(), reasons.to_numpy()]),
            "hovertemplate": "%{y}, %{x}: %{z:+.4f}<br>%{customdata[0]}: %{customdata[1]}"
            "<extra></extra>",
            "colorscale": [list(stop) for stop in _SCALE[mode]],
            "zmin": -limit, "zmax": limit,
            "xgap": 2, "ygap": 2,
            "colorbar": {"title": {"text": f"difference ({METRIC_UNITS[metric]})", "side": "right"},
                      "thickness": 14, "outlinewidth": 0,
                      # Beside few rows the bar is taller than they are.
                      "lenmode": "pixels", "len": max(_BAR, _ROW * len(values)),
                      "tickvals": [-limit, 0, limit], "tickformat": ".2~g"},
        }
    )  # fmt: skip
    style(figure, mode, height=_FRAME + _ROW * len(values))
    _finish(figure, str(judged["model"].iloc[0]), values, against, margin, mode)
    if evidence == "simulated":
        mark_simulated(figure, mode)
    return figure.figure()


def _columns(judged: pd.DataFrame, against: Against) -> pd.Series:
    if against == "layer":
        return judged["layer"]
    sides = judged.groupby("roi")["hemisphere"].transform("nunique")
    side = judged["hemisphere"].str[:1].str.upper()
    names = judged["roi"].map(as_text)
    return names.where(sides == 1, names + " " + side)


def _wide(cells: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = cells.pivot(index="compression", columns="column", values=column)
    return wide.loc[list(dict.fromkeys(cells["compression"]))]


def _signs(values: pd.DataFrame, verdicts: pd.DataFrame) -> list[list[str]]:
    numbers = values.shape[1] <= _NUMBERS
    return [
        [
            ""
            if pd.isna(verdict)
            else LOOKS[verdict].sign + (f" {signed(value)}" if numbers else "")
            for value, verdict in zip(row, of_row, strict=True)
        ]
        for row, of_row in zip(values.to_numpy(), verdicts.to_numpy(), strict=True)
    ]


def _finish(
    figure: Draft,
    model: str,
    values: pd.DataFrame,
    against: Against,
    margin: float,
    mode: Mode,
) -> None:
    key = "    ".join(
        f"{look.sign} {look.word}" + (f" (within {margin:g})" if name == "equivalent" else "")
        for name, look in LOOKS.items()
    )
    figure.add_annotation(
        text=key, x=0, xref="paper", xanchor="left", y=1.0, yref="paper", yanchor="bottom",
        yshift=4, showarrow=False, font={"size": 14, "color": muted(mode)},
    )  # fmt: skip
    figure.update_layout(
        title_text=f"{model_title(model)}: difference from full precision by {against}",
        margin={"l": 190, "t": 84},
    )
    many = against == "region" and values.shape[1] > 8
    figure.update_xaxes(
        title_text="Layer (0 = embeddings)" if against == "layer" else None,
        type="category",
        tickangle=-45 if many else 0,
        showline=False,
        ticks="",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
