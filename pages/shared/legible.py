"""Curves of a selection, no more than can be told apart."""

import pandas as pd
import streamlit as st

from backend.figures.legible import few_series, n_series


def legible(curves: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a figure cannot bear, and say so."""
    shown = few_series(curves)
    left_out = n_series(curves) - n_series(shown)
    if left_out:
        st.caption(
            f":material/filter_alt: {n_series(shown)} of {n_series(curves)} models and "
            "compressions are drawn: trained models at full precision. Choose others in the "
            "sidebar; Scale and Compression show all at once."
        )
    return shown
