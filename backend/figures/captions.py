"""Captions that let a figure leave the app: data set, n, split, evidence, citation."""

import textwrap

import pandas as pd

from backend import catalog
from backend.figures.labels import SPLIT_TITLES, dataset_title, joined


def results_caption(frame: pd.DataFrame, what: str) -> str:
    """Say what a figure of the store's results shows and where it comes from.

    Parameters
    ----------
    frame : pandas.DataFrame
        The plotted rows: dataset, n_samples, n_folds, split, evidence, source.
    what : str
        What is plotted, a sentence without its full stop.

    Returns
    -------
    str
    """
    sentences = [f"{what}."]
    for dataset, rows in frame.groupby("dataset", sort=False):
        folds = joined(
            [
                f"{SPLIT_TITLES.get(str(split), str(split))} ({count})"
                for split, count in zip(rows["split"], rows["n_folds"], strict=True)
            ]
        )
        evidence = joined([str(value) for value in rows["evidence"]])
        sentences.append(
            f"Data set: {dataset_title(str(dataset))}{_subjects(rows)}, "
            f"n = {int(rows['n_samples'].max())} {_samples(rows)}; {folds}. Evidence: {evidence}."
        )
        sentences.append(f"Source: {joined([str(value) for value in rows['source']])}.")
    return " ".join(sentences)


def _samples(rows: pd.DataFrame) -> str:
    """Name the samples: only words in a story have a context."""
    of_stories = "context_length" in rows and rows["context_length"].notna().any()
    return "TRs" if of_stories else "sentences"


def _subjects(rows: pd.DataFrame) -> str:
    if _samples(rows) == "sentences" or "subject" not in rows:
        return ""
    return f", {joined(sorted(rows['subject'].unique()))}"


def short_caption(runs: pd.DataFrame, probes: pd.DataFrame) -> str:
    """Say in a line where a figure's numbers come from, for an audience.

    Parameters
    ----------
    runs : pandas.DataFrame
        As of :func:`backend.store.queries.run_sources`.
    probes : pandas.DataFrame
        As of :func:`backend.store.probe_queries.probe_sources`.

    Returns
    -------
    str
        Data set, n, folds and citation, and the sets of probes; empty where there are neither.
    """
    parts = []
    for dataset, rows in runs.groupby("dataset", sort=False):
        folds = joined([SPLIT_TITLES.get(str(split), str(split)) for split in rows["split"]])
        parts.append(
            f"{dataset_title(str(dataset))}{_subjects(rows)}, n = {int(rows['n_samples'].max())} "
            f"{_samples(rows)}, {folds}. {joined([_short(text) for text in rows['source']])}."
        )
    parts += [
        f"Probes: {name}, {_short(source)}."
        for name, source in zip(probes["dataset"], probes["source"], strict=True)
    ]
    return " ".join(parts)


def _short(source: str) -> str:
    """Cite by author and year what the catalogue knows."""
    for citation in catalog.citations().values():
        if citation.text == source:
            return citation.short
    return textwrap.shorten(source, 80, placeholder="…")


def published_caption(frame: pd.DataFrame, what: str) -> str:
    """Say what a figure of published results shows, and who published them.

    Parameters
    ----------
    frame : pandas.DataFrame
        The plotted rows of ``published``.
    what : str
        What is plotted, a sentence without its full stop.

    Returns
    -------
    str
    """
    n = joined(
        [
            f"{int(count)} {unit}"
            for count, unit in zip(frame["n"], frame["unit_of_n"], strict=True)
            if pd.notna(count)
        ]
    )
    splits = joined([SPLIT_TITLES.get(s, s) for s in frame["split"].dropna()]) or "not stated"
    datasets = joined([str(name) for name in frame["dataset"].dropna()])
    sources = joined([catalog.citations()[key].text for key in frame["citation"]])
    reviewed = "published" if frame["reviewed"].all() else "published, not peer-reviewed"
    return (
        f"{what}. Data set: {datasets}, n = {n}; split: {splits}. Evidence: {reviewed}. "
        f"Source: {sources}."
    )


def wrap(caption: str, width: int) -> str:
    """Break a caption into lines for a figure's margin.

    Parameters
    ----------
    caption : str
    width : int
        Characters in a line.

    Returns
    -------
    str
        Lines joined by ``<br>``.
    """
    return "<br>".join(textwrap.wrap(caption, width))
