"""The released files of Holmes and FlashHolmes: a folder of probing data sets in, tasks out.

A data set is a folder with ``config-none.yaml`` (``probe_name``, ``probe_task_type``) and
``samples.csv`` (or ``folds.csv``): a row per item with ``inputs`` and ``context``, both written as
Python lists, ``label``, and ``set-0``, which says train, dev or test. An input is a text, or a word
with the number of its context and its first and last character; of spans, also with the number of
the span that it belongs to. The kinds named CROSS read both texts of a pair as one.
"""

import ast
import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backend.errors import InputError
from backend.probing.tasks import Item, Piece, ProbingTask

CITATION = (
    "Waldis et al. 2024, Holmes: a benchmark to assess the linguistic competence of language "
    "models, TACL 12"
)
_TABLES = ("samples.csv", "folds.csv")
_ACCEPTED = (
    "Accepted is a folder as released at github.com/Holmes-Benchmark/holmes-evaluation: a folder "
    "per data set with config-none.yaml and samples.csv."
)
# Regression is no classification, and far more items than this take longer than they add.
_MOST_LABELS = 60
_MOST_ITEMS = 8000
_SPANS = "SENTENCE_SPANS"
_OVER_TOKENS = ("SENTENCE_TOKENS", "SENTENCE_PAIR_TOKENS_BI", "SENTENCE_PAIR_TOKENS_CROSS", _SPANS)
_WHOLE = ("SENTENCE", "SENTENCE_PAIR_BI", "SENTENCE_PAIR_CROSS")
_CROSS = "_CROSS"
_BETWEEN = " "


def read_holmes(folder: Path) -> tuple[tuple[ProbingTask, ...], str, tuple[str, ...]]:
    """Read a folder of Holmes's data sets.

    Parameters
    ----------
    folder : Path
        Of all data sets, or of one.

    Returns
    -------
    tuple of (tuple of ProbingTask, str, tuple of str)
        A task per data set; the content's hash; what was left out, and why. The subfield of each
        comes from the table of Holmes's leaderboard (``holmes.csv`` or ``flash-holmes.csv``, in
        the folder or in ``leaderboards`` beside it); without it the phenomenon is ``other``.

    Raises
    ------
    InputError
        If the folder holds none, or none that can be used.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. {_ACCEPTED}")
    tables = sorted(path for name in _TABLES for path in folder.rglob(name))
    if not tables:
        raise InputError(f"the folder {folder} holds no probing data set of Holmes. {_ACCEPTED}")
    subfields = _subfields(folder)
    tasks: dict[str, ProbingTask] = {}
    notes, crossed, hashes = list[str](), list[str](), hashlib.sha256()
    for path in tables:
        config = _config(path.parent)
        name = str(config.get("probe_name", path.parent.name))
        if name in tasks:
            continue
        kind = str(config.get("probe_task_type", "SENTENCE"))
        try:
            items, n_rows = _read(path, kind)
            phenomenon = subfields.get(name, subfields.get(path.parent.name, "other"))
            tasks[name] = ProbingTask(name, name, phenomenon, items)
        except InputError as error:
            notes.append(f"{name} was left out: {error}")
            continue
        if n_rows > len(items):
            notes.append(
                f"{name}: {len(items):,} of {n_rows:,} items were drawn, test items by their share."
            )
        crossed += [name] if kind.endswith(_CROSS) else []
        hashes.update(path.read_bytes())
    if crossed:
        notes.append(
            "Both texts of a pair were read as one, with a space between them in place of a "
            f"model's own separator: {', '.join(crossed)}."
        )
    if not tasks:
        raise InputError(f"no data set in {folder} can be used. {' '.join(notes)}")
    return tuple(tasks.values()), hashes.hexdigest(), tuple(notes)


def _config(folder: Path) -> Mapping[str, Any]:
    path = folder / "config-none.yaml"
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable YAML ({error}). {_ACCEPTED}") from error
    return content if isinstance(content, dict) else {}


def _subfields(folder: Path) -> dict[str, str]:
    """Read which subfield of linguistics each data set belongs to, where a leaderboard tells."""
    names = ("holmes.csv", "flash-holmes.csv")
    places = (folder, folder / "leaderboards", folder.parent / "leaderboards")
    found: dict[str, str] = {}
    for path in (place / name for place in places for name in names):
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    found[row.get("probing dataset", "")] = row.get("linguistic subfield", "other")
    return found


def _read(path: Path, kind: str) -> tuple[tuple[Item, ...], int]:
    """Read items, and count the rows that they were drawn from."""
    if kind not in (*_OVER_TOKENS, *_WHOLE):
        raise InputError(
            f"its kind {kind} is not known; accepted are {', '.join((*_WHOLE, *_OVER_TOKENS))}."
        )
    # Contexts of a few data sets are longer than the csv module's default.
    csv.field_size_limit(10_000_000)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({error}).") from error
    missing = {"inputs", "label", "set-0"} - set(rows[0] if rows else ())
    if missing:
        raise InputError(f"{path.name} lacks the column {min(missing)}. {_ACCEPTED}")
    drawn = _draw([row["set-0"] == "test" for row in rows])
    items = tuple(_item(rows[number], number, kind, path) for number in drawn)
    counts = Counter(item.label for item in items)
    if len(counts) > _MOST_LABELS:
        raise InputError(f"it has {len(counts)} labels; probes classify up to {_MOST_LABELS}.")
    if len({len(item.pieces) for item in items}) > 1:
        raise InputError("its items look at different numbers of words, which no one probe reads.")
    return items, len(rows)


def _draw(held_out: Sequence[bool]) -> list[int]:
    """Draw rows where there are too many, as large a share of the test's as of the others."""
    n = len(held_out)
    if n <= _MOST_ITEMS:
        return list(range(n))
    random = np.random.default_rng(0)
    marks = np.array(held_out)
    n_test = round(_MOST_ITEMS * marks.mean())
    drawn = [
        random.choice(np.flatnonzero(marks == test), size, replace=False)
        for test, size in ((True, n_test), (False, _MOST_ITEMS - n_test))
    ]
    return sorted(int(row) for row in np.concatenate(drawn))


