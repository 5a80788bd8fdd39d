"""What the Compression page says in sentences."""

import pandas as pd

from backend.comparisons.compression import ALPHA
from backend.comparisons.compression_results import Answer, Question
from backend.figures.compression import signed
from backend.figures.labels import compression_title, joined, model_title

_OVER = {"models": "models", "families": "families of models"}


def headline(judged: pd.DataFrame, question: Question) -> str:
    """Count the verdicts."""
    counts = judged["verdict"].value_counts()
    equivalent = judged[judged["verdict"] == "equivalent"]
    real = int((equivalent["q"] < ALPHA).sum())
    small = f", {real} of them with a small but real difference" if real else ""
    parts = [
        f"**{len(equivalent)}** equivalent to full precision within {question.margin:g}{small}"
    ]
    for verdict in ("worse", "better", "undecided"):
        if counts.get(verdict):
            what = "undecided at this n" if verdict == "undecided" else verdict
            parts.append(f"**{counts[verdict]}** {what}")
    n = sorted({int(value) for value in judged["n_units"]})
    span = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
    methods = "1 method" if len(judged) == 1 else f"{len(judged)} methods"
    return (
        f"Of {methods} of compressing {model_title(question.model)}: {joined(parts)} "
        f"(n = {span} {question.units})."
    )


def exception_verdict(result: Answer, question: Question) -> str:
    """Say whether the method that the claim names is the exception here, and which others are."""
    tested = result.exceptions
    own = tested[tested["named"].astype(bool)]
    if own.empty:
        return (
            "**GPTQ cannot be judged here**: it takes GPTQ and at least two other quantizations of "
            "the same models, for example `--compression gptq-w4a16`."
        )
    sentences = [_sentence(row, result, question) for row in own.to_dict("records")]
    others = tested[~tested["named"].astype(bool)]
    found = others[others["verdict"].isin(["worse", "better"])]
    if len(found):
        names = [
            f"{compression_title(row['compression'])} ({signed(row['mean'])})"
            for row in found.to_dict("records")
        ]
        sentences.append(f"Of the {len(others)} others, the same test calls out {joined(names)}.")
    elif len(others):
        sentences.append(f"Of the {len(others)} others, the same test calls none an exception.")
    return " ".join(sentences)


def _sentence(row: dict, result: Answer, question: Question) -> str:
    name = compression_title(row["compression"])
    over = _OVER.get(result.over, result.over)
    numbers = (
        f"{signed(row['mean'])} [{signed(row['low'])}, {signed(row['high'])}] beside the median of "
        f"{row['peers']} {row['against']}, n = {row['n_units']} {over}"
    )
    if row["verdict"] in ("worse", "better"):
        side = "lower" if row["verdict"] == "worse" else "higher"
        return f"**Yes: {name} is an exception here, {side} than its peers** ({numbers})."
    if row["verdict"] == "equivalent":
        return f"**No: {name} is in line with its peers within {question.margin:g}** ({numbers})."
    return f"**Undecided for {name}**: {row['reason']} ({numbers})."


def exception_scope(result: Answer, question: Question) -> str:
    """Say of what the test of exceptions speaks."""
    if result.over in ("folds", "subjects"):
        return (
            f"Tested over the {result.over} of {model_title(question.model)} alone, and about that "
            f"model only: {result.n_models} trained "
            + ("model has" if result.n_models == 1 else "models have")
            + " compressed runs here, and a test across models takes 3."
        )
    if result.over == "families":
        return (
            f"Tested across {result.n_families} families of models ({result.n_models} models; "
            "those of a family are averaged first, since they are alike)."
        )
    families = "1 family" if result.n_families == 1 else f"{result.n_families} families"
    return f"Tested across {result.n_models} models of {families}." + (
        " Models of one family are alike: the interval is narrower than one over families."
        if result.n_families < result.n_models
        else ""
    )
