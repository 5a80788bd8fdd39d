"""What stands above the selection: undo, links, saved views and the comparison tray."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.shared.history import draw_undo, follow_url, go_on, remember
from pages.shared.saved_views import draw_link, draw_saved
from pages.shared.selection import current_choice
from pages.shared.talk_list import draw_talk_list
from pages.shared.tray import draw_tray


@contextmanager
def keeping_view(page: str) -> Iterator[None]:
    """Draw a page inside, and then the tools that work on what has been drawn.

    Parameters
    ----------
    page : str
        Its name.
    """
    go_on(page)
    follow_url()
    tools = st.sidebar.container(key="tools")
    yield
    remember(page)
    if current_choice() is None:
        return
    with tools:
        with st.container(horizontal=True, gap="small", key="tool-row"):
            draw_undo()
            draw_saved()
            draw_link()
            draw_talk_list()
        draw_tray()
