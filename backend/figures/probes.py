"""What probes read: profiles over layers, changes under compression, tasks beside their floors."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.comparisons.probes import OVERALL, in_order
from backend.figures.compression import signed
from backend.figures.labels import compression_title, model_title, series_titles
from backend.figures.palette import compression_colour, series_looks
from backend.figures.theme import LEGEND_ROW, Mode, faint, ink, legend_rows, muted, style

SCORE = "Balanced accuracy"
_ROW = 26
_FLOORS = {
    "surface": ("length or keywords", "x-thin"),
    "twin": ("random twin", "circle-open"),
    "control": ("control task", "diamond-open"),
}


def profile_figure(profiles: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw what is read of each phenomenon over layers, a panel for each.

    Parameters
    ----------
    profiles : pandas.DataFrame
        As of :func:`backend.comparisons.probes.profiles`, of one model.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Ribbons are 95% intervals; dotted: chance, and the random twin where it is known; dashed:
        what length or keywords alone score.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if profiles.empty:
        raise ValueError("profile_figure needs at least one row, and was given none")
    phenomena = in_order(list(profiles["phenomenon"]))
    titles = series_titles(profiles.assign(split=""))
    frame = profiles.assign(title=profiles["run_id"].map(titles))
    looks = series_looks(frame, mode)
    figure = make_subplots(
        cols=len(phenomena),
        shared_yaxes=True,
        horizontal_spacing=0.025,
        subplot_titles=[name.capitalize() for name in phenomena],
    )
    for column, phenomenon in enumerate(phenomena, start=1):
        of_panel = frame[frame["phenomenon"] == phenomenon]
        _add_floors(figure, of_panel, column, mode)
        for title, rows in of_panel.groupby("title", sort=False):
            look = looks[str(title)]
            _add_ribbon(figure, rows, look.colour, column)
            figure.add_scatter(
                x=rows["layer"], y=rows["mean"], name=str(title), legendgroup=str(title),
                showlegend=column == 1, mode="lines+markers", row=1, col=column,
                line={"color": look.colour, "dash": look.dash, "width": 2.6},
                marker={"symbol": look.symbol, "size": 8, "color": look.colour},
                customdata=rows[["low", "high"]],
                hovertemplate=f"{title}<br>layer %{{x}}: %{{y:.3f}} "
                "[%{customdata[0]:.3f}, %{customdata[1]:.3f}]<extra></extra>",
            )  # fmt: skip
    names = [*dict.fromkeys(frame["title"]), "length or keywords alone", "random twin", "chance"]
    extra = LEGEND_ROW * (legend_rows(names) - 1)
    style(figure, mode, 470 + extra)
    figure.update_layout(
        title_text="What a linear probe reads, by layer",
        margin={"t": 128 + extra}, legend={"y": 1.1},
    )  # fmt: skip
    figure.update_annotations(font={"size": 16})
    figure.update_xaxes(title_text="Layer", dtick=_tick(profiles))
    figure.update_yaxes(title_text=SCORE, row=1, col=1)
    return figure


def _tick(profiles: pd.DataFrame) -> int:
    return max(1, int(np.ceil(profiles["layer"].max() / 6)))


def _add_floors(figure: go.Figure, rows: pd.DataFrame, column: int, mode: Mode) -> None:
    """Draw what a probe has to beat, the same for every series but the twin."""
    first = rows.groupby("layer", as_index=False).first()
    floors = (
        ("chance", "chance", "dot", 1.4),
        ("surface", "length or keywords alone", "dash", 1.8),
        ("twin", "random twin", "dashdot", 1.8),
    )
    for name, title, dash, width in floors:
        if first[name].notna().any():
            figure.add_scatter(
                x=first["layer"], y=first[name], name=title, legendgroup=name, mode="lines",
                line={"color": muted(mode), "dash": dash, "width": width}, row=1, col=column,
                showlegend=column == 1, hovertemplate=f"{title}: %{{y:.3f}}<extra></extra>",
            )  # fmt: skip


def _add_ribbon(figure: go.Figure, rows: pd.DataFrame, colour: str, column: int) -> None:
    figure.add_scatter(
        x=[*rows["layer"], *rows["layer"][::-1]], y=[*rows["high"], *rows["low"][::-1]],
        fill="toself", fillcolor=faint(colour, 0.16), line={"width": 0}, mode="lines",
        hoverinfo="skip", showlegend=False, row=1, col=column,
    )  # fmt: skip


def change_figure(changes: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw what each compression changes of each phenomenon, with its interval.

    Parameters
    ----------
    changes : pandas.DataFrame
        As of :func:`backend.comparisons.probes.competence_changes`, of one model.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per phenomenon and one for their mean; a row per compression.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if changes.empty:
        raise ValueError("change_figure needs at least one row, and was given none")
    panels = [*in_order(list(changes["phenomenon"])), OVERALL]
    methods = list(dict.fromkeys(changes["compression"]))
    figure = make_subplots(
        cols=len(panels), shared_yaxes=True, horizontal_spacing=0.015,
        subplot_titles=[name.capitalize() for name in panels],
    )  # fmt: skip
    for column, phenomenon in enumerate(panels, start=1):
        rows = changes[changes["phenomenon"] == phenomenon]
        colours = [compression_colour(name, mode) for name in rows["compression"]]
        figure.add_scatter(
            x=rows["mean"], y=[compression_title(name) for name in rows["compression"]],
            mode="markers", showlegend=False, row=1, col=column,
            error_x={"type": "data", "array": rows["high"] - rows["mean"], "thickness": 2,
                     "width": 4, "color": muted(mode)},
            marker={"size": 10, "color": colours, "symbol": _verdict_symbols(rows),
                    "line": {"width": 2, "color": colours}},
            customdata=[
                f"{signed(mean)} [{signed(low)}, {signed(high)}]"
                for mean, low, high in zip(rows["mean"], rows["low"], rows["high"], strict=True)
            ],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
        )  # fmt: skip
        figure.add_vline(x=0, line={"color": ink(mode), "width": 1.4}, row=1, col=column)
    style(figure, mode, 190 + _ROW * len(methods))
    figure.update_layout(
        title_text=f"{model_title(changes['model'].iloc[0])}: change in what is read",
        margin={"l": 190, "t": 96},
    )  # fmt: skip
    figure.update_annotations(font={"size": 15})
    figure.update_yaxes(
        categoryorder="array", categoryarray=[compression_title(name) for name in methods[::-1]]
    )
    # Three, which stay level in the narrowest panel.
    step = _step(float(changes[["low", "high"]].abs().max().max()))
    figure.update_xaxes(matches="x", tickvals=[-step, 0.0, step])
    middle = (len(panels) + 1) // 2
    figure.update_xaxes(title_text="Change in balanced accuracy", row=1, col=middle)
    return figure


def _step(bound: float) -> float:
    """Round half of a bound to one digit."""
    half = max(bound / 2, 1e-3)
    unit = 10.0 ** np.floor(np.log10(half))
    return float(round(half / unit) * unit)


def _verdict_symbols(rows: pd.DataFrame) -> list[str]:
    """Fill the marks whose interval leaves out 0."""
    clear = (rows["low"] > 0) | (rows["high"] < 0)
    return ["circle" if each else "circle-open" for each in clear]


def task_figure(best: pd.DataFrame, mode: Mode = "light") -> go.Figure:
    """Draw each task's score at its best layer beside what it has to beat.

    Parameters
    ----------
    best : pandas.DataFrame
        As of :func:`backend.comparisons.probes.best_layers`, of one run.
    mode : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
        Filled marks gain on length and keywords by more than their interval.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if best.empty:
        raise ValueError("task_figure needs at least one row, and was given none")
    frame = best.rename(columns={"twin_score": "twin", "control_score": "control"})
    names = [frame["phenomenon"].str.capitalize(), frame["title"]]
    figure = go.Figure()
    colour = ink(mode)
    beats = frame["gain_low"] > 0
    figure.add_scatter(
        x=frame["score"], y=names, mode="markers", name="probe",
        error_x={"type": "data", "array": frame["high"] - frame["score"],
                 "arrayminus": frame["score"] - frame["low"], "width": 4, "thickness": 2.2,
                 "color": colour},
        marker={"size": 12, "color": colour, "line": {"width": 2, "color": colour},
                "symbol": np.where(beats, "circle", "circle-open").tolist()},
        customdata=frame[["layer", "low", "high"]],
        hovertemplate="%{x:.3f} [%{customdata[1]:.3f}, %{customdata[2]:.3f}], layer "
        "%{customdata[0]}<extra></extra>",
    )  # fmt: skip
    for column, (title, symbol) in _FLOORS.items():
        if frame[column].notna().any():
            figure.add_scatter(
                x=frame[column], y=names, mode="markers", name=title,
                marker={"size": 10, "symbol": symbol, "color": muted(mode),
                        "line": {"width": 2, "color": muted(mode)}},
                hovertemplate=f"{title}: %{{x:.3f}}<extra></extra>",
            )  # fmt: skip
    figure.add_vline(
        x=float(frame["chance"].median()), line={"color": muted(mode), "dash": "dot", "width": 1.6}
    )
    style(figure, mode, 170 + _ROW * len(frame))
    first = frame.iloc[0]
    what = f"{model_title(first['model'])}, {compression_title(first['compression'])}"
    figure.update_layout(title_text=f"{what}: tasks", margin={"l": 330, "t": 84})
    figure.update_xaxes(title_text=SCORE, showgrid=True)
    figure.update_yaxes(autorange="reversed", dividercolor=muted(mode), dividerwidth=1)
    return figure
