"""Views kept by name, and links to the one that is open."""

from collections.abc import Callable

import streamlit as st

from backend.errors import CortexScaleError
from backend.paths import default_store
from backend.views.saved import delete_view, rename_view, save_view, saved_views
from backend.views.view import View
from pages.shared.history import open_view, view_now

_NAME, _PICK, _NEW, _ERROR = "view_name", "view_pick", "view_new_name", "_view_error"
_LINK_HELP = "It opens this view wherever the app runs over the same store."


def draw_link() -> None:
    """Draw a link to the view that is open, with a button that copies it."""
    view = view_now()
    with st.popover(
        "", icon=":material/link:", type="tertiary", help="Copy link", disabled=view is None
    ):
        if view is not None:
            st.caption(f"A link to this page and all that is chosen on it. {_LINK_HELP}")
            st.code(_server(view) + view.link(), language=None)
            st.caption("Below the address of another server:")
            st.code(view.link(), language=None)


def _server(view: View) -> str:
    """Return the address of the server: that of the page without the page."""
    return (st.context.url or "").rstrip("/").removesuffix(f"/{view.page}")


def draw_saved() -> None:
    """Draw what saves the view that is open, and the views that were saved."""
    with st.popover(
        "", icon=":material/bookmarks:", type="tertiary", help="Saved views", key="views"
    ):
        if error := st.session_state.pop(_ERROR, None):
            st.error(error, icon=":material/error:")
        try:
            views = {view.title: view for view in saved_views(default_store())}
        except CortexScaleError as problem:
            st.error(str(problem), icon=":material/error:")
            return
        st.text_input("Save this view as", key=_NAME, max_chars=100)
        st.button(
            "Save", key="view-save", icon=":material/bookmark_add:", on_click=_save,
            disabled=view_now() is None,
        )  # fmt: skip
        if views:
            _draw_list(views)


def _draw_list(views: dict[str, View]) -> None:
    if st.session_state.get(_PICK) not in views:
        st.session_state[_PICK] = list(views)[-1]
    title = st.selectbox("Saved views", list(views), key=_PICK)
    with st.container(horizontal=True):
        st.button(
            "Open", key="view-open", icon=":material/open_in_new:", type="primary",
            on_click=open_view, args=(views[title],),
        )  # fmt: skip
        st.button(
            "Delete", key="view-delete", icon=":material/delete:",
            on_click=_try, args=(lambda: delete_view(default_store(), title),),
        )  # fmt: skip
    st.text_input("New name", key=_NEW, max_chars=100)
    st.button(
        "Rename", key="view-rename", icon=":material/edit:", on_click=_rename, args=(title,)
    )  # fmt: skip


def _save() -> None:
    view, name = view_now(), st.session_state[_NAME].strip()
    if view is not None and _try(
        lambda: save_view(default_store(), view.model_copy(update={"title": name}))
    ):
        st.session_state[_NAME], st.session_state[_PICK] = "", name


def _rename(title: str) -> None:
    new = st.session_state[_NEW].strip()
    if _try(lambda: rename_view(default_store(), title, new)):
        st.session_state[_NEW], st.session_state[_PICK] = "", new


def _try(change: Callable[[], None]) -> bool:
    """Make a change; what is wrong with it is said where the views are drawn next."""
    try:
        change()
    except CortexScaleError as error:
        st.session_state[_ERROR] = str(error)
        return False
    return True
