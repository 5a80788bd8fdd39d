"""Whether compression takes competence and leaves predictivity: one test, not two verdicts."""

import pandas as pd
import streamlit as st

from backend.figures.labels import compression_title, model_title
from backend.store.reader import ResultStore
from backend.views.choose import Chosen
from backend.views.dissociation import DissociationResults, dissociation_results, first_place
from pages.shared.dissociation_controls import choose_dissociation
from pages.shared.entry import require_app
from pages.shared.export import export_page
from pages.shared.navigation import PROBING, RUN
from pages.shared.panel import evidence_badge, sheet_panel
from pages.shared.removal_panel import show_removal
from pages.shared.selection import current_choice
from pages.shared.store import open_store
from pages.shared.url import shown_view

_NUMBER = st.column_config.NumberColumn


def show(store: ResultStore, chosen: Chosen) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="dissociation-controls"):
        view = choose_dissociation(store, chosen)
    results = None if view is None else dissociation_results(store, chosen, view)
    if results is None:
        show_nothing(chosen)
    else:
        show_dissociation(results)
    removed = show_removal(store, chosen)
    if results is not None or removed:
        export_page(shown_view("dissociation"), store)


def show_dissociation(results: DissociationResults) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        evidence_badge(results.tested["evidence"].iloc[0])
        st.markdown(summary(results))
    points, averaged = results.sheets
    sheet_panel(points)
    st.subheader("By phenomenon and region")
    sheet_panel(averaged)
    show_tests(first_place(results.tested))
    show_tracking(results.tracked)


def summary(results: DissociationResults) -> str:
    tested = first_place(results.tested)
    probed = tested[tested["phenomenon"] == "overall"]
    tested = probed if len(probed) else tested
    counts = tested["verdict"].value_counts()
    return (
        f"Of {len(tested)} compressed models, competence (mean over phenomena) falls by more than "
        f"predictivity in **{counts.get('dissociates', 0)}**, by less in "
        f"**{counts.get('reversed', 0)}**; **{counts.get('undecided', 0)}** are undecided."
    )


def show_tests(tested: pd.DataFrame) -> None:
    st.subheader("Every test")
    table = pd.DataFrame(
        {
            "Model": tested["model"].map(model_title),
            "Compression": tested["compression"].map(compression_title),
            "Competence": tested["phenomenon"].str.capitalize(),
            "Competence, %": tested["competence"],
            "Predictivity, %": tested["predictivity"],
            "Difference": tested["interaction"],
            "95% interval": [
                f"[{low:+.1f}, {high:+.1f}]"
                for low, high in zip(
                    tested["interaction_low"], tested["interaction_high"], strict=True
                )
            ],
            "q": tested["q"],
            "Verdict": tested["verdict"],
        }
    )
    form = _NUMBER(format="%+.1f")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Competence, %": form, "Predictivity, %": form, "Difference": form,
            "q": _NUMBER(format="%.3f"),
        },
    )  # fmt: skip
    st.caption(
        "The difference of two changes, each in percent of full precision, is tested as one "
        "number: that one change is significant and the other is not would show nothing. What was "
        "not clearly above chance, or above r = 0, at full precision has nothing to lose and is "
        "left out."
    )


def show_tracking(tracked: pd.DataFrame) -> None:
    st.subheader("Which competence follows predictivity over models")
    if tracked.empty:
        st.info(
            "This takes five trained models that were both probed and encoded at full precision.",
            icon=":material/monitoring:",
        )
        return
    table = pd.DataFrame(
        {
            "Competence": tracked["phenomenon"].str.capitalize(),
            "Region": tracked["place"],
            "Partial correlation": tracked["correlation"],
            "95% interval": [
                f"[{low:+.2f}, {high:+.2f}]"
                for low, high in zip(tracked["low"], tracked["high"], strict=True)
            ],
            "Models": tracked["n_models"],
        }
    )
    st.dataframe(
        table, hide_index=True, column_config={"Partial correlation": _NUMBER(format="%+.2f")}
    )
    st.caption("Given the logarithm of size; intervals by Fisher's z. Few models make them wide.")


def show_nothing(chosen: Chosen | None) -> None:
    data = chosen.selection.dataset if chosen is not None else "demo-sentences"
    st.info(
        "No compressed model of this selection was both probed and encoded. It takes, of one "
        "model, runs at full precision and compressed, of both kinds:",
        icon=":material/search_off:",
    )
    st.code(
        "python -m backend probe --model cortexscale-3m --compression none --compression "
        f"magnitude-70\npython -m backend encode --dataset {data} --model cortexscale-3m\n"
        f"python -m backend encode --dataset {data} --model cortexscale-3m --compression "
        "magnitude-70",
        language="bash",
        wrap_lines=True,
    )
    st.page_link(PROBING, label="Start probes", icon=":material/psychology:")
    st.page_link(RUN, label="Start a run", icon=":material/play_circle:")


require_app()
st.title("Dissociation")
current = current_choice()
if current is None:
    show_nothing(None)
else:
    show(open_store(), current)
