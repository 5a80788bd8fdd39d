"""The tour's steps on compression: harmless or not, GPTQ, competence beside predictivity."""

from collections.abc import Mapping

from backend.comparisons.claims import summary
from backend.comparisons.claims_material import sized_models
from backend.comparisons.claims_verdict import Verdict
from backend.comparisons.compression_methods import FULL, method
from backend.figures.labels import model_title
from backend.store.reader import ResultStore
from backend.store.selection import Selection
from backend.views.tour_data import ON_DEMO, address_of, trained_choices
from backend.views.tour_words import (
    claim_line,
    claim_methods,
    evidence_line,
    group_line,
    lacking,
    planned_methods,
    verdict_line,
)
from backend.views.view import View

# As many rows as can be read from the last one.
_MOST_METHODS = 7
Verdicts = Mapping[str, Verdict]


def harmless_step(
    store: ResultStore,
    selection: Selection | None,
    published: Verdicts,
    own: Verdicts,
) -> View:
    """Ask whether compression leaves predictivity where it was.

    Parameters
    ----------
    store : ResultStore
    selection : Selection or None
        None where nothing was compressed.
    published, own : mapping of str to Verdict
        At the published sizes, and at the store's own.

    Returns
    -------
    View
    """
    title, keys = "Is compression mostly harmless?", ("quantization-harmless", "pruning-harmless")
    told = claim_line(published[keys[0]])
    if selection is None:
        absent = "No compressed run here has a partner at full precision."
        return lacking("compression", title, absent, told,
                       f"{ON_DEMO} --compression bnb-nf4")  # fmt: skip
    model, methods, n_models = _most_compressed(store, selection)
    planned = planned_methods(*keys)
    shown = sorted(methods, key=lambda name: (name not in planned, method(name).strength))
    names = ("quantization", "pruning")
    said = group_line(
        {name: (published[key], own[key]) for name, key in zip(names, keys, strict=True)}
    )
    return _of_compressions(title, selection, model, shown[:_MOST_METHODS], n_models, said, told)


def gptq_step(
    store: ResultStore,
    selection: Selection | None,
    published: Verdicts,
    own: Verdicts,
) -> View:
    """Ask whether GPTQ is the exception.

    Parameters
    ----------
    store : ResultStore
    selection : Selection or None
        None where nothing was compressed.
    published, own : mapping of str to Verdict
        At the published sizes, and at the store's own.

    Returns
    -------
    View
    """
    title, key = "Is GPTQ the exception?", "gptq-exception"
    told = claim_line(published[key])
    compared = claim_methods(key)
    model, methods, n_models = (
        ("", [], 0) if selection is None else _most_compressed(store, selection, "gptq-")
    )
    shown = [name for name in methods if name.startswith(compared)]
    if selection is None or not any(name.startswith("gptq-") for name in shown):
        absent = "No run in this store is compressed by GPTQ."
        return lacking("compression", title, absent, told, f"{ON_DEMO} --compression gptq-w4a16")
    said = verdict_line(published[key], own[key], effect=True)
    return _of_compressions(title, selection, model, shown, n_models, said, told)


def _of_compressions(
    title: str,
    selection: Selection,
    model: str,
    shown: list[str],
    n_models: int,
    said: str,
    told: str,
) -> View:
    own = f"{said} {evidence_line(str(selection.evidence))}"
    parameters = {
        **address_of(selection), "models": (model,), "of": (model,), "compressions": (FULL, *shown),
    }  # fmt: skip
    # The verdict is of all models; an audience sees one, and is told so.
    drawn = f"Drawn: {model_title(model)}, the largest of {n_models} compressed models."
    note = "\n".join([own, *([drawn] if n_models > 1 else []), told])
    return View(page="compression", title=title, note=note, parameters=parameters)


def competence_step(selection: Selection | None, published: Verdicts, own: Verdicts) -> View:
    """Ask whether competence falls where predictivity holds, and count all verdicts.

    Parameters
    ----------
    selection : Selection or None
        None where nothing was compressed.
    published, own : mapping of str to Verdict
        At the published sizes, and at the store's own.

    Returns
    -------
    View
    """
    title, key = "Does competence fall where predictivity holds?", "dissociation"
    if selection is None:
        absent = "This takes a model's perplexity and its runs, compressed and at full precision."
        told = claim_line(published[key])
        return lacking("claims", title, absent, told, "python -m backend quality --help")
    sizes = "published" if any(v.status != "no data" for v in published.values()) else "own"
    verdict = verdict_line(published[key], own[key])
    said = f"{verdict} {evidence_line(str(selection.evidence))}"
    counted = summary(tuple(published.values())).replace(" claims", " published claims", 1)
    return View(
        page="claims",
        title=title,
        note=f"{said}\n{counted}\n{claim_line(published[key], status=False)}",
        parameters={**address_of(selection), "sizes": sizes},
    )


def _most_compressed(
    store: ResultStore, selection: Selection, beginning: str = ""
) -> tuple[str, list[str], int]:
    """Find the largest model that was compressed (by a method), how, and among how many."""
    rows = trained_choices(store)
    same = (rows["dataset"] == selection.dataset) & (rows["split"] == selection.split)
    rows = rows[same & (rows["evidence"] == selection.evidence)]
    found = rows[(rows["compression"] != FULL) & rows["compression"].str.startswith(beginning)]
    full = set(rows[rows["compression"] == FULL]["model"])
    names = full & set(found["model"])
    sized = [str(name) for name in sized_models(store, selection)["model"] if name in names]
    if not sized:
        return "", [], 0
    model = sized[-1]
    own = rows[(rows["model"] == model) & (rows["compression"] != FULL)]
    return model, sorted(own["compression"].unique()), len(sized)
