"""What the built-in tour says of claims, findings, and of what a store lacks."""

from collections.abc import Mapping

from backend import catalog
from backend.catalog import published_claims
from backend.comparisons.claims_verdict import Verdict
from backend.comparisons.claims_words import effect_line
from backend.views.view import Page, View

_EVIDENCE = {
    "measured": "Measured.",
    "simulated": "Simulated responses: no evidence about the brain.",
}


def evidence_line(evidence: str) -> str:
    """Say what kind of result this is.

    Parameters
    ----------
    evidence : str

    Returns
    -------
    str
    """
    return _EVIDENCE.get(evidence, f"{evidence.capitalize()}.")


def finding_line(key: str) -> str:
    """Quote a published finding.

    Parameters
    ----------
    key : str
        In findings.yaml.

    Returns
    -------
    str
        With its citation.
    """
    finding = catalog.findings()[key]
    return _quoted(finding.claim, finding.citation, finding.reviewed)


def claim_line(verdict: Verdict, *, status: bool = True) -> str:
    """Quote a published claim, and say what the store says of it at the published sizes.

    Parameters
    ----------
    verdict : Verdict
        At the published sizes.
    status : bool
        Whether its status is said as well.

    Returns
    -------
    str
        Where there is no data, a further line names the next run.
    """
    entry = published_claims()[verdict.key]
    line = _quoted(entry.claim, entry.citation, entry.reviewed)
    if status:
        line += f" This store at the published sizes: {verdict.status}."
    if verdict.status == "no data" and verdict.missing:
        line += f"\nTo decide it: {verdict.missing[0].command}"
    return line


def verdict_line(published: Verdict, own: Verdict, *, effect: bool = False) -> str:
    """Say what a store says of a claim: at the published sizes, else at its own.

    Parameters
    ----------
    published, own : Verdict
    effect : bool
        Whether the effect with its interval is written out.

    Returns
    -------
    str
    """
    verdict, where = _judged(published, own)
    line = f"{verdict.status.capitalize()} {where}: {verdict.sentence}"
    numbers = effect_line(verdict) if effect else ""
    return f"{line} {numbers}." if numbers else line


def group_line(verdicts: Mapping[str, tuple[Verdict, Verdict]]) -> str:
    """Say in one sentence what a store says of groups of methods.

    Parameters
    ----------
    verdicts : mapping of str to tuple of Verdict
        By the name of the group: at the published sizes, and at the store's own.

    Returns
    -------
    str
    """
    parts = []
    for name, pair in verdicts.items():
        verdict, where = _judged(*pair)
        # Which method lies farthest is on the page; an audience has one number to keep.
        why = verdict.sentence.partition("; farthest")[0].rstrip(".")
        parts.append(f"{name} {where}: {verdict.status} ({why[:1].lower()}{why[1:]})")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _judged(published: Verdict, own: Verdict) -> tuple[Verdict, str]:
    """Take the verdict at the published sizes, or where those have no data, at the store's own."""
    if published.status != "no data" or own.status == "no data":
        return published, "at the published sizes"
    return own, "at this store's own sizes"


def lacking(page: Page, title: str, absent: str, told: str, command: str) -> View:
    """Make the step of a tour that a store has nothing for yet.

    Parameters
    ----------
    page : str
    title : str
    absent : str
        What is missing, a sentence.
    told : str
        What was published.
    command : str
        Would fill the step.

    Returns
    -------
    View
    """
    told = "\n".join(line for line in told.splitlines() if not line.startswith("To decide it"))
    return View(page=page, title=title, note=f"{absent}\n{told}\nTo fill this step: {command}")


def planned_methods(*keys: str) -> list[str]:
    """List the compressions by which claims are to be decided.

    Parameters
    ----------
    *keys : str
        In claims.yaml.

    Returns
    -------
    list of str
    """
    runs = [run for key in keys for run in published_claims()[key].runs]
    return list(dict.fromkeys(run.compression for run in runs if run.compression != "none"))


def claim_methods(key: str) -> tuple[str, ...]:
    """Return the beginnings of the compressions that a claim compares.

    Parameters
    ----------
    key : str
        In claims.yaml.

    Returns
    -------
    tuple of str
    """
    entry = published_claims()[key]
    return (*entry.methods, *entry.others)


def _quoted(claim: str, citation: str, reviewed: bool) -> str:
    kind = "Published" if reviewed else "Published, not peer-reviewed"
    return f"{kind} ({catalog.citations()[citation].short}): {claim}"
