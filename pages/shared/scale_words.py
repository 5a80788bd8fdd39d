"""What the Scale page says in words: its answer, and what to know about it."""

from collections.abc import Sequence

import pandas as pd

from backend.comparisons.minimal_model import MinimalModel
from backend.comparisons.scale import Scaling
from backend.comparisons.scores import Scores
from backend.figures.labels import joined, model_title, roi_title
from backend.figures.scale_words import short_number
from backend.statistics import Equivalence
from backend.views.choose import Chosen
from backend.views.scale_controls import ScaleView


def answer(scalings: Sequence[Scaling], chosen: ScaleView, view: Chosen) -> str:
    """Answer the page's question in a sentence or two."""
    if len(scalings) == 1:
        return _answer_one(scalings[0], chosen)
    found = [s for s in scalings if s.minimal and s.minimal.model]
    decided = [s for s in scalings if s.minimal]
    if not decided:
        return f"**No answer about a minimal model**: {scalings[0].undecidable}."
    named = [model_title(s.minimal.model) for s in found if s.minimal and s.minimal.model]
    counts = joined([f"{name} in {named.count(name)}" for name in sorted(set(named))])
    text = (
        f"**A minimal model in {len(found)} of {len(decided)} responses** at a margin of "
        f"{chosen.margin:g}"
    )
    return f"{text}: {counts}." if named else f"{text}."


def _answer_one(scaling: Scaling, chosen: ScaleView) -> str:
    minimal = scaling.minimal
    if minimal is None:
        return f"**No answer about a minimal model**: {scaling.undecidable}."
    if minimal.model is None:
        return _no_minimal(scaling, minimal, chosen)
    found = minimal.of(minimal.model)
    sizes = scaling.points.set_index("model")["n_parameters"]
    text = (
        f"**Minimal model: {_sized(minimal.model, sizes[minimal.model])}**, equivalent to the "
        f"largest, {_sized(minimal.largest, sizes[minimal.largest])}, within "
        f"±{chosen.margin:g}{_share(scaling)}: "
        f"difference {_difference(found.test)}, p = {p_text(found.test.p)}, "
        f"**n = {minimal.n_units} {chosen.units}**."
    )
    if minimal.unbroken is None:
        return (
            f"{text} But sizes between the two are not shown to be equivalent (Holm p = "
            f"{p_text(found.p_holm)})."
        )
    text += " So are all sizes between." if _between(minimal, minimal.unbroken) else ""
    if minimal.smallest != minimal.unbroken and minimal.smallest is not None:
        text += (
            f" {model_title(minimal.smallest)}, smaller still, is equivalent as well (Holm p "
            f"= {p_text(minimal.of(minimal.smallest).p_holm)}), though sizes between are not shown "
            "to be."
        )
    return text + _uncorrected(minimal)


def _no_minimal(scaling: Scaling, minimal: MinimalModel, chosen: ScaleView) -> str:
    smaller = minimal.smaller
    within = f"within ±{chosen.margin:g} at **n = {minimal.n_units} {chosen.units}**"
    largest = model_title(minimal.largest)
    nearest = smaller[-1]
    if all(c.verdict in ("lower", "higher") for c in smaller):
        return (
            f"**No minimal model: none of the smaller models is equivalent to {largest}** "
            f"{within}; all differ from it by more. The next size, "
            f"{model_title(nearest.model)}, differs by {_difference(nearest.test)}."
        )
    return (
        f"**No minimal model is shown**: no smaller model is equivalent to the largest, {largest}, "
        f"{within}. The next size, {model_title(nearest.model)}, differs by "
        f"{_difference(nearest.test)}: {_undecided(nearest.test)}.{_uncorrected(minimal)}"
    )


def _uncorrected(minimal: MinimalModel) -> str:
    """Name a model that only its own test lets pass."""
    model = minimal.uncorrected
    if model in (None, minimal.unbroken, minimal.smallest):
        return ""
    return (
        f" Uncorrected for the {len(minimal.comparisons)} tests made, {model_title(model)} "
        f"is the smallest that passes (p = {p_text(minimal.of(model).test.p)})."
    )


def _undecided(test: Equivalence) -> str:
    if test.high < -test.margin or test.low > test.margin:
        return "more than the margin"
    return "neither shown to be within the margin nor beyond it"


def _share(scaling: Scaling) -> str:
    share = scaling.margin_share
    return f" ({share:.0%} of its score)" if share < 1 else ""


def _between(minimal: MinimalModel, model: str) -> bool:
    return minimal.comparisons[-1].model != model


def _sized(model: str, n_parameters: float) -> str:
    return f"{model_title(model)} ({short_number(float(n_parameters))} parameters)"


def _difference(test: Equivalence) -> str:
    return f"{test.mean:+.3f} [90%: {test.low:+.3f}, {test.high:+.3f}]"


def p_text(value: float) -> str:
    """Write a p-value."""
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def place_words(scaling: Scaling) -> str:
    """Name a response and its side."""
    title = roi_title(scaling.points["dataset"].iloc[0], scaling.roi)
    return title if scaling.hemisphere == "both" else f"{title}, {scaling.hemisphere}"


def notes(scalings: Sequence[Scaling], scores: Scores, chosen: ScaleView) -> list[str]:
    """Say what was left out, and what intervals mean."""
    found = []
    if scores.left_out:
        found.append(
            f"{scores.left_out} runs of another design (context length, delays, number of folds) "
            "were left out: only runs that differ in nothing but the model are compared."
        )
    left_out = sorted({model for scaling in scalings for model in scaling.left_out})
    if left_out:
        names = joined([model_title(model) for model in left_out])
        found.append(f"Left out, for they lack {chosen.units} that the others share: {names}.")
    if chosen.axis == "perplexity":
        points = pd.concat([s.points for s in scalings]).drop_duplicates("model")
        missing = points[points["perplexity"].isna()]
        names = [model_title(model) for model in missing.loc[~missing["random"], "model"]]
        names += ["random twins"] if missing["random"].any() else []
        if names:
            found.append(f"Without a perplexity on this text: {joined(names)}.")
        found.append(
            "Perplexity counts tokens: it compares models that share a tokenizer. The minimal "
            "model is the one with the fewest parameters here, too."
        )
    if chosen.units == "folds":
        found.append(
            "Folds of one recording share training data: intervals over them describe this "
            "recording, and are somewhat narrow."
        )
    return found
