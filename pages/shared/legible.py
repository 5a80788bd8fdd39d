"""What is said where a figure cannot bear all there is."""

import streamlit as st


def say_left_out(shown: int, every: int) -> None:
    """Say how many of all series are drawn, and how to see the others."""
    st.caption(
        f":material/filter_alt: {shown} of {every} models and compressions are drawn: trained "
        "models at full precision. Choose others in the sidebar; Scale and Compression show all at "
        "once."
    )
