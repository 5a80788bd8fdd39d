"""The presenter's list: views added to a talk, put in order, kept, sent and read again."""

import io
from collections.abc import Callable

import streamlit as st

from backend.errors import CortexScaleError, InputError
from backend.paths import default_store
from backend.views.files import MOST_VIEWS, read_views, write_views
from backend.views.sheets import PAGES_WITH_SHEETS
from backend.views.talks import Views, delete_talk, free_name, read_talk, talk_names, write_talk
from pages.shared.history import view_now
from pages.shared.talk import start_talk

_TALK, _ERROR, _PLACE = "talk_name", "_talk_error", "talk_place"
_TITLE, _NOTE, _UPLOAD = "talk_title", "talk_note", "talk_upload"
_FIRST = "My talk"


def draw_talk_list() -> None:
    """Draw what starts a talk, and what makes one."""
    with st.popover("", icon=":material/slideshow:", type="tertiary", help="Talk", key="talk"):
        if error := st.session_state.pop(_ERROR, None):
            st.error(error, icon=":material/error:")
        with st.container(horizontal=True):
            st.button(
                "Built-in tour", key="talk-tour", icon=":material/play_arrow:", type="primary",
                on_click=start_talk, help="Six steps, told by this store's own results.",
            )  # fmt: skip
            st.button(
                "This view", key="talk-here", icon=":material/fullscreen:",
                on_click=start_talk, args=("", None), disabled=not _can_be_shown(),
            )  # fmt: skip
        name = _choose_talk()
        views = _views(name)
        _draw_adding(name)
        if views:
            _draw_order(name, views)
            _draw_files(name, views)
        st.file_uploader(
            "Read a list (YAML)", type=["yaml", "yml"], key=_UPLOAD, on_change=_read_upload
        )


def _choose_talk() -> str:
    names = talk_names(default_store()) or [_FIRST]
    if not st.session_state.get(_TALK):
        st.session_state[_TALK] = names[0]
    name = st.session_state[_TALK]
    options = names if name in names else [*names, name]
    return st.selectbox(
        "Talk", options, key=_TALK, accept_new_options=True,
        help="Write a name to begin another. It is kept in the store's folder, so that every tab "
        "and server over the store has it.",
    )  # fmt: skip


def _views(name: str) -> Views:
    if name not in talk_names(default_store()):
        return ()
    try:
        return read_talk(default_store(), name)
    except CortexScaleError as error:
        st.error(str(error), icon=":material/error:")
        return ()


def _can_be_shown() -> bool:
    view = view_now()
    return view is not None and view.page in PAGES_WITH_SHEETS


def _draw_adding(name: str) -> None:
    st.text_input("Title", key=_TITLE, max_chars=200, placeholder="Of the view that is open")
    st.text_area(
        "Note", key=_NOTE, max_chars=1000, height=80,
        help="Its first line is set large, further ones smaller. Without a note the figure has "
        "the whole stage.",
    )  # fmt: skip
    st.button(
        "Add this view", key="talk-add", icon=":material/add:", on_click=_add, args=(name,),
        disabled=not _can_be_shown(),
    )  # fmt: skip


def _draw_order(name: str, views: Views) -> None:
    places = list(range(len(views)))
    if st.session_state.get(_PLACE) not in places:
        st.session_state[_PLACE] = places[-1]
    at = st.selectbox(
        "Steps", places, key=_PLACE,
        format_func=lambda place: f"{place + 1}. {views[place].title or views[place].page}",
    )  # fmt: skip
    moves = (
        ("Earlier", "talk-earlier", ":material/arrow_upward:", at == 0, _moved(views, at, -1)),
        ("Later", "talk-later", ":material/arrow_downward:", at == places[-1],
         _moved(views, at, 1)),
        ("Remove", "talk-remove", ":material/delete:", False, (*views[:at], *views[at + 1 :])),
    )  # fmt: skip
    with st.container(horizontal=True):
        for label, key, icon, disabled, after in moves:
            place = {"talk-earlier": at - 1, "talk-later": at + 1}.get(key, at)
            st.button(
                "", key=key, icon=icon, help=label, disabled=disabled,
                on_click=_change, args=(name, after, place),
            )  # fmt: skip
        st.button(
            "Take title and note", key="talk-edit", icon=":material/edit:",
            help="Give this step the title and the note above.",
            on_click=_edit, args=(name, views, at),
        )  # fmt: skip


def _draw_files(name: str, views: Views) -> None:
    stream = io.StringIO()
    write_views(stream, name, views)
    with st.container(horizontal=True):
        st.button(
            "Start", key="talk-start", icon=":material/play_arrow:", type="primary",
            on_click=start_talk, args=(name,),
        )  # fmt: skip
        st.download_button(
            "YAML", stream.getvalue(), file_name=f"{name}.yaml", mime="application/yaml",
            key="talk-yaml", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.button(
            "Delete", key="talk-delete", icon=":material/delete_forever:", on_click=_try,
            args=(lambda: delete_talk(default_store(), name),),
        )  # fmt: skip


def _moved(views: Views, at: int, by: int) -> Views:
    to = at + by
    if not 0 <= to < len(views):
        return views
    rest = [*views[:at], *views[at + 1 :]]
    return (*rest[:to], views[at], *rest[to:])


def _add(name: str) -> None:
    view = view_now()
    if view is None:
        return
    told = {"title": st.session_state[_TITLE].strip(), "note": st.session_state[_NOTE].strip()}

    def add() -> None:
        views = _kept(name)
        if len(views) >= MOST_VIEWS:
            raise InputError(f"{MOST_VIEWS} steps are in this talk already; remove some first.")
        write_talk(default_store(), name, (*views, view.model_copy(update=told)))
        st.session_state[_PLACE] = len(views)

    if _try(add):
        st.session_state[_TITLE] = st.session_state[_NOTE] = ""


def _edit(name: str, views: Views, at: int) -> None:
    told = {"title": st.session_state[_TITLE].strip(), "note": st.session_state[_NOTE].strip()}
    changed = (*views[:at], views[at].model_copy(update=told), *views[at + 1 :])
    _change(name, changed, at)


def _change(name: str, views: Views, at: int) -> None:
    if _try(lambda: write_talk(default_store(), name, views)):
        st.session_state[_PLACE] = at


def _read_upload() -> None:
    upload = st.session_state[_UPLOAD]
    if upload is None:
        return

    def read() -> None:
        found = read_views(upload)
        name = free_name(default_store(), found.title or upload.name.rsplit(".", 1)[0])
        write_talk(default_store(), name, found.views)
        st.session_state[_TALK] = name

    _try(read)


def _kept(name: str) -> Views:
    return read_talk(default_store(), name) if name in talk_names(default_store()) else ()


def _try(change: Callable[[], None]) -> bool:
    """Make a change; what is wrong with it is said where the list is drawn next."""
    try:
        change()
    except CortexScaleError as error:
        st.session_state[_ERROR] = str(error)
        return False
    return True
