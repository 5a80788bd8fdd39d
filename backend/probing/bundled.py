"""The project's own probing tasks, made from its templates and lexicon."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from backend.probing.tasks import Item, Piece, ProbingTask

FOLDER = Path(__file__).parent
NAME = "bundled"
N_BLOCKS = 4
"""Parts of the vocabulary; one is held out at a time."""
PAIRS_PER_BLOCK = 50
"""Of two items each: 400 items a task."""
# Of the clauses that name causes and effects.
_FUNCTION_WORDS = frozenset({"the", "a", "was", "no", "up", "our"})


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _WordList(_Model):
    kind: Literal["plain", "name", "noun", "verb", "causation"]
    words: tuple[str | tuple[str, str], ...]


class _TaskEntry(_Model):
    phenomenon: Literal["discourse", "syntax", "morphology", "semantics", "reasoning"]
    title: str
    asks: str
    slots: Mapping[str, str]
    types: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    ordered: tuple[str, ...] = ()


@cache
def bundled_tasks() -> tuple[ProbingTask, ...]:
    """Make the bundled tasks.

    Returns
    -------
    tuple of ProbingTask
        At least two per phenomenon, 400 items each, half of each label. Fold ``k`` holds the words
        of block ``k`` of the lexicon and no others but function words, so that the vocabularies of
        training and test are disjoint.
    """
    entries = {name: _TaskEntry.model_validate(raw) for name, raw in _read("tasks.yaml").items()}
    return tuple(_make(name, entry) for name, entry in entries.items())


def question_of(task: str) -> str | None:
    """Say what a bundled task asks.

    Parameters
    ----------
    task : str

    Returns
    -------
    str or None
        None for a task of another source.
    """
    entry = _read("tasks.yaml").get(task)
    return None if entry is None else str(entry["asks"])


def bundled_sha256() -> str:
    """Hash the bundled tasks' texts and labels."""
    parts = [
        "\t".join((task.name, item.text, item.label, str(item.fold), item.type))
        for task in bundled_tasks()
        for item in task.items
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def block_words(block: int) -> frozenset[str]:
    """Return the content words of a block, in lower case, as they stand in texts."""
    forms = [
        form
        for name, entry in _lexicon().items()
        for index in range(block, len(entry.words), N_BLOCKS)
        for form in vars(_forms(name, index)).values()
    ]
    return frozenset(word.lower() for form in forms for word in form.split()) - _FUNCTION_WORDS


def _make(name: str, entry: _TaskEntry) -> ProbingTask:
    random = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16))
    items: list[Item] = []
    seen: set[str] = set()
    clusters: dict[str, int] = {}
    n_templates = {len(templates) for templates in entry.labels.values()}.pop()
    for block in range(N_BLOCKS):
        done = 0
        while done < PAIRS_PER_BLOCK:
            words = _draw(entry, block, random)
            place = done % n_templates
            texts = {
                label: _fill(templates[place], words) for label, templates in entry.labels.items()
            }
            if seen & set(texts.values()):
                continue
            seen |= set(texts.values())
            for label, text in texts.items():
                used = next(s for s in entry.types if f"{{{s}" in entry.labels[label][place])
                word = str(words[used]).lower()
                cluster = clusters.setdefault(word, len(clusters))
                unit = len(items) // len(texts)
                items.append(Item((Piece(text),), label, block, unit, cluster, word))
            done += 1
    return ProbingTask(name, entry.title, entry.phenomenon, tuple(items))


class _Forms(SimpleNamespace):
    """A word's forms; written without one of them it is its first."""

    def __str__(self) -> str:
        return str(next(iter(vars(self).values())))

    def __format__(self, spec: str) -> str:
        return str(self)


def _draw(entry: _TaskEntry, block: int, random: np.random.Generator) -> dict[str, _Forms]:
    """Draw a word of a block for each slot; slots of one class get different words."""
    drawn: dict[str, int] = {}
    for kind in dict.fromkeys(entry.slots.values()):
        slots = [slot for slot, name in entry.slots.items() if name == kind]
        places = np.arange(block, len(_lexicon()[kind].words), N_BLOCKS)
        chosen = random.choice(places, len(slots), replace=False)
        if set(slots) <= set(entry.ordered):
            chosen, slots = np.sort(chosen), [slot for slot in entry.ordered if slot in slots]
        drawn |= dict(zip(slots, map(int, chosen), strict=True))
    return {slot: _forms(entry.slots[slot], place) for slot, place in drawn.items()}


def _fill(template: str, words: Mapping[str, _Forms]) -> str:
    text = template.format(**words)
    return text[0].upper() + text[1:]


@cache
def _forms(name: str, index: int) -> _Forms:
    entry = _lexicon()[name]
    word = entry.words[index]
    if isinstance(word, tuple):
        return _Forms(cause=word[0], effect=word[1])
    if entry.kind == "noun":
        return _Forms(one=word, many=f"{word}s")
    if entry.kind == "verb":
        past = f"{word}d" if word.endswith("e") else f"{word}ed"
        return _Forms(base=word, present=_present(word), past=past)
    return _Forms(one=word)


def _present(verb: str) -> str:
    return f"{verb}es" if verb.endswith(("sh", "ch", "ss", "x", "z")) else f"{verb}s"


@cache
def _lexicon() -> Mapping[str, _WordList]:
    return {name: _WordList.model_validate(raw) for name, raw in _read("lexicon.yaml").items()}


@cache
def _read(name: str) -> Mapping[str, Mapping[str, object]]:
    content: Mapping[str, Mapping[str, object]] = yaml.safe_load(
        (FOLDER / name).read_text(encoding="utf-8")
    )
    return content
