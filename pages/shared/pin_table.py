"""The pinned selections beside each other, in numbers."""

import html

import pandas as pd
import streamlit as st

from backend.figures.captions import results_caption
from backend.figures.labels import place_title
from backend.store.reader import ResultStore
from backend.views.pinned import pinned_scores
from pages.shared.tray import chip, pins

_STYLE = (
    "<style>.pins{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".pins th{text-align:left;font-weight:600;font-size:.875rem}"
    ".pins th,.pins td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid rgba(128,128,128,.3)}"
    "</style>"
)
_HEADS = ("Pinned", "Evidence", "Best layer", "r [95%]", "Unique R² [95%]", "n")


def show_pins(store: ResultStore) -> None:
    """Draw a row per pin at its best layer; nothing while nothing is pinned."""
    pinned = pins()
    if not pinned:
        return
    st.subheader("Pinned selections")
    table = pinned_scores(store, pinned)
    rows = {row["pin"]: row for row in table.to_dict("records")}
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    body = "".join(f"<tr><td>{chip(pin)}</td>{_cells(rows.get(pin.letter))}</tr>" for pin in pinned)
    with st.container(key="pin-table"):
        st.html(
            f'{_STYLE}<div style="overflow-x:auto"><table class="pins"><thead><tr>{heads}</tr>'
            f"</thead><tbody>{body}</tbody></table></div>"
        )
    if len(table):
        st.caption(
            results_caption(
                table,
                "Each pin's best layer: the highest mean r over folds of all that is pinned, on "
                "these same folds, with 95% t intervals; unique R² over all nuisance baselines",
            )
        )


def _cells(row: dict | None) -> str:
    if row is None:
        return f'<td colspan="{len(_HEADS) - 1}">no results any more</td>'
    place = place_title(row["dataset"], row["roi"], row["hemisphere"])
    cells = (
        row["evidence"],
        f"{row['layer']} ({place})",
        _interval(row["r"], row["r_low"], row["r_high"]),
        _interval(row["unique_r2"], row["unique_low"], row["unique_high"]),
        f"{row['n_samples']:,.0f}, {row['n_folds']} folds",
    )
    return "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)


def _interval(mean: float, low: float, high: float) -> str:
    if pd.isna(mean):
        return "unknown"
    return f"{mean:.3f}" if pd.isna(low) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"
