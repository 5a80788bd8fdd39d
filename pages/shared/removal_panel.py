"""What predictivity loses once what probes read is removed from the states."""

import pandas as pd
import streamlit as st

from backend.comparisons.probes import BUNDLED
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from pages.shared.dissociation_controls import choose_removal
from pages.shared.panel import evidence_badge, sheet_panel

_NUMBER = st.column_config.NumberColumn
_NOTE = (
    "Removal is fitted to the texts of the bundled probing tasks, not to those of the recording; "
    "after it no linear probe reads the phenomenon from those texts. Below chance, held-out items "
    "show what was taken from the others."
)
_NOTE_LABELS = (
    "Removal is fitted to the words that each fold trains on; after it no linear probe reads the "
    "property from a word. Probes are tested on the words that are held out. What neighbouring "
    "words say of each other is not removed."
)


def show_removal(store: ResultStore, chosen: Chosen) -> bool:
    """Show what was removed on the selection's data, or how to do so.

    Returns
    -------
    bool
        Whether there was anything to show.
    """
    st.subheader("Does predictivity rest on it?")
    with st.container(horizontal=True, vertical_alignment="bottom", key="removal-controls"):
        results = choose_removal(store, chosen)
    if results is None:
        show_how(str(chosen.selection.dataset))
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(results.shown["evidence"].iloc[0])
        st.markdown(summary(results.shown))
    sheet_panel(results.sheet)
    show_table(results.shown)
    return True


def summary(shown: pd.DataFrame) -> str:
    """Count what costs more than random directions do."""
    counts = shown["verdict"].value_counts()
    nothing = counts.get("nothing to lose", 0)
    text = (
        f"Of {len(shown)} removals, **{counts.get('costs more', 0)}** cost more predictivity than "
        f"as many random directions, **{counts.get('costs less', 0)}** less; "
        f"**{counts.get('undecided', 0)}** are undecided"
    )
    return text + (f", and {nothing} had nothing to lose." if nothing else ".")


def show_table(shown: pd.DataFrame) -> None:
    """List every removal of a layer."""
    table = pd.DataFrame(
        {
            "Removed": shown["phenomenon"].str.capitalize(),
            "Region": shown["place"],
            "Verdict": shown["verdict"],
            "Difference": shown["difference"],
            "95% interval": [
                f"[{low:+.3f}, {high:+.3f}]"
                for low, high in zip(shown["low"], shown["high"], strict=True)
            ],
            "q": shown["q"],
            "Change": shown["fall"],
            "Random": shown["random"],
            "r before": shown["r_full"],
            "Probe before": shown["probe_before"],
            "Probe after": shown["probe_after"],
            "Directions": shown["rank"],
        }
    )
    plain, signed = _NUMBER(format="%.3f"), _NUMBER(format="%+.3f")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **dict.fromkeys(("Probe before", "Probe after", "r before", "q"), plain),
            **dict.fromkeys(("Change", "Random", "Difference"), signed),
        },
    )
    st.caption(_NOTE if (shown["labels"] == BUNDLED).all() else _NOTE_LABELS)


def show_how(dataset: str) -> None:
    """Say how to ask whether predictivity rests on what the probes read."""
    st.caption(
        "Nothing was removed on this data set and these folds. Take what a phenomenon's probes "
        "read out of a layer's states of sentences or of the words of stories (LEACE), fit the "
        "encoding model again, and compare with random directions of the same rank:"
    )
    st.code(
        f"python -m backend remove --dataset {dataset} --model minilm-l6 --layers 4",
        language="bash",
        wrap_lines=True,
    )
