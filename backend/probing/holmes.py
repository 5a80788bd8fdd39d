"""The released files of Holmes and FlashHolmes: a folder of probing data sets in, tasks out.

A data set is a folder with ``config-none.yaml`` (``probe_name``, ``probe_task_type``) and
``samples.csv`` (or ``folds.csv``): a row per item with ``inputs`` and ``context``, both written as
Python lists, ``label``, and ``set-0``, which says train, dev or test.
"""

import ast
import csv
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
_OVER_TOKENS = ("SENTENCE_TOKENS", "SENTENCE_PAIR_TOKENS_BI", "SENTENCE_SPANS")
_WHOLE = ("SENTENCE", "SENTENCE_PAIR_BI")


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
    notes, hashes = [], hashlib.sha256()
    for path in tables:
        config = _config(path.parent)
        name = str(config.get("probe_name", path.parent.name))
        if name in tasks:
            continue
        try:
            items = _read(path, str(config.get("probe_task_type", "SENTENCE")))
            phenomenon = subfields.get(name, subfields.get(path.parent.name, "other"))
            tasks[name] = ProbingTask(name, name, phenomenon, items)
        except InputError as error:
            notes.append(f"{name} was left out: {error}")
            continue
        hashes.update(path.read_bytes())
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


def _read(path: Path, kind: str) -> tuple[Item, ...]:
    if kind not in (*_OVER_TOKENS, *_WHOLE):
        raise InputError(
            f"its kind {kind} reads two texts as one with this model's own separator; accepted are "
            f"{', '.join((*_WHOLE, *_OVER_TOKENS))}."
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
    rows = rows[:_MOST_ITEMS]
    items = tuple(_item(row, number, kind in _OVER_TOKENS, path) for number, row in enumerate(rows))
    counts = Counter(item.label for item in items)
    if len(counts) > _MOST_LABELS:
        raise InputError(f"it has {len(counts)} labels; probes classify up to {_MOST_LABELS}.")
    return items


def _item(row: Mapping[str, str], number: int, over_tokens: bool, path: Path) -> Item:
    try:
        inputs = ast.literal_eval(row["inputs"])
        context = ast.literal_eval(row.get("context") or "[]") if over_tokens else []
        pieces = tuple(
            Piece(context[each[1]], (int(each[2]), int(each[3]))) if over_tokens else Piece(each)
            for each in inputs
        )
        words = [piece.looked_at for piece in pieces]
        if not pieces or not all(isinstance(word, str) and word for word in words):
            raise ValueError("an input that is no text")
    except (ValueError, SyntaxError, TypeError, IndexError, KeyError) as error:
        raise InputError(
            f"row {number + 2} of {path.name} cannot be read ({error}). {_ACCEPTED}"
        ) from error
    fold = 0 if row["set-0"] == "test" else -1
    # The first word of a whole text is what it shares with others.
    kind = " ".join(words).lower() if over_tokens else words[0].split()[0].lower()
    return Item(pieces, row["label"], fold, number, number, kind)
