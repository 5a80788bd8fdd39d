"""The result store, opened once and again whenever a run comes or goes."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import streamlit as st

from backend.errors import StoreError
from backend.paths import PRECOMPUTED, cache_folder, default_store, shared_results
from backend.store.compact import compact_apart
from backend.store.compacted import WORTH_IT, compacted_file, n_waiting
from backend.store.reader import ResultStore
from backend.store.shard_files import store_version
from backend.store.shared import SharedStore

# What is drawn in one go shows one state of the store, which is looked up once.
_current: ContextVar[ResultStore | None] = ContextVar("_current", default=None)


@st.cache_resource(max_entries=2, show_spinner="Gathering new runs, once")
def _gathered(folder: Path, version: str) -> Path:
    path = compacted_file(folder, cache_folder())
    if n_waiting(folder, path) >= WORTH_IT:
        compact_apart(folder, path)
    return path


# Each holds memory of its own; a second one is open only while another session is still drawing.
@st.cache_resource(max_entries=2, show_spinner=False)
def _opened(folder: Path, version: str, shared: str | None, theirs: str) -> ResultStore:
    store = ResultStore(folder, PRECOMPUTED, _gathered(folder, version), shared)
    # What has been imported by now lives as long as the server: Python need not look through it
    # for garbage again, which takes a tenth of a second each time.
    gc.freeze()
    return store


def open_store() -> ResultStore:
    """Return the store as it is now; stops the page with a message if it cannot be opened."""
    current = _current.get()
    if current is not None:
        return current
    folder, shared = default_store(), shared_results()
    try:
        theirs = SharedStore(shared).version() if shared else ""
        return _opened(folder, store_version(folder), shared, theirs)
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
    token = _current.set(store)
    try:
        yield
    except StoreError as error:
        st.error(str(error), icon=":material/error:")
    finally:
        _current.reset(token)
    if store.problems != problems:
        st.rerun()
