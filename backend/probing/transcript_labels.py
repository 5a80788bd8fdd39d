"""Labels of a transcript's words: a table in, tasks out."""

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backend.errors import InputError
from backend.probing.same_words import places_of, require_same_words
from backend.probing.tasks import Item, Piece, ProbingTask
from backend.stimuli import Words, read_words
from backend.stimuli.labels import sentence_index
from backend.stimuli.text_files import read_text

N_FOLDS = 5
LEAST_ITEMS = 10
"""Of a label; rarer ones are left out, and that is said."""
_MOST_LABELS = 12
_KNOWN = {
    "sen_len": ("surface", "Sentence length"),
    "tree_depth": ("syntax", "Depth of the tree"),
    "top_const": ("syntax", "Top constituents"),
    "tense": ("morphology", "Tense"),
    "subjnum": ("morphology", "Number of the subject"),
    "objnum": ("morphology", "Number of the object"),
}
_ALIKE = 0.9


class LabelTable(NamedTuple):
    """A table of labels as it is on disk.

    Attributes
    ----------
    text : str
        The whole file.
    words : tuple of str
    columns : mapping of str to tuple of str
        Each property's label of every word; empty for none.
    """

    text: str
    words: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


class Labelled(NamedTuple):
    """What a table of labels holds.

    Attributes
    ----------
    tasks : tuple of ProbingTask
        One per column.
    sha256 : str
        Of the labels, and of the transcript's words where there is one.
    notes : tuple of str
        What was left out.
    stories : tuple of Words
        The transcript's, else the labels' own words as one story without times: what a model reads
        where words are to have their context.
    """

    tasks: tuple[ProbingTask, ...]
    sha256: str
    notes: tuple[str, ...]
    stories: tuple[Words, ...]


def read_transcript_labels(path: Path, transcript: Path | None = None) -> Labelled:
    """Read word-level labels over a transcript.

    Parameters
    ----------
    path : Path
        CSV: the words in the column ``words`` or ``word``, each other column a property. Columns
        with more than twelve different numbers are cut into thirds.
    transcript : Path, optional
        What the words are held to; by default they stand for themselves.

    Returns
    -------
    Labelled
        A column that is the same over nine sentences in ten is asked of those sentences, another of
        words in their sentences. Folds are consecutive parts of the transcript.

    Raises
    ------
    InputError
        If it is no such table, departs from the transcript, or no column has two labels.
    """
    table = read_label_table(path)
    words = table.words
    stories = _own_story(path, words) if transcript is None else read_words(transcript)
    heard = [word for story in stories for word in story.words]
    if transcript is not None:
        require_same_words(words, heard, transcript.name, path)
    places = places_of(words, heard)
    sentences = sentence_index(words)
    if sentences is None:
        raise InputError(
            f"the words in {path.name} have no full stops, so their sentences are not known; give "
            "the words with their punctuation."
        )
    tasks, notes = [], []
    for name, values in table.columns.items():
        task, note = _task(name, words, cut_numbers(values), sentences, places)
        tasks += [task] if task else []
        notes += [note] if note else []
    if not tasks:
        raise InputError(f"{path.name} holds nothing to probe: {' '.join(notes)}")
    digest = hashlib.sha256(table.text.encode())
    if transcript is not None:
        digest.update("\n".join(heard).encode())
    return Labelled(tuple(tasks), digest.hexdigest(), tuple(notes), stories)


def read_label_table(path: Path) -> LabelTable:
    """Read a table of labels without asking what its words are of.

    Parameters
    ----------
    path : Path
        As of :func:`read_transcript_labels`.

    Returns
    -------
    LabelTable

    Raises
    ------
    InputError
        If it cannot be read, or lacks a column of words or of labels.
    """
    text, _ = read_text(path)
    rows = list(csv.DictReader(text.splitlines()))
    names = list(rows[0]) if rows else []
    column = next((name for name in names if name.lower() in ("words", "word")), None)
    if column is None or len(names) < 2:
        raise InputError(
            f"{path.name} has the columns {', '.join(names) or 'none'}; accepted is a CSV with a "
            "column words and one or more columns of labels, a row per word."
        )
    values = {name: tuple((row[name] or "").strip() for row in rows) for name in names}
    return LabelTable(text, values.pop(column), values)


