"""The result store, opened once and again whenever a run comes or goes."""

from pathlib import Path

import streamlit as st

from backend.errors import StoreError
from backend.paths import PRECOMPUTED, default_store
from backend.store.reader import ResultStore, store_version


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(folder: Path, version: tuple[tuple[str, int], ...]) -> ResultStore:
    return ResultStore(folder, PRECOMPUTED)


def open_store() -> ResultStore:
    """Return the store as it is now; stops the page with a message if it cannot be opened."""
    folder = default_store()
    try:
        return _opened(folder, store_version(folder))
    except StoreError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
