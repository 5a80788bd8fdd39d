"""The lesson of the folds: what each feature set scores when they are contiguous, and shuffled."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from backend.figures.labels import BASELINE_TITLES, METRIC_TITLES, model_title
from backend.figures.palette import model_colour
from backend.figures.theme import SYMBOLS, Mode, ink, muted, order_colour, style

ORDER_TITLE = BASELINE_TITLES["oasm"]


def measured_slopes(
    curves: pd.DataFrame, baselines: pd.DataFrame, honest: str = "contiguous"
) -> pd.DataFrame:
    """Take what a run scores on honest and on shuffled folds.

    Parameters
    ----------
    curves, baselines : pandas.DataFrame
        Of one data set, roi, model and compression; see :mod:`backend.store.queries`. Of several
        runs with the same split, the first is taken.
    honest : {"contiguous", "grouped"}
        The split to set against shuffled.

    Returns
    -------
    pandas.DataFrame
        Columns name, model (none of a baseline), split, mean, low, high, n_samples, n_folds,
        dataset, evidence, source. The model is taken at the layer that is best on the honest
        folds, on both.
    """
    keep = ["split", "mean", "low", "high", "n_samples", "n_folds", "dataset", "evidence", "source"]
    curves = curves.drop_duplicates(["split", "layer"])
    baselines = baselines.drop_duplicates(["split", "baseline"])
    layer = curves[curves["split"] == honest].sort_values("mean")["layer"].iloc[-1]
    model = curves[(curves["layer"] == layer) & curves["split"].isin([honest, "shuffled"])]
    name = str(model["model"].iloc[0])
    parts = [model[keep].assign(name=f"{model_title(name)}, layer {layer}", model=name)]
    for name in ("length", "oasm"):
        rows = baselines[
            (baselines["baseline"] == name) & baselines["split"].isin([honest, "shuffled"])
        ]
        parts.append(rows[keep].assign(name=BASELINE_TITLES[name]))
    return pd.concat(parts, ignore_index=True)


def published_slopes(published: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Take the published scores of GPT2-XL and OASM on one data set.

    Parameters
    ----------
    published : pandas.DataFrame
        See :func:`backend.store.queries.published`.
    dataset : str

    Returns
    -------
    pandas.DataFrame
        The rows with name, mean, low, high added; the interval is the mean and 1.96 times its
        published standard error.
    """
    rows = published[
        (published["dataset"] == dataset)
        & (published["metric"] == "pearson_r")
        & published["model"].isin(["GPT2-XL", "OASM"])
    ]
    return rows.assign(
        name=rows["model"].replace({"OASM": ORDER_TITLE}),
        mean=rows["value"],
        low=rows["value"] - 1.96 * rows["sem"],
        high=rows["value"] + 1.96 * rows["sem"],
    )


def confound_figure(
    measured: pd.DataFrame, published: pd.DataFrame, mode: Mode = "light", height: int = 460
) -> go.Figure:
    """Draw a slope from contiguous to shuffled folds for each feature set, a panel per evidence.

    Parameters
    ----------
    measured, published : pandas.DataFrame
        See :func:`measured_slopes` and :func:`published_slopes`.
    mode : {"light", "dark"}
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    figure = make_subplots(cols=2, shared_yaxes=True, horizontal_spacing=0.08)
    names = list(dict.fromkeys([*measured["name"], *published["name"]]))
    for column, rows in enumerate((measured, published), start=1):
        for name, points in rows.groupby("name", sort=False):
            _add_slope(figure, points, str(name), names.index(str(name)), column, mode)
    style(figure, mode, height)
    figure.update_layout(
        title_text="Shuffled folds reward sample order", margin={"r": 24, "t": 124},
        legend={"y": 1.10},
    )  # fmt: skip
    figure.update_xaxes(type="category", range=[-0.35, 1.35])
    figure.update_yaxes(title_text=METRIC_TITLES["r"], row=1, col=1)
    figure.add_hline(y=0, line={"color": muted(mode), "width": 1})
    for column, title in enumerate(("Measured here", "Published"), start=1):
        number = "" if column == 1 else str(column)
        figure.add_annotation(
            text=f"<b>{title}</b>", x=0, xref=f"x{number} domain", xanchor="left",
            y=1.0, yref="paper", yanchor="bottom", showarrow=False,
            font={"size": 16, "color": ink(mode)},
        )  # fmt: skip
    return figure


def _add_slope(
    figure: go.Figure, points: pd.DataFrame, name: str, index: int, column: int, mode: Mode
) -> None:
    is_order = name == ORDER_TITLE
    is_model = name not in BASELINE_TITLES.values()
    colour = model_colour(str(points["model"].iloc[0]), mode) if is_model else muted(mode)
    if is_order:
        colour = order_colour(mode)
    ordered = points.sort_values("split", key=lambda split: split == "shuffled")
    figure.add_scatter(
        x=ordered["split"],
        y=ordered["mean"],
        error_y={
            "type": "data",
            "array": ordered["high"] - ordered["mean"],
            "thickness": 1.4,
            "width": 4,
        },
        mode="lines+markers+text",
        text=[f"{value:.2f}" for value in ordered["mean"]],
        textposition=["middle left", "middle right"],
        # Words take more contrast than marks do.
        textfont={"color": ink(mode) if is_model else colour, "size": 14},
        name=name,
        legendgroup=name,
        showlegend=name not in {trace.name for trace in figure.data},
        line={
            "color": colour,
            "width": 4 if is_order else 3,
            "dash": "dot" if is_order else "solid",
        },
        marker={"size": 11, "symbol": SYMBOLS[index % len(SYMBOLS)]},
        hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>",
        row=1,
        col=column,
    )