def property_of(column: str) -> tuple[str, str]:
    """Name the phenomenon and the title of a column of labels."""
    return _KNOWN.get(column.lower(), ("other", column))


def _own_story(path: Path, words: Sequence[str]) -> tuple[Words, ...]:
    """Take the labels' words as a story; nothing that is read of it depends on its times."""
    said = tuple(word for word in words if word)
    onsets = np.arange(len(said), dtype=np.float64)
    return (Words(path.stem, said, onsets, onsets + 1, np.ones(len(said), dtype=bool)),)


def cut_numbers(values: Sequence[str]) -> list[str]:
    """Cut many numbers into thirds; other values are labels as they are.

    Parameters
    ----------
    values : sequence of str
        Empty for none.

    Returns
    -------
    list of str
        Of more than twelve different numbers ``low``, ``middle`` and ``high``.
    """
    if len(set(values) - {""}) <= _MOST_LABELS:
        return list(values)
    try:
        numbers = np.array([float(value) if value else np.nan for value in values])
    except ValueError:
        return list(values)
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
    names = np.select(
        [np.isnan(numbers), numbers <= low, numbers <= high], ["", "low", "middle"], "high"
    )
    return [str(name) for name in names]


def _task(
    name: str,
    words: Sequence[str],
    labels: Sequence[str],
    sentences: np.ndarray,
    places: Sequence[tuple[int, int]],
) -> tuple[ProbingTask | None, str | None]:
    starts = [int(start) for start in np.flatnonzero(np.diff(sentences, prepend=-1))]
    parts = list(zip(starts, [*starts[1:], len(words)], strict=True))
    alike = [len(set(labels[first:last])) == 1 for first, last in parts]
    # Sentences may have been cut a little differently where the labels were made.
    of_sentences = bool(np.mean(alike) >= _ALIKE)
    parts = [part for part, same in zip(parts, alike, strict=True) if same or not of_sentences]
    items = [
        item
        for number, (first, last) in enumerate(parts)
        for item in _items(words, labels, places, first, last, number, len(parts), of_sentences)
    ]
    counts = Counter(item.label for item in items)
    rare = sorted(label for label, count in counts.items() if count < LEAST_ITEMS)
    kept = tuple(item for item in items if item.label not in rare)
    note = f"{name}: too few items labelled {', '.join(rare)} were left out." if rare else None
    phenomenon, title = property_of(name)
    try:
        return ProbingTask(name, title, phenomenon, kept), note
    except InputError as error:
        return None, str(error)


def _items(
    words: Sequence[str], labels: Sequence[str], places: Sequence[tuple[int, int]], first: int,
    last: int, number: int, n: int, of_sentences: bool,
) -> list[Item]:  # fmt: skip
    """Make the items of one sentence: the sentence itself, or its words that have a label."""
    text, fold = " ".join(words[first:last]), number * N_FOLDS // n
    if of_sentences:
        if not labels[first]:
            return []
        kind = words[first].lower()
        whole = Piece(text, None, (places[first][0], places[last - 1][1]))
        return [Item((whole,), labels[first], fold, number, number, kind)]
    ends = np.cumsum([len(word) + 1 for word in words[first:last]])
    return [
        Item(
            (Piece(text, (int(end) - 1 - len(word), int(end) - 1), place),),
            label, fold, number, number, word.lower(),
        )
        for word, label, end, place in zip(
            words[first:last], labels[first:last], ends, places[first:last], strict=True
        )
        if label and word
    ]  # fmt: skip
