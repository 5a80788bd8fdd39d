"""What stands for models on a figure of scale: points, the lines that fit them, the minimal one."""

import math
from collections.abc import Mapping

import pandas as pd

from backend.figures.draft import Draft
from backend.figures.labels import model_title
from backend.figures.palette import Look
from backend.figures.scale_places import Place
from backend.figures.scale_words import layers_text
from backend.figures.theme import Mode, faint, ink

FORM_TITLES = {"log-linear": "log-linear fit", "saturating": "saturating fit"}
_FORM_DASHES = {"log-linear": "solid", "saturating": "dash"}
# A model and its random twin are of one size; apart, their bars can be told from each other.
_DODGE = 1.05
# More points than that, or several panels, take smaller ones.
_MANY = 24
# A point further along than that is labelled to its left.
_LEFT = 0.65
# Lets a line be seen behind a label, and the label be read.
_BEHIND = {"light": "rgba(255,255,255,0.75)", "dark": "rgba(15,20,25,0.75)"}


def add_points(
    figure: Draft,
    points: pd.DataFrame,
    axis: str,
    looks: Mapping[str, Look],
    place: Place,
    alone: bool,
) -> None:
    """Add a family's models, and their random twins, with their intervals.

    Parameters
    ----------
    figure : Draft
    points : pandas.DataFrame
        Of one response; see :func:`backend.comparisons.scale.scale_points`.
    axis : {"n_parameters", "perplexity"}
    looks : mapping of str to Look
        By family and variant.
    place : Place
    alone : bool
        The panel is the figure's only one.
    """
    small = len(points) > _MANY or not alone
    for (base, random), rows in points.groupby(["base", "random"], sort=False):
        look = looks[str(base)]
        name = f"{base}, random weights" if random else str(base)
        ordered = rows.sort_values(axis)
        marker = {
            "size": 8 if small else 12,
            "symbol": f"{look.symbol}-open" if random else look.symbol,
            "color": look.colour,
            "line": {"width": 2 if random else 0, "color": look.colour},
        }
        figure.add_trace(
            {
                "type": "scatter",
                "x": ordered[axis] * (_DODGE if random else 1.0),
                "y": ordered["mean"],
                "error_y": {
                    "type": "data",
                    "array": ordered["high"] - ordered["mean"],
                    "thickness": 1 if small else 1.5,
                    "width": 3,
                },
                "mode": "lines+markers",
                "name": name,
                "legendgroup": name,
                "line": {"color": look.colour, "width": 1.4, "dash": look.dash},
                "marker": marker,
                "customdata": _hover_values(ordered),
                "hovertemplate": _HOVER,
            },
            place.row,
            place.column,
        )


_HOVER = (
    "<b>%{customdata[0]}</b><br>%{customdata[1]} parameters, %{customdata[2]}<br>"
    "%{y:.3f} [%{customdata[3]:.3f}, %{customdata[4]:.3f}], n = %{customdata[5]}<extra></extra>"
)


def _hover_values(points: pd.DataFrame) -> list[list[object]]:
    layers = zip(points["first_layer"], points["last_layer"], strict=True)
    columns = [
        points["model"].map(model_title),
        [f"{int(size):,}" for size in points["n_parameters"]],
        [layers_text(first, last) for first, last in layers],
        points["low"],
        points["high"],
        points["n_units"],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def add_lines(figure: Draft, lines: pd.DataFrame, place: Place, alone: bool, mode: Mode) -> None:
    """Add what fits the models; the worse of two fits only where there is room."""
    for rank, of_rank in lines.groupby("rank", sort=True):
        form, is_better = str(of_rank["form"].iloc[0]), rank == 0
        if not (is_better or alone):
            continue
        name = FORM_TITLES[form]
        if alone and of_rank["low"].notna().all():
            figure.add_trace(
                {
                    "type": "scatter",
                    "x": [*of_rank["x"], *of_rank["x"][::-1]],
                    "y": [*of_rank["high"], *of_rank["low"][::-1]],
                    "fill": "toself",
                    "fillcolor": faint(ink(mode), 0.10 if is_better else 0.05),
                    "line": {"width": 0},
                    "hoverinfo": "skip",
                    "legendgroup": name,
                    "showlegend": False,
                }
            )
        figure.add_trace(
            {
                "type": "scatter",
                "x": of_rank["x"],
                "y": of_rank["value"],
                "mode": "lines",
                "name": name,
                "legendgroup": name,
                "line": {
                    "color": ink(mode),
                    "width": 2.4 if is_better else 1.6,
                    "dash": _FORM_DASHES[form],
                },
                "opacity": 0.75,
                "hoverinfo": "skip",
            },
            place.row,
            place.column,
        )


def ring_minimal(
    figure: Draft, points: pd.DataFrame, axis: str, place: Place, alone: bool, mode: Mode
) -> None:
    """Ring the minimal model, and name it where there is room."""
    ringed = points[points["minimal"]]
    if ringed.empty:
        return
    row = ringed.iloc[0]
    figure.add_trace(
        {
            "type": "scatter",
            "x": [row[axis]],
            "y": [row["mean"]],
            "mode": "markers",
            "name": "minimal model",
            "legendgroup": "minimal model",
            # Alone it has a label of its own.
            "showlegend": not alone,
            "marker": {
                "symbol": "circle-open",
                "size": 26 if alone else 18,
                "color": ink(mode),
                "line": {"width": 3 if alone else 2, "color": ink(mode)},
            },
            "hoverinfo": "skip",
        },
        place.row,
        place.column,
    )
    if not alone:
        return
    low, high = math.log10(points[axis].min()), math.log10(points[axis].max())
    along = (math.log10(row[axis]) - low) / (high - low or 1.0)
    # Scores rise to the right, so that there is room below them; the label of a point at the left
    # runs rightwards, away from smaller models, which score lower.
    at_left = (along if axis == "n_parameters" else 1 - along) < _LEFT
    figure.add_annotation(
        text=f"<b>minimal: {model_title(row['model'])}</b>",
        # An annotation's place on a log axis is given as the logarithm.
        x=math.log10(row[axis]), y=row["mean"],
        ax=34 if at_left else 0, ay=56, xanchor="left" if at_left else "center",
        showarrow=True, arrowhead=0, arrowwidth=1.5, standoff=14,
        arrowcolor=ink(mode), font={"size": 15, "color": ink(mode)},
        bgcolor=_BEHIND[mode],
    )  # fmt: skip
