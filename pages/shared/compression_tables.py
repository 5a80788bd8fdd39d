"""The Compression page's tables: who is the exception, and what was measured."""

import pandas as pd
import streamlit as st

from backend.comparisons.compression_results import Answer, Question
from backend.figures.labels import compression_title
from pages.shared.compression_words import exception_scope, exception_verdict

_VERDICTS = {
    "worse": "EXCEPTION, lower",
    "better": "EXCEPTION, higher",
    "equivalent": "in line",
    "undecided": "undecided",
}
_MEGABYTE = 1e6


def show_exceptions(result: Answer, question: Question) -> None:
    """Answer whether GPTQ is the exception here, and show the test of every method."""
    st.subheader("Is GPTQ the exception here?")
    st.markdown(exception_verdict(result, question))
    st.caption(exception_scope(result, question))
    if result.exceptions.empty:
        return
    tested = result.exceptions
    number = st.column_config.NumberColumn(format="%+.3f")
    st.dataframe(
        pd.DataFrame(
            {
                "Method": [compression_title(name) for name in tested["compression"]],
                "Verdict": tested["verdict"].map(_VERDICTS),
                "Contrast": tested["mean"],
                "95% low": tested["low"],
                "95% high": tested["high"],
                "n": tested["n_units"],
                "q, differs": tested["q"],
                "q, in line": tested["q_equivalence"],
                "Held against": [
                    f"median of {count} {what}"
                    for count, what in zip(tested["peers"], tested["against"], strict=True)
                ],
                "Because": tested["reason"],
            }
        ),
        hide_index=True,
        column_config={
            **dict.fromkeys(("Contrast", "95% low", "95% high"), number),
            **dict.fromkeys(
                ("q, differs", "q, in line"), st.column_config.NumberColumn(format="%.3f")
            ),
        },
    )
    st.caption(
        "Contrast: a method's difference from full precision less the median difference of its "
        "peers: beside one exception their mean would move, and make every other method seem one. "
        "(Of two peers the median is their mean.) Tests and margin as above. GPTQ was named "
        "beforehand, by the claim; q-values of the others are over all of them "
        "(Benjamini-Hochberg)."
    )


def show_costs(result: Answer, question: Question) -> None:
    """Show everything that was measured of each method."""
    st.subheader("What was measured")
    costs = result.costs
    st.dataframe(
        pd.DataFrame(
            {
                "Method": [compression_title(name) for name in costs["compression"]],
                "Group": costs["group"],
                "Bits per weight": costs["bits_per_weight"],
                "Zeros": costs["sparsity"],
                "MB on disk": costs["bytes_on_disk"].astype(float) / _MEGABYTE,
                "MB in memory": costs["bytes_in_memory"].astype(float) / _MEGABYTE,
                "Perplexity": costs["perplexity"],
                "Tokens per second": costs["tokens_per_second"],
                "Seconds to compress": costs["seconds_to_compress"],
                "Device": costs["device"],
            }
        ),
        hide_index=True,
        column_config={
            "Zeros": st.column_config.NumberColumn(format="percent"),
            **dict.fromkeys(
                ("Bits per weight", "Perplexity", "Seconds to compress"),
                st.column_config.NumberColumn(format="%.1f"),
            ),
            **dict.fromkeys(
                ("MB on disk", "MB in memory", "Tokens per second"),
                st.column_config.NumberColumn(format="%.0f"),
            ),
        },
    )
    if question.corpus:
        st.caption(f"Perplexity and speed on the text {question.corpus}.")
    missing = costs.loc[costs["device"].isna(), "compression"]
    if len(missing):
        titles = ", ".join(compression_title(name) for name in missing)
        st.caption(f"Not measured yet: {titles}. For instance:")
        st.code(
            f"python -m backend quality --model {question.model} --compression {missing.iloc[0]}",
            language="bash",
        )
