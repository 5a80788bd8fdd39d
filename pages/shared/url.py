"""The selection in the URL: read once when a session begins, written whenever it changes.

Streamlit can bind a widget to a query parameter, but writes the label that the user sees; a link
should hold the names that results are filed under, which no rewording breaks.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

_UNKNOWN = "_unknown_in_url"


def seed_one(key: str, options: Sequence[str]) -> None:
    """Give a select box its value from the session, else from the URL, else its first option."""
    value = st.session_state.get(key)
    if value not in options:
        value = _known([st.query_params.get(key)], options, key)
        st.session_state[key] = value[0] if value else options[0]


def seed_several(key: str, options: Sequence[str]) -> None:
    """Give a multiselect its values likewise; all of them where that leaves none."""
    values = [value for value in st.session_state.get(key, []) if value in options]
    if not values and key not in st.session_state:
        values = _known(st.query_params.get_all(key), options, key)
    if not values and st.session_state.get(key) != []:
        values = list(options)
    st.session_state[key] = values


def seed_flag(key: str) -> None:
    """Give a toggle its value likewise; off by default."""
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(key) == "true"


def write_url(selection: Mapping[str, str | Sequence[str]]) -> None:
    """Make the URL say what is selected, and leave other parameters alone."""
    for key, value in selection.items():
        wanted = [value] if isinstance(value, str) else list(value)
        if st.query_params.get_all(key) != wanted:
            st.query_params[key] = wanted
    unknown = st.session_state.pop(_UNKNOWN, [])
    if unknown:
        st.sidebar.warning(
            f"The link names what this store does not have: {', '.join(unknown)}. It was left out.",
            icon=":material/link_off:",
        )


def _known(values: Sequence[str | None], options: Sequence[str], key: str) -> list[str]:
    given = [value for value in values if value]
    unknown = [f"{key} {value[:60]!r}" for value in given if value not in options]
    st.session_state[_UNKNOWN] = [*st.session_state.get(_UNKNOWN, []), *unknown]
    return [value for value in given if value in options]
