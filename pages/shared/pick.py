"""Ask for a choice by widgets, which keep it in the session and in the URL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from pages.shared.url import seed_number, seed_one, write_controls

# So many options are a list to choose from.
_LONG = 2


@dataclass(frozen=True)
class Control:
    """How a choice is put to the user.

    Attributes
    ----------
    label : str
    title : callable
        Names an option.
    note : str or None
    width : int or None
        Pixels of a list; None lets the number of options decide whether it is one.
    slider : bool
    """

    label: str
    title: Callable[[str], str] = str
    note: str | None = None
    width: int | None = None
    slider: bool = False


class WidgetPick:
    """Draw a widget for every choice that there is; those without a choice are left out.

    Parameters
    ----------
    controls : mapping of str to Control
        By query parameter.
    """

    def __init__(self, controls: Mapping[str, Control]) -> None:
        self._controls = controls
        self._asked: list[str] = []

    def one(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """Ask for one of the options."""
        self._asked.append(key)
        control = self._controls[key]
        asked = key in st.query_params or st.session_state.get(key) is not None
        if default is not None and not asked:
            st.session_state[key] = default
        seed_one(key, options)
        if len(options) == 1:
            return st.session_state[key]
        given = {"format_func": control.title, "key": key, "help": control.note}
        if control.slider:
            return st.select_slider(control.label, options, width=200, **given)
        if control.width is not None or len(options) > _LONG:
            return st.selectbox(control.label, options, width=control.width or 150, **given)
        return st.segmented_control(control.label, options, required=True, **given)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Ask for a number."""
        self._asked.append(key)
        control = self._controls[key]
        seed_number(key, default, low, high)
        return st.number_input(
            control.label, low, high, step=0.005, format="%.3f", key=key, help=control.note,
            width=control.width or 140,
        )  # fmt: skip

    def write(self) -> None:
        """Make the URL say what was chosen."""
        write_controls(self._asked)
