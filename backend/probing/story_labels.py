"""Labels of the words of several stories: a table for each, held to what was heard."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError
from backend.probing.same_words import places_of, require_same_words
from backend.probing.transcript_labels import (
    LEAST_ITEMS,
    cut_numbers,
    property_of,
    read_label_table,
)
from backend.stimuli import Words


@dataclass(frozen=True)
class WordProperty:
    """A property of words, such as the tense of their sentence.

    Attributes
    ----------
    name : str
        Of its column.
    title : str
    labels : mapping of str to ndarray of int
        By story, one per word that is heard: a number from 0, or -1 for no label.
    n_labels : int
    """

    name: str
    title: str
    labels: Mapping[str, NDArray[np.int64]]
    n_labels: int


@dataclass(frozen=True)
class StoryLabels:
    """What tables of labels say of the words of stories.

    Attributes
    ----------
    name : str
        What results are filed under.
    sha256 : str
        Of the tables.
    properties : tuple of WordProperty
    notes : tuple of str
        What was left out.
    """

    name: str
    sha256: str
    properties: tuple[WordProperty, ...]
    notes: tuple[str, ...]


def read_story_labels(
    path: Path, stories: Mapping[str, Words], names: Sequence[str] = ()
) -> StoryLabels:
    """Read word-level labels over stories.

    Parameters
    ----------
    path : Path
        Folder with a table ``STORY.csv`` for each story, or the table of a single story; see
        :func:`backend.probing.transcript_labels.read_transcript_labels`.
    stories : mapping of str to Words
    names : sequence of str
        Columns that are wanted; none means all.

    Returns
    -------
    StoryLabels
        Numbers are cut into thirds, and rare labels left out, over all stories together.

    Raises
    ------
    InputError
        If a story has no table, a table departs from its story, tables differ in their columns, or
        a column that is wanted is not there or has fewer than two labels.
    """
    digest = hashlib.sha256()
    columns: dict[str, dict[str, list[str]]] = {}
    for story, file in _tables(path, stories).items():
        table = read_label_table(file)
        digest.update(f"{story}\0{table.text}\0".encode())
        heard = stories[story].words
        require_same_words(table.words, heard, story, file)
        places = places_of(table.words, heard)
        for name, values in table.columns.items():
            columns.setdefault(name, {})[story] = list(_of_heard(values, places, len(heard)))
    _require_columns(columns, stories, names)
    found, notes = [], []
    for name in names or columns:
        known, note = _property(name, columns[name])
        notes += [note] if note else []
        if known is None and names:
            raise InputError(note)
        found += [known] if known else []
    if not found:
        raise InputError(f"{path.name} holds nothing to remove: {' '.join(notes)}")
    resolved = path.resolve()
    filed = resolved.name if resolved.is_dir() else f"{resolved.parent.name}/{resolved.stem}"
    return StoryLabels(filed, digest.hexdigest(), tuple(found), tuple(notes))


def _tables(path: Path, stories: Mapping[str, Words]) -> dict[str, Path]:
    if not path.exists():
        raise InputError(f"there are no labels at {path}; give a folder, or a CSV file.")
    if path.is_dir():
        tables = {story: path / f"{story}.csv" for story in stories}
        missing = [story for story, file in tables.items() if not file.is_file()]
        if missing:
            raise InputError(
                f"{path.name} has no labels of {', '.join(missing)}; give a table STORY.csv for "
                f"each of {', '.join(stories)}."
            )
        return tables
    if len(stories) > 1:
        raise InputError(
            f"{path.name} is one table, and there are {len(stories)} stories; give a folder with "
            f"a table STORY.csv for each of {', '.join(stories)}."
        )
    return {next(iter(stories)): path}


def _of_heard(
    values: Sequence[str], places: Sequence[tuple[int, int]], n_heard: int
) -> Iterator[str]:
    """Give each word that is heard the label of the word that it is written as."""
    labels = [""] * n_heard
    for value, (first, last) in zip(values, places, strict=True):
        labels[first:last] = [value] * (last - first)
    yield from labels


def _require_columns(
    columns: Mapping[str, Mapping[str, object]], stories: Mapping[str, Words], names: Sequence[str]
) -> None:
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise InputError(
            f"the labels have no column {unknown[0]!r}; they have {', '.join(columns)}."
        )
    for name in names or columns:
        lacking = [story for story in stories if story not in columns[name]]
        if lacking:
            raise InputError(
                f"the labels of {lacking[0]} have no column {name!r}, which those of other stories "
                "have; give every table the same columns, or choose columns with --phenomena."
            )


def _property(
    name: str, of_stories: Mapping[str, Sequence[str]]
) -> tuple[WordProperty | None, str]:
    """Give the labels of a column numbers; None where there are fewer than two."""
    cut = cut_numbers([label for labels in of_stories.values() for label in labels])
    counts = Counter(label for label in cut if label)
    rare = sorted(label for label, count in counts.items() if count < LEAST_ITEMS)
    kept = sorted(set(counts) - set(rare))
    note = f"{name}: too few words labelled {', '.join(rare)} were left out." if rare else ""
    if len(kept) < 2:
        has = f"only the label {kept[0]!r}" if kept else "no label"
        return None, f"{name}: {has} on {LEAST_ITEMS} words or more; two are needed. {note}".strip()
    numbers = {label: number for number, label in enumerate(kept)}
    flat = np.array([numbers.get(label, -1) for label in cut], dtype=np.int64)
    ends = np.cumsum([len(labels) for labels in of_stories.values()])
    parts = np.split(flat, ends[:-1])
    _, title = property_of(name)
    return WordProperty(name, title, dict(zip(of_stories, parts, strict=True)), len(kept)), note
