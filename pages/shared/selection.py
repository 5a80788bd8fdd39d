"""The shared selection, as the sidebar's widgets keep it in the session and in the URL."""

from dataclasses import dataclass

import streamlit as st

from backend.store.selection import Selection


@dataclass(frozen=True)
class View:
    """What the sidebar has chosen.

    Attributes
    ----------
    selection : Selection
        Data set, response, models and compressions.
    split : str
        The honest split to show.
    shuffled : bool
        Whether shuffled folds stand beside it.
    metric : str
        One of ``backend.store.queries.METRICS``.
    """

    selection: Selection
    split: str
    shuffled: bool
    metric: str


def current_view() -> View | None:
    """Return what the sidebar has chosen; None while the store holds nothing to choose from."""
    return st.session_state.get("_view")


def set_view(view: View | None) -> None:
    """Keep the sidebar's choice for the page that is drawn after it."""
    st.session_state["_view"] = view
