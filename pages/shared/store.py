"""The result store, opened once and again whenever a run comes or goes."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def reading_store() -> Iterator[None]:
    """Say what is wrong where the store cannot answer what is drawn inside.

    A shard may prove damaged halfway down a page. Whatever was drawn until then still counted it,
    so that all is drawn once more without it.
    """
    store = open_store()
    problems = store.problems
    try:
        yield
    except StoreError as error:
        st.error(str(error), icon=":material/error:")
    if store.problems != problems:
        st.rerun()
