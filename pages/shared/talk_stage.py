"""A stage of 16:9 that fills the window: title, one picture, few words."""

import base64
import html

import pandas as pd
import streamlit as st

from backend.catalog import published_claims
from backend.figures.theme import Mode, ink
from backend.paths import ASSETS
from backend.store.reader import ResultStore
from backend.views.slide import Slide, room, slide_of
from backend.views.view import View
from pages.shared.panel import mode
from pages.shared.plot import draw_plot

_STYLE = (ASSETS / "talk" / "stage.css").read_text(encoding="utf-8")
_TOP = 112
# A note that is long is set smaller: from this many characters on.
_LONG, _LONGER = 190, 300
_QUIET = {"light": "#3F4650", "dark": "#C9D0D8"}
_LINE = {"light": "#D5D9DF", "dark": "#39424D"}
_ACCENT = {"light": "#0072B2", "dark": "#56B4E9"}
_COLOURS: dict[str, tuple[str, str]] = {
    # White on these, and these on white, are read from the last row.
    "measured": ("#005A8C", "#FFFFFF"),
    "simulated": ("#E69F00", "#1A1D21"),
    "published": ("#4B5563", "#FFFFFF"),
    "supported": ("#00664A", "#FFFFFF"),
    "contradicted": ("#A8201A", "#FFFFFF"),
    "undecided": ("#4B5563", "#FFFFFF"),
    "no data": ("#E5E7EB", "#1A1D21"),
}


def draw_stage(store: ResultStore, view: View) -> None:
    """Draw a view for an audience.

    Parameters
    ----------
    store : ResultStore
    view : View
        Its title and note are shown as they are, line by line.
    """
    width, height = room(view)
    slide = make_slide(store, view, mode())
    st.html(f"<style>{_STYLE}{_variables(width, height, view)}</style>")
    with st.container(key="stage-title"):
        st.html(f"<h1>{html.escape(view.title or _plain_title(view))}</h1>")
    with st.container(key="stage-figure"):
        _draw_slide(slide)
    if view.note:
        with st.container(key="stage-note"):
            st.html(f'<div class="talk-note">{_note(view.note)}</div>')
    with st.container(key="stage-foot"):
        badge = _badge(slide.evidence, "talk-badge") if slide.evidence else ""
        st.html(f'<div class="talk-foot">{badge}<span>{html.escape(slide.caption)}</span></div>')


def make_slide(store: ResultStore, view: View, shown: Mode) -> Slide:
    """Make a view's picture, once while the store stays as it is."""
    return _made(store, store.version, view.link(), bool(view.note), shown)


@st.cache_resource(max_entries=48, show_spinner=False)
def _made(_store: ResultStore, version: str, link: str, beside: bool, shown: Mode) -> Slide:
    view = View.from_link(link).model_copy(update={"note": "beside" if beside else ""})
    return slide_of(view, _store, shown, *room(view))


def _plain_title(view: View) -> str:
    return view.page.capitalize()


def _variables(width: int, height: int, view: View) -> str:
    """Give the style sheet its sizes, and the colours of the user's theme."""
    shown = mode()
    own = view.note.split("\n", 1)[0]
    size = 24 if len(own) < _LONG else 21 if len(own) < _LONGER else 18
    values = {
        "ink": ink(shown), "quiet": _QUIET[shown], "line": _LINE[shown],
        "accent": _ACCENT[shown], "top": f"{_TOP}px", "width": f"{width}px",
        "height": f"{height}px", "type": f"{size}px",
    }  # fmt: skip
    return ":root{" + "".join(f"--talk-{key}:{value};" for key, value in values.items()) + "}"


def _draw_slide(slide: Slide) -> None:
    if slide.figure is not None:
        config = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
        draw_plot("stage-chart", slide.figure, slide.alt, config, "content")
    elif slide.picture:
        encoded = base64.b64encode(slide.picture).decode()
        alt = html.escape(slide.alt, quote=True)
        st.html(f'<img src="data:image/png;base64,{encoded}" alt="{alt}">')
    elif slide.table is not None:
        st.html(_verdicts(slide.table))
    else:
        st.html(f'<p class="talk-absent">{html.escape(slide.absent)}</p>')


def _verdicts(table: pd.DataFrame) -> str:
    """Write the claims' verdicts as a table of large type."""
    titles = {entry.claim: entry.title for entry in published_claims().values()}
    own = table["sizes"].iloc[0] == "own"
    caption = (
        "Tested on models of this store's own sizes: no evidence on the published claims."
        if own
        else "Tested on models of the published sizes."
    )
    rows = [
        f"<tr><td>{html.escape(titles[row['claim']])}</td>"
        f"<td>{_badge(row['status'], 'talk-verdict own' if own else 'talk-verdict')}</td>"
        f'<td class="number">{html.escape(_effect(row))}</td></tr>'
        for row in table.to_dict("records")
    ]
    return (
        f'<table class="talk-claims"><caption>{caption}</caption><tbody>{"".join(rows)}</tbody>'
        "</table>"
    )


def _effect(row: dict) -> str:
    if row["effect"] is None or pd.isna(row["effect"]):
        return ""
    percent = str(row["unit"]).startswith("%")
    number = f"{row['effect']:+.1f}%" if percent else f"{row['effect']:+.3f}"
    value = number.replace("-", "−") + ("" if percent else f" {row['unit']}")
    return f"{value}, n = {row['n']} {row['counts']}"


def _note(note: str) -> str:
    """Set the first line large, what follows smaller, and commands as such."""
    first, *more = [line for line in note.split("\n") if line.strip()] or [""]
    lines = [f'<p class="own">{html.escape(first)}</p>']
    for line in more:
        if "python -m backend" in line:
            # A browser would break a line after the hyphens of an option.
            words = "".join(f"<span>{html.escape(word)} </span>" for word in line.split())
            lines.append(f'<p class="run">{words}</p>')
        else:
            lines.append(f'<p class="more">{html.escape(line)}</p>')
    return "".join(lines)


def _badge(word: str, kind: str) -> str:
    ground, text = _COLOURS.get(word, _COLOURS["published"])
    return (
        f'<span class="{kind}" style="background:{ground};color:{text}">{html.escape(word)}</span>'
    )
