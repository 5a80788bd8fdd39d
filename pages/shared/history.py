"""Undo and redo of what was chosen, and going to a view."""

from typing import NamedTuple

import streamlit as st
from pydantic import ValidationError

from backend.views.choose import KEYS
from backend.views.pins import KEY as PIN
from backend.views.view import View
from pages.shared.navigation import page_named
from pages.shared.url import changed_by_hand, open_parameters, url_parameters

_NOW, _PAST, _FUTURE = "_view_now", "_past", "_future"
_RESTORED, _TARGET = "_restored", "_go_to"
_LONGEST = 100
_OF_SIDEBAR = frozenset((*KEYS, PIN))


class Step(NamedTuple):
    """One change of what is chosen, on one page."""

    before: View
    after: View

    def is_of_sidebar(self) -> bool:
        """Whether the page's own controls had no part in it."""
        before, after = self.before.parameters, self.after.parameters
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return _OF_SIDEBAR.issuperset(changed)


def follow_url() -> None:
    """Let the URL rule where the back button or a hand has changed it."""
    for key in changed_by_hand():
        st.session_state.pop(key, None)


def go_on(page: str) -> None:
    """Turn to the page of a view that a callback has opened: none may do so itself."""
    target = st.session_state.pop(_TARGET, None)
    if target is not None and target.page != page:
        st.switch_page(
            page_named(target.page),
            query_params={key: list(values) for key, values in target.parameters.items()},
        )


def view_now() -> View | None:
    """Return the view that was drawn last; None where the URL has no form of one."""
    return st.session_state.get(_NOW)


def remember(page: str) -> None:
    """Keep the view that has just been drawn, and what led to it if it differs from the last.

    Going to another page is no step: undo is about what was chosen.
    """
    try:
        view = View(page=page, parameters=url_parameters())
    except ValidationError:
        view = None
    before = st.session_state.get(_NOW)
    st.session_state[_NOW] = view
    restored = st.session_state.pop(_RESTORED, False)
    if restored or view is None or before is None or before.page != view.page or before == view:
        return
    st.session_state[_PAST] = [*_steps(_PAST), Step(before, view)][-_LONGEST:]
    st.session_state[_FUTURE] = []


def open_view(view: View) -> None:
    """Show a view, in a callback: its page, the sidebar's selection and the page's controls."""
    open_parameters(view.parameters)
    st.session_state[_TARGET] = view


def draw_undo() -> None:
    """Draw the two buttons."""
    for label, key, icon, steps, act in (
        ("Undo", "undo", ":material/undo:", _steps(_PAST), _undo),
        ("Redo", "redo", ":material/redo:", _steps(_FUTURE), _redo),
    ):
        st.button(
            "", key=key, icon=icon, help=label, type="tertiary", disabled=not steps, on_click=act
        )


def _steps(key: str) -> list[Step]:
    return st.session_state.get(key, [])


def _undo() -> None:
    *st.session_state[_PAST], step = _steps(_PAST)
    st.session_state[_FUTURE] = [*_steps(_FUTURE), step]
    _restore(step, step.before)


def _redo() -> None:
    *st.session_state[_FUTURE], step = _steps(_FUTURE)
    st.session_state[_PAST] = [*_steps(_PAST), step]
    _restore(step, step.after)


def _restore(step: Step, view: View) -> None:
    """Go back to a view; where only the sidebar was used, on whichever page is open."""
    now = st.session_state[_NOW]
    st.session_state[_RESTORED] = True
    if step.is_of_sidebar() and now is not None and now.page != view.page:
        own = {key: values for key, values in now.parameters.items() if key not in _OF_SIDEBAR}
        shared = {key: view.parameters[key] for key in _OF_SIDEBAR & set(view.parameters)}
        open_parameters({**own, **shared})
    else:
        open_view(view)
