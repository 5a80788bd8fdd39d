"""The view in the URL: read when a session begins or the URL changes, written at each choice.

Streamlit can bind a widget to a query parameter, but writes the label that the user sees; a link
should hold the names that results are filed under, which no rewording breaks.
"""

from collections.abc import Mapping, Sequence

import streamlit as st
from pydantic import ValidationError

from backend.views.view import Page, View

_UNKNOWN = "_unknown_in_url"
_SAID = "_said_of_url"
_WRITTEN = "_written_to_url"


def url_parameters() -> dict[str, tuple[str, ...]]:
    """Return what the URL says now."""
    return {key: tuple(st.query_params.get_all(key)) for key in st.query_params}


def changed_by_hand() -> list[str]:
    """List the parameters that differ from what the app wrote: by the back button, for one.

    A page that is left and comes back has an empty URL, which says nothing.
    """
    now, written = url_parameters(), st.session_state.get(_WRITTEN)
    if written is None or not set(now) & set(written):
        return []
    return [key for key in {**now, **written} if now.get(key) != written.get(key)]


def last_known(key: str) -> list[str]:
    """Return a parameter as the URL has it, or as the app last wrote it.

    A page that has just been gone to has an empty URL until the app writes it.
    """
    written: dict[str, tuple[str, ...]] = st.session_state.get(_WRITTEN, {})
    return st.query_params.get_all(key) or list(written.get(key, ()))


def open_parameters(parameters: Mapping[str, Sequence[str]]) -> None:
    """Make the URL the only word on what is chosen, whatever the widgets held.

    To be called before widgets are drawn, as in a callback.
    """
    for key in {**url_parameters(), **parameters}:
        st.session_state.pop(key, None)
    _write(parameters)
    st.session_state[_WRITTEN] = url_parameters()


def seed_one(key: str, options: Sequence[str]) -> None:
    """Give a select box its value from the session, else from the URL, else its first option."""
    value = st.session_state.get(key)
    if value not in options:
        # Once a session has a value, the URL only repeats it: a choice that another one has ruled
        # out is no fault of a link. None is what a browser sends that has not drawn the widget.
        asked = last_known(key)[:1] if value is None else []
        known = _known(asked, options, key)
        st.session_state[key] = known[0] if known else options[0]


def keep(key: str, value: object) -> None:
    """Give a widget its value; what is there already would only be sent to the browser again."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def seed_number(key: str, default: float, low: float, high: float) -> None:
    """Give a number input its value from the session, else from the URL, else the default."""
    if st.session_state.get(key) is not None:
        return
    asked = st.query_params.get(key)
    try:
        fits = asked is not None and low <= float(asked) <= high
    except ValueError:
        fits = False
    # A number has no list of options: what the link asks for is one where it can be used.
    _known([asked], [asked] if asked is not None and fits else [], key)
    st.session_state[key] = float(asked) if asked is not None and fits else default


def write_url(selection: Mapping[str, str | Sequence[str]]) -> None:
    """Make the URL say what is selected, and leave other parameters alone."""
    wanted = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in selection.items()}
    now = url_parameters()
    if any(now.get(key, ()) != values for key, values in wanted.items()):
        # All at once: each write of its own would be a step of the browser's back button.
        _write({**now, **wanted})
    st.session_state[_WRITTEN] = url_parameters()
    unknown = st.session_state.pop(_UNKNOWN, [])
    if unknown:
        st.session_state[_SAID] = [*st.session_state.get(_SAID, []), *unknown]
        st.sidebar.warning(
            f"The link names what this store does not have: {', '.join(unknown)}. It was left out.",
            icon=":material/link_off:",
        )


def write_controls(keys: Sequence[str]) -> None:
    """Make the URL say what a page's own controls hold.

    A control that another page had asked is forgotten when that page is left, and has no value.
    """
    held = {key: st.session_state.get(key) for key in keys}
    write_url(
        {
            key: value if isinstance(value, str) else f"{value:g}"
            for key, value in held.items()
            if value is not None
        }
    )


def _write(parameters: Mapping[str, Sequence[str]]) -> None:
    st.query_params.from_dict({key: list(values) for key, values in parameters.items() if values})


def name_unknown(key: str, value: str) -> None:
    """Remember a value of the URL that was left out; it is named when the URL is next written."""
    named = f"{key} {_verbatim(value)}"
    st.session_state[_UNKNOWN] = [*st.session_state.get(_UNKNOWN, []), named]


def forget_said() -> None:
    """Begin a run, in which nothing has been said of the URL yet."""
    st.session_state.pop(_SAID, None)


def say_again() -> None:
    """Have the next run say of the URL what this one said, where nobody has asked for that run."""
    st.session_state[_UNKNOWN] = list(st.session_state.get(_SAID, []))


def _known(values: Sequence[str | None], options: Sequence[str], key: str) -> list[str]:
    given = list(dict.fromkeys(value for value in values if value))
    for value in given:
        if value not in options:
            name_unknown(key, value)
    return [value for value in given if value in options]


def _verbatim(value: str) -> str:
    """Quote what a link says, so that none of it acts as Markdown: no images, no other links."""
    quoted = repr(value[:60]).replace("`", "'")
    return f"`{quoted}`"


def shown_view(page: Page) -> View:
    """Return what a page shows, as its address says it; what no page writes is left out."""
    parameters = {key: tuple(st.query_params.get_all(key)) for key in st.query_params}
    return View(page=page, parameters={k: v for k, v in parameters.items() if _is_ours(k, v)})


def _is_ours(key: str, values: Sequence[str]) -> bool:
    try:
        View(page="overview", parameters={key: values})
    except ValidationError:
        return False
    return True
