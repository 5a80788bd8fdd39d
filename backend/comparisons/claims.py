"""Published claims against the store: each with its test, its verdict and what would decide it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from backend import catalog
from backend.catalog import ClaimEntry, PlannedRun, published_claims
from backend.comparisons.claims_competence import dissociation
from backend.comparisons.claims_compression import gptq_exception, harmless
from backend.comparisons.claims_material import Material, gather
from backend.comparisons.claims_probes import formal_tracks, removal_costs
from backend.comparisons.claims_runs import missing_runs
from backend.comparisons.claims_scale import log_linear, small_equals_large, small_falls_short
from backend.comparisons.claims_verdict import STATUSES, Finding, Settings, Verdict
from backend.store.reader import ResultStore
from backend.store.selection import Selection

Test = Callable[[Material, ClaimEntry, Settings], Finding]
TESTS: Mapping[str, Test] = {
    "small-equals-large": small_equals_large,
    "small-falls-short": small_falls_short,
    "quantization-harmless": harmless,
    "pruning-harmless": harmless,
    "gptq-exception": gptq_exception,
    "dissociation": dissociation,
    "removal-costs": removal_costs,
    "formal-tracks": formal_tracks,
    "log-linear": log_linear,
}
"""Which test decides which claim."""

# Parameters that a machine of 8 GB runs in 32 bits.
_LAPTOP = 0.5e9


def judge(
    store: ResultStore,
    selection: Selection,
    settings: Settings = Settings(),  # noqa: B008
) -> tuple[Verdict, ...]:
    """Test every published claim on one data set.

    Parameters
    ----------
    store : ResultStore
    selection : Selection
        With a data set, a split and an evidence.
    settings : Settings

    Returns
    -------
    tuple of Verdict
        In the order of the catalogue.

    Raises
    ------
    InputError
        If the selection lacks a data set, a split or an evidence.
    """
    material = gather(store, selection)
    return tuple(
        _judge(key, entry, material, settings) for key, entry in published_claims().items()
    )


def _judge(key: str, entry: ClaimEntry, material: Material, settings: Settings) -> Verdict:
    found = TESTS[key](material, entry, settings)
    return Verdict(
        key=key,
        **asdict(found),
        margin=settings.margin,
        evidence=str(material.selection.evidence),
        own_sizes=settings.own is not None,
        missing=missing_runs(material, _planned(entry, material, settings)),
    )


def _planned(entry: ClaimEntry, material: Material, settings: Settings) -> Sequence[PlannedRun]:
    """Take the catalogue's runs; at the reader's own sizes, those of models that are at hand."""
    if settings.own is None:
        return entry.runs
    methods = {run.compression: None for run in entry.runs if run.compression != "none"}
    models = sorted(material.full["model"].unique())
    beside = dict.fromkeys(run.do for run in entry.runs if run.do != "encode")
    if beside and models:
        return [PlannedRun(model=model, do=do) for model in models for do in beside]
    if methods and models:
        return [PlannedRun(model=model, compression=name) for model in models for name in methods]
    return [PlannedRun(model=name) for name in _small_models()]


def _small_models() -> list[str]:
    """Name base models that a laptop can run, those that need no download first."""
    chosen = {
        name: (entry.package is None and entry.folder is None, entry.n_parameters)
        for name, entry in catalog.models().items()
        if not entry.instruct and entry.n_parameters <= _LAPTOP
    }
    return sorted(chosen, key=chosen.__getitem__)


def count(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Count verdicts by status; every status has its number, zero included."""
    return {status: sum(v.status == status for v in verdicts) for status in STATUSES}


def summary(verdicts: Sequence[Verdict]) -> str:
    """Say in a sentence what the store says of all claims.

    Parameters
    ----------
    verdicts : sequence of Verdict
        Of one data set.

    Returns
    -------
    str
        Without the data set. Simulated data and other sizes than the published ones are named as
        such, since neither speaks of the claims themselves.
    """
    n = count(verdicts)
    simulated = any(verdict.evidence == "simulated" for verdict in verdicts)
    own = any(verdict.own_sizes for verdict in verdicts)
    scale = " at sizes of your own" if own else ""
    data = " on simulated data" if simulated else ""
    text = (
        f"Of {len(verdicts)} claims{',' if own or simulated else ''} tested{scale}{data}, the "
        f"store supports {n['supported']}, contradicts {n['contradicted']}, leaves "
        f"{n['undecided']} undecided and holds no data for {n['no data']}."
    )
    return text if own or simulated else text.replace(" tested,", ",")


def claims_table(verdicts: Sequence[Verdict], selection: Selection) -> pd.DataFrame:
    """Write verdicts as a table for export.

    Parameters
    ----------
    verdicts : sequence of Verdict
    selection : Selection
        That they were made for.

    Returns
    -------
    pandas.DataFrame
        One row per claim: claim, status, effect, low, high, level, unit, n, counts, p, margin,
        evidence, sizes ("published" or "own"), dataset, split, why, test, next_run, citation.
    """
    rows = []
    for verdict in verdicts:
        entry = published_claims()[verdict.key]
        rows.append(
            {
                "claim": entry.claim,
                "status": verdict.status,
                "effect": verdict.effect,
                "low": verdict.low,
                "high": verdict.high,
                "level": verdict.level,
                "unit": verdict.unit,
                "n": verdict.n,
                "counts": verdict.counts,
                "p": verdict.p,
                "margin": verdict.margin,
                "evidence": verdict.evidence,
                "sizes": "own" if verdict.own_sizes else "published",
                "dataset": selection.dataset,
                "split": selection.split,
                "why": verdict.sentence,
                "test": decided_by(entry, verdict.margin),
                "next_run": verdict.missing[0].command if verdict.missing else None,
                "citation": catalog.citations()[entry.citation].text,
            }
        )
    return pd.DataFrame(rows)


def decided_by(entry: ClaimEntry, margin: float) -> str:
    """State a claim's test with the margin in it."""
    return entry.test.replace("{margin}", f"{margin:g}")
