"""What compression does to predictivity: a row per method, from its paired differences."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from backend.figures.draft import Draft
from backend.figures.labels import compression_title, model_title, roi_title
from backend.figures.lay_out import SPARE
from backend.figures.theme import Mode, ink, mark_simulated, muted, style

METRIC_UNITS = {"r": "r", "r_normalized": "r / noise ceiling", "unique_r2": "unique R²"}
_ROW = 30
_FRAME = 202
_BAND = {"light": "rgba(0, 114, 178, 0.10)", "dark": "rgba(86, 180, 233, 0.16)"}
# Vermilion is kept for sample order on every figure.
_VERDICTS = {
    "light": {"equivalent": "#008060", "better": "#0072B2", "worse": "#A65E00"},
    "dark": {"equivalent": "#2CC795", "better": "#56B4E9", "worse": "#E69F00"},
}


class Look(NamedTuple):
    """How a verdict is marked: never by its colour alone."""

    symbol: str
    sign: str
    word: str


LOOKS = {
    "equivalent": Look("circle", "=", "equivalent"),
    "worse": Look("triangle-left", "▼", "worse"),
    "better": Look("triangle-right", "▲", "better"),
    "undecided": Look("circle-open", "?", "undecided"),
}


def verdict_colour(verdict: str, mode: Mode) -> str:
    """Colour of a verdict."""
    return _VERDICTS[mode].get(verdict, muted(mode))


def signed(value: object) -> str:
    """Write a difference with its sign, as axes write theirs."""
    text = f"{float(str(value)):+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def forest_figure(
    judged: pd.DataFrame,
    dataset: str,
    evidence: str,
    margin: float,
    units: str,
    metric: str = "r",
    mode: Mode = "light",
) -> go.Figure:
    """Draw each method's difference from full precision, with its interval and its verdict.

    Parameters
    ----------
    judged : pandas.DataFrame
        Of one model and one response; see :func:`backend.comparisons.compression.verdicts`. Rows
        are drawn in its order, under the names of their groups.
    dataset, evidence : str
        Of the results.
    margin : float
        Of equivalence: the shaded band.
    units : {"folds", "subjects"}
    metric : {"r", "r_normalized", "unique_r2"}
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Bars are 95% t intervals over the units.

    Raises
    ------
    ValueError
        If there is nothing to draw, or more than one model or response.
    """
    if judged.empty:
        raise ValueError("forest_figure needs at least one row, and was given none")
    if len(judged[["model", "roi", "hemisphere"]].drop_duplicates()) > 1:
        raise ValueError("one forest holds one model in one response")
    rows = _places(judged)
    figure = Draft()
    for verdict in LOOKS:
        of_verdict = rows[rows["verdict"] == verdict]
        if len(of_verdict):
            _add_rows(figure, of_verdict, verdict, mode)
    upright = {"xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "layer": "below"}
    figure.layout["shapes"] = [
        {**upright, "type": "rect", "x0": -margin, "x1": margin, "fillcolor": _BAND[mode],
         "line": {"width": 0}},
        {**upright, "type": "line", "x0": 0, "x1": 0, "line": {"color": ink(mode), "width": 1.6}},
    ]  # fmt: skip
    style(figure, mode, height=_FRAME + _ROW * int(1 - rows["y"].min()))
    _finish(figure, rows, dataset, margin, units, metric, mode)
    if evidence == "simulated":
        mark_simulated(figure, mode)
    return figure.figure()


def _places(judged: pd.DataFrame) -> pd.DataFrame:
    """Give each row its height, and each group a row for its name."""
    starts = judged["group"] != judged["group"].shift()
    return judged.assign(y=-(np.arange(len(judged)) + starts.cumsum().to_numpy()), starts=starts)


def _add_rows(figure: Draft, rows: pd.DataFrame, verdict: str, mode: Mode) -> None:
    colour = verdict_colour(verdict, mode)
    titles = [compression_title(name) for name in rows["compression"]]
    figure.add_trace(
        {
            "type": "scatter",
            "x": rows["mean"],
            "y": rows["y"],
            "error_x": {
                "type": "data",
                "array": rows["high"] - rows["mean"],
                "thickness": 2.4,
                "width": 5,
                "color": colour,
            },
            "mode": "markers",
            "name": verdict,
            "marker": {
                "size": 13,
                "symbol": LOOKS[verdict].symbol,
                "color": colour,
                "line": {"width": 2.4, "color": colour},
            },
            "customdata": np.stack(
                [titles, rows["low"], rows["high"], rows["n_units"], rows["reason"]], axis=-1
            ),
            "hovertemplate": "%{customdata[0]}: %{x:+.4f} [%{customdata[1]:+.4f}, "
            "%{customdata[2]:+.4f}], n = %{customdata[3]}<br>%{customdata[4]}<extra>"
            + verdict
            + "</extra>",
        }
    )


def _finish(
    figure: Draft,
    rows: pd.DataFrame,
    dataset: str,
    margin: float,
    units: str,
    metric: str,
    mode: Mode,
) -> None:
    first = rows.iloc[0]
    several_n = rows["n_units"].nunique() > 1
    for row in rows.itertuples():
        verdict = str(row.verdict)
        n = f", n = {row.n_units}" if several_n else ""
        figure.add_annotation(
            text=f"{signed(row.mean)}  <b>{LOOKS[verdict].word}</b>{n}", name=SPARE,
            x=1.0, xref="paper", xanchor="left", xshift=10,
            y=row.y, yref="y", showarrow=False,
            font={"size": 14, "color": verdict_colour(verdict, mode)},
        )  # fmt: skip
    figure.add_annotation(
        text=f"margin ±{margin:g}", x=0, xref="x", y=1.0, yref="paper", yanchor="bottom",
        showarrow=False, font={"size": 13, "color": muted(mode)},
    )  # fmt: skip
    heads = rows[rows["starts"]]
    n = "" if several_n else f" (n = {first['n_units']} {units})"
    figure.update_layout(
        # In two lines: a long region's name leaves no room for more.
        title={
            "text": f"{model_title(first['model'])}, {roi_title(dataset, first['roi'])}"
            f"<br><span style='font-size:15px'>difference from full precision{n}</span>",
            # Plotly moves a title of several lines up.
            "pad": {"t": 24, "l": 2},
        },
        margin={"l": 190, "r": 220, "t": 96},
        showlegend=False,
    )
    figure.update_yaxes(
        tickvals=[*rows["y"], *(heads["y"] + 1)],
        ticktext=[
            *(compression_title(name) for name in rows["compression"]),
            *(f"<b>{group.capitalize()}</b>" for group in heads["group"]),
        ],
        range=[rows["y"].min() - 0.7, 0.6],
        ticks="",
        showgrid=False,
    )
    figure.update_xaxes(
        title_text=f"Compressed minus full precision, in {METRIC_UNITS[metric]} "
        "(bars: 95% intervals)",
        range=_range(rows, margin),
        showgrid=True,
    )


def _range(rows: pd.DataFrame, margin: float) -> tuple[float, float]:
    """Cover every mark and bar, and the margin on either side of zero."""
    marks = rows[["mean", "low", "high"]].to_numpy(dtype=float)
    low, high = min(np.nanmin(marks), -margin), max(np.nanmax(marks), margin)
    pad = 0.06 * (high - low)
    return float(low - pad), float(high + pad)
