"""Talk mode: ``talk=1`` in any address shows its view to an audience, in a list of steps."""

from collections.abc import Sequence

import streamlit as st
from pydantic import ValidationError

from backend.errors import CortexScaleError
from backend.paths import ASSETS, default_store
from backend.store.reader import ResultStore
from backend.views.talks import Views, read_talk
from backend.views.tour import tour
from backend.views.view import View
from pages.shared.history import open_view
from pages.shared.panel import mode
from pages.shared.sidebar import draw_sidebar
from pages.shared.store import open_store
from pages.shared.talk_stage import draw_stage, make_slide
from pages.shared.url import url_parameters

TALK, LIST, STEP = "talk", "list", "step"
_KEYS = "talk-keys"
_OWN = frozenset((TALK, LIST, STEP))

_keys = st.components.v2.component(
    "cortexscale_talk", js=(ASSETS / "talk" / "keys.js").read_text(encoding="utf-8")
)


def in_talk() -> bool:
    """Whether the address asks for talk mode."""
    return st.query_params.get(TALK) == "1"


def start_talk(name: str = "", step: int | None = 1) -> None:
    """Begin, in a callback, with a step of a list, or with the view that is open.

    Parameters
    ----------
    name : str
        Of a presenter's list; empty for the built-in tour.
    step : int or None
        None for the view that is open.
    """
    if step is None:
        st.query_params[TALK] = "1"
        return
    own = {TALK: "1", STEP: str(step), **({LIST: name} if name else {})}
    st.query_params.from_dict(own)


def draw_talk(page: str) -> None:
    """Draw a step of a list, or the view of the address, in the dress of a talk.

    Parameters
    ----------
    page : str
        Its name.
    """
    store = open_store()
    steps = _steps(store)
    at = _place(page, len(steps))
    if at is None:
        draw_sidebar()
    view = steps[at - 1] if at else _view_of_address(page)
    with st.container(key="stage"):
        draw_stage(store, view)
        _draw_steps(at, len(steps), view)
    _draw_contents(steps, at, view)
    _keys(
        key=_KEYS,
        data={"at": at or 0, "n": len(steps)},
        height=1,
        on_pressed_change=lambda: _pressed(len(steps), view),
    )
    # While the presenter speaks: nobody waits for the next step when it comes.
    if (at or 0) < len(steps):
        make_slide(store, steps[at or 0], mode())


def _steps(store: ResultStore) -> Sequence[View]:
    name = st.query_params.get(LIST, "")
    if name:
        try:
            views = presented(name)
        except CortexScaleError as error:
            st.toast(f"{error} The built-in tour takes its place.", icon=":material/error:")
        else:
            if views:
                return views
    return _tour(store, store.version)


def presented(name: str) -> Views:
    """Return a presenter's list, read from the store's folder."""
    return read_talk(default_store(), name)


@st.cache_data(max_entries=4, show_spinner="Preparing the tour")
def _tour(_store: ResultStore, version: str) -> list[View]:
    return tour(_store)


def _place(page: str, n: int) -> int | None:
    """Return the number of the step; None where the address is of a view itself."""
    asked = st.query_params.get(STEP)
    if asked is None:
        return 1 if page == "overview" and set(url_parameters()) <= _OWN else None
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1
    return min(max(number, 1), n)


def _view_of_address(page: str) -> View:
    parameters = {key: value for key, value in url_parameters().items() if key not in _OWN}
    try:
        return View.model_validate({"page": page, "parameters": parameters})
    except ValidationError:
        return View.model_validate({"page": page})


def _draw_steps(at: int | None, n: int, view: View) -> None:
    with st.container(
        key="stage-steps",
        horizontal=True,
        gap="small",
        vertical_alignment="center",
        width="content",
    ):
        st.button(
            "", key="talk-previous", icon=":material/chevron_left:", type="tertiary",
            help="Previous (left arrow)", disabled=not at or at == 1,
            on_click=_go, args=((at or 1) - 1,),
        )  # fmt: skip
        st.html(f'<div class="talk-counter">{at or "–"} / {n}</div>')
        st.button(
            "", key="talk-next", icon=":material/chevron_right:", type="tertiary",
            help="Next (right arrow)", disabled=at == n, on_click=_go, args=((at or 0) + 1,),
        )  # fmt: skip
        st.button(
            "", key="talk-leave", icon=":material/close_fullscreen:", type="tertiary",
            help="Leave talk mode (Esc)", on_click=_leave, args=(view,),
        )  # fmt: skip


def _draw_contents(steps: Sequence[View], at: int | None, view: View) -> None:
    """List the steps in the sidebar, which the mouse brings back."""
    with st.sidebar:
        st.button(
            "Leave talk mode", key="talk-leave-too", icon=":material/close_fullscreen:",
            width="stretch", on_click=_leave, args=(view,),
        )  # fmt: skip
        for number, step in enumerate(steps, start=1):
            st.button(
                f"{number}. {_unmarked(step.title or step.page.capitalize())}",
                key=f"talk-step-{number}", width="stretch", on_click=_go, args=(number,),
                type="primary" if number == at else "tertiary",
            )  # fmt: skip


def _unmarked(text: str) -> str:
    """Keep a title that somebody else wrote from acting as Markdown."""
    return "".join(
        f"\\{letter}" if letter in "\\`*_{}[]()<>#+-.!|~$:" else letter for letter in text
    )


def _pressed(n: int, view: View) -> None:
    said = st.session_state[_KEYS].get("pressed")
    if said == "leave":
        _leave(view)
    elif isinstance(said, int) and 1 <= said <= n:
        _go(said)


def _go(step: int) -> None:
    start_talk(st.query_params.get(LIST, ""), step)


def _leave(view: View) -> None:
    """Show the step's view on its page, with all its controls."""
    open_view(view)
