"""What series, baselines and metrics are called on a figure."""

from collections.abc import Sequence

import pandas as pd

from backend import catalog
from backend.catalog.twins import RANDOM_TWIN

METRIC_TITLES = {
    "r": "Brain predictivity (Pearson r)",
    "r_normalized": "Normalized predictivity (r / noise ceiling)",
    "unique_r2": "Unique R² over all nuisance baselines",
}

BASELINE_TITLES = {
    "length": "sentence length",
    "frequency": "word frequency",
    "position": "position",
    "oasm": "sample order",
    "word-rate": "word rate",
    "letter-rate": "letter rate",
    "phoneme-rate": "phoneme rate",
    "word-length": "word length",
    "pauses": "pauses",
    "static-embedding": "static embedding",
    "all nuisance": "all nuisance",
}

SPLIT_TITLES = {
    "contiguous": "contiguous folds",
    "grouped": "whole groups held out",
    "leave-story-out": "whole stories held out",
    "test-story": "fixed test stories",
    "shuffled": "shuffled folds (leak)",
}


def as_text(name: str) -> str:
    """Write a name of a file or of a user so that no figure takes a part of it for markup."""
    return name.replace("<", "&lt;")


def model_title(model: str) -> str:
    """Name of a model on the screen; its random twin as such."""
    name = model.removesuffix(RANDOM_TWIN)
    entry = catalog.models().get(name)
    title = entry.title if entry else as_text(name)
    return title if name == model else f"{title}, random weights"


def compression_title(compression: str) -> str:
    """Name of a compression on the screen."""
    entry = catalog.compressions().get(compression)
    return entry.title if entry else as_text(compression)


def dataset_title(dataset: str) -> str:
    """Name of a data set on the screen."""
    entry = catalog.datasets().get(dataset) or catalog.story_datasets().get(dataset)
    return entry.title if entry else as_text(dataset)


def roi_title(dataset: str, roi: str) -> str:
    """Name of a response or a region on the screen."""
    entry = catalog.datasets().get(dataset)
    if entry is not None:
        return as_text(entry.responses.get(roi, roi))
    region = catalog.rois().get(roi)
    return region.title if region else as_text(roi)


def short_region(roi: str, hemisphere: str) -> str:
    """Name a region where there is little room: its short name, and its side where it has one."""
    name = as_text(roi)
    return name if hemisphere == "both" else f"{name} {hemisphere[:1].upper()}"


def series_titles(frame: pd.DataFrame) -> dict[str, str]:
    """Name each run of a frame, telling apart runs that differ in something unseen.

    Parameters
    ----------
    frame : pandas.DataFrame
        With run_id, model, compression and split, and perhaps subject.

    Returns
    -------
    dict of str to str
        Run id to title: model and compression, the subject where there are several, and the start
        of the run's id where two runs of one split would otherwise share a title.
    """
    runs = frame.drop_duplicates("run_id")
    titles = [
        f"{model_title(m)}, {compression_title(c)}"
        for m, c in zip(runs["model"], runs["compression"], strict=True)
    ]
    if "subject" in runs and runs["subject"].nunique() > 1:
        titles = [
            f"{title}, {as_text(who)}" for title, who in zip(titles, runs["subject"], strict=True)
        ]
    keys = list(zip(titles, runs["split"], strict=True))
    return {
        run_id: title if keys.count(key) == 1 else f"{title} ({run_id[:6]})"
        for run_id, title, key in zip(runs["run_id"], titles, keys, strict=True)
    }


def shared_compression(frame: pd.DataFrame) -> str:
    """Name the compression that several models have in common.

    Parameters
    ----------
    frame : pandas.DataFrame
        With model and compression.

    Returns
    -------
    str
        Empty where there is one model, or compressions differ.
    """
    several = frame["model"].nunique() > 1 and frame["compression"].nunique() == 1
    return compression_title(str(frame["compression"].iloc[0])) if several else ""


def curve_titles(frame: pd.DataFrame) -> list[str]:
    """Name the curve of each row: its run, and where there are several its response.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns of :func:`series_titles`, dataset, roi and hemisphere.

    Returns
    -------
    list of str
    """
    titles = series_titles(frame)
    runs = [titles[run_id] for run_id in frame["run_id"]]
    places = [
        place_title(*place)
        for place in zip(frame["dataset"], frame["roi"], frame["hemisphere"], strict=True)
    ]
    if len(set(places)) < 2:
        return runs
    return [f"{run}, {place}" for run, place in zip(runs, places, strict=True)]


def n_responses(frame: pd.DataFrame) -> int:
    """Count the subjects' regions in a frame, each side as one."""
    return len(frame[["subject", "roi", "hemisphere"]].drop_duplicates())


def place_title(dataset: str, roi: str, hemisphere: str) -> str:
    """Name of a region and of its side, where a story's response has one."""
    sided = dataset not in catalog.datasets() and hemisphere != "both"
    return f"{roi_title(dataset, roi)} {hemisphere}" if sided else roi_title(dataset, roi)


def joined(words: Sequence[str]) -> str:
    """Join names as a sentence does."""
    unique = list(dict.fromkeys(words))
    if len(unique) <= 1:
        return "".join(unique)
    return f"{', '.join(unique[:-1])} and {unique[-1]}"
