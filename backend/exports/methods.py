"""A methods paragraph from the requests of the runs that a view shows."""

import re
from collections.abc import Iterable, Sequence

from backend import catalog
from backend.exports.asked import Asked
from backend.exports.asked_sentences import asked_words
from backend.exports.runs import Run
from backend.exports.sentences import (
    baseline_words,
    cite,
    compression_words,
    dataset_words,
    feature_words,
    model_words,
    of_each,
    permutation_words,
    response_words,
    ridge_words,
)
from backend.figures.labels import joined
from backend.jobs.config import StoryConfig

_KEY = re.compile(r"@([a-z0-9][a-z0-9-]*)")
SIMULATED = (
    "**The responses are SIMULATED**: a program made them, with known ground truth. They are no "
    "evidence about brains."
)


def methods_text(
    runs: Sequence[Run],
    page: str = "",
    margin: float | None = None,
    asked: Sequence[Asked] = (),
) -> str:
    """Write the methods of runs: every number is from their requests or the store.

    Parameters
    ----------
    runs : sequence of Run
        In the order in which :func:`~backend.exports.runs.read_runs` gives them.
    page : str, optional
        Of the view, whose tests are described; none by default.
    margin : float, optional
        Of equivalence, where the page has one.
    asked : sequence of Asked, optional
        Runs of probes and removals.

    Returns
    -------
    str
        Markdown with Pandoc's citations; a paragraph per data set, what runs share said once.
    """
    parts = ["# Methods"]
    if not runs and not asked:
        return "\n\n".join([*parts, "No run of the store is shown.", ""])
    behind: list[Run | Asked] = [*runs, *asked]
    if any(run.config.evidence == "simulated" for run in behind):
        parts.append(SIMULATED)
    parts += [_paragraph(group) for group in _by_dataset(runs)]
    parts += asked_words(asked)
    tests = _tests(page, margin)
    parts += [tests] if tests else []
    rows = [run.row for run in behind]
    versions = joined(list(dict.fromkeys(str(row["code_version"]) for row in rows)))
    devices = joined(list(dict.fromkeys(str(row["device"]) for row in rows)))
    parts.append(
        f"Runs were computed with CortexScale {versions} {cite('cortexscale')} ({devices})."
    )
    return "\n\n".join([*parts, ""])


def cited_keys(text: str) -> set[str]:
    """Find the citations in a text.

    Parameters
    ----------
    text : str
        With Pandoc's citations.

    Returns
    -------
    set of str
        Those that are keys in citations.yaml.
    """
    return set(_KEY.findall(text)) & set(catalog.citations())


def _by_dataset(runs: Iterable[Run]) -> list[list[Run]]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.config.dataset, run.config.evidence), []).append(run)
    return list(groups.values())


def _paragraph(runs: Sequence[Run]) -> str:
    evidence = runs[0].config.evidence
    stories = isinstance(runs[0].config, StoryConfig)
    sentences = [
        f"Data ({evidence}): {dataset_words(runs)}.",
        response_words(runs),
        model_words(runs),
        compression_words(runs),
        " ".join(f"{words}." for words in of_each(runs, feature_words)),
        ridge_words(runs),
        baseline_words(runs),
        permutation_words(runs) if stories else "",
        "Intervals are 95% t intervals over folds.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _tests(page: str, margin: float | None) -> str:
    if page == "dissociation":
        return (
            "Changes under compression are in percent of full precision. The change in competence "
            "minus the change in predictivity was tested against 0 by a t test with the degrees of "
            "freedom of Welch and Satterthwaite, corrected within a region and phenomenon by the "
            f"Benjamini-Hochberg procedure {cite('benjamini1995')}; partial correlations over "
            "models are given the logarithm of size, with intervals by Fisher's z."
        )
    if page not in ("compression", "scale", "claims") or margin is None:
        return ""
    equivalent = (
        f"Equivalence within ±{margin:g} was tested by two one-sided tests {cite('schuirmann1987')}"
    )
    if page == "compression":
        return (
            f"{equivalent} and differences from full precision by paired t tests, both corrected "
            f"over methods by the Benjamini-Hochberg procedure {cite('benjamini1995')}."
        )
    if page == "claims":
        return f"{equivalent}; the test that decides a claim is stated with it."
    return (
        f"{equivalent} against the largest model, corrected by Holm's procedure "
        f"{cite('holm1979')}; log-linear and saturating fits were compared by AICc "
        f"{cite('hurvich1989')}."
    )
