"""Tables of the Layers page: peaks, and what a model adds to its baselines."""

import pandas as pd
import streamlit as st

from backend.figures.labels import SPLIT_TITLES, series_titles, short_region
from backend.views.layer_parts import Curves

_KINDS = {"model": "Model", "region": "Region", "subject": "Subject", "story": "Story"}


def show_peaks(curves: Curves) -> None:
    """Show where each curve peaks, and how well that is known."""
    peaks = curves.peaks
    names = (
        [short_region(*pair) for pair in zip(peaks["roi"], peaks["hemisphere"], strict=True)]
        if curves.by == "region"
        else list(peaks["title"])
    )
    table = pd.DataFrame(
        {
            _KINDS[curves.by]: names,
            "Peak layer": peaks["layer"],
            "95% interval": [
                _interval(low, high) for low, high in zip(peaks["low"], peaks["high"], strict=True)
            ],
            "Relative depth": peaks["layer"] / peaks["last"].clip(lower=1),
            "Place": peaks["place"],
            "Score there": peaks["score"],
            "Unique R² there": peaks["unique_r2"],
            "Counts": ["yes" if counts else "NO" for counts in peaks["counts"]],
        }
    )
    if peaks["split"].nunique() > 1:
        table.insert(1, "Folds", peaks["split"].map(SPLIT_TITLES))
    st.subheader("Peaks")
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Peak layer": number(format="%d"),
            "Relative depth": number(format="%.2f"),
            "Place": number(format="%.2f"),
            "Score there": number(format="%.3f"),
            "Unique R² there": number(format="%.3f"),
        },
    )
    st.caption(
        "The peak's interval is that of the layer with the highest mean in resamples of the folds, "
        "stories or subjects. Place: where between the layers a parabola through it and its "
        "neighbours peaks. A peak counts where the score, and what it adds to the baselines, lie "
        "above 0 there by their 95% intervals."
    )


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{low:.0f} to {high:.0f}"


def show_gains(gains: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Show what each model adds to its baselines."""
    titles = series_titles(runs)
    gains = gains[gains["run_id"].isin(titles)]
    table = pd.DataFrame(
        {
            "Model": gains["run_id"].map(titles),
            "Folds": gains["split"].map(SPLIT_TITLES),
            "Best layer": gains["layer"],
            "r": gains["r"],
            "Strongest baseline": gains["strongest"],
            "Its r": gains["strongest_r"],
            "Unique R²": gains["unique_r2"],
            "95% low": gains["low"],
            "95% high": gains["high"],
            "Beats baselines": ["yes" if beats else "NO" for beats in gains["beats"]],
        }
    )
    st.subheader("What the model adds to its baselines")
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        table,
        hide_index=True,
        column_config=dict.fromkeys(("r", "Its r", "Unique R²", "95% low", "95% high"), number),
    )
    st.caption(
        "Unique R²: what the layer with the highest r adds to the held-out R² of all nuisance "
        "baselines together (banded ridge, same folds). A model beats its baselines where the "
        "interval over folds lies above 0."
    )