def _item(row: Mapping[str, str], number: int, kind: str, path: Path) -> Item:
    try:
        inputs = ast.literal_eval(row["inputs"])
        context = ast.literal_eval(row.get("context") or "[]") if kind in _OVER_TOKENS else []
        pieces = _pieces(inputs, context, kind)
        words = [piece.looked_at for piece in pieces]
        if not pieces or not all(isinstance(word, str) and word for word in words):
            raise ValueError("an input that is no text")
    except (ValueError, SyntaxError, TypeError, IndexError, KeyError) as error:
        raise InputError(
            f"row {number + 2} of {path.name} cannot be read ({error}). {_ACCEPTED}"
        ) from error
    fold = 0 if row["set-0"] == "test" else -1
    # The first word of a whole text is what it shares with others.
    shared = " ".join(words).lower() if kind in _OVER_TOKENS else words[0].split()[0].lower()
    return Item(pieces, row["label"], fold, number, number, shared)


def _pieces(inputs: Sequence[Any], context: Sequence[str], kind: str) -> tuple[Piece, ...]:
    if kind in _WHOLE:
        return (
            (Piece(_BETWEEN.join(inputs)),)
            if kind.endswith(_CROSS)
            else tuple(Piece(each) for each in inputs)
        )
    if kind == _SPANS:
        return tuple(_span(inputs, context, number) for number in sorted({i[4] for i in inputs}))
    if not kind.endswith(_CROSS):
        return tuple(Piece(context[i], (int(first), int(last))) for _, i, first, last in inputs)
    starts = np.cumsum([0, *(len(text) + len(_BETWEEN) for text in context)])
    return tuple(
        Piece(_BETWEEN.join(context), (int(first + starts[i]), int(last + starts[i])))
        for _, i, first, last in inputs
    )


def _span(inputs: Sequence[Any], context: Sequence[str], number: int) -> Piece:
    """Read a span from its first word to its last."""
    words = [each for each in inputs if each[4] == number]
    (text,) = {each[1] for each in words}
    return Piece(context[text], (int(min(w[2] for w in words)), int(max(w[3] for w in words))))
