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
            f"Data set: {dataset_title(str(dataset))}, n = {int(rows['n_samples'].max())} "
            f"sentences; {folds}. Evidence: {evidence}."
        )
        sentences.append(f"Source: {joined([str(value) for value in rows['source']])}.")
    return " ".join(sentences)


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
