"""Labels of a transcript's sentences from a parser of the user's: spaCy, where it is installed."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from backend.errors import InputError
from backend.stimuli import Words, read_words
from backend.stimuli.labels import sentence_index

COLUMNS = ("words", "sen_len", "tree_depth", "tense", "subjnum", "objnum")
"""Those of a table of labels over a transcript; a blank is no label."""
_SUBJECTS = frozenset({"nsubj", "nsubjpass", "nsubj:pass"})
_OBJECTS = frozenset({"dobj", "obj"})
_AUXILIARIES = frozenset({"aux", "auxpass", "aux:pass", "cop"})
_ROOT = "root"


class Morphology(Protocol):
    """Features of a word's form."""

    def get(self, name: str) -> Sequence[str]:
        """Return a feature's values."""


class Token(Protocol):
    """What is asked of a parser's token; spaCy's has it."""

    i: int
    dep_: str
    morph: Morphology

    @property
    def head(self) -> "Token":
        """What it depends on; the root on itself."""


Parse = Callable[[Iterable[str]], Iterable[Sequence[Token]]]


def load_parser(model: str) -> Parse:
    """Load a pipeline of spaCy.

    Parameters
    ----------
    model : str
        An installed package or a folder, such as ``en_core_web_sm``.

    Returns
    -------
    callable
        Texts in, their tokens out.

    Raises
    ------
    InputError
        If spaCy or the model is not installed, or the model does not parse.
    """
    try:
        spacy: Any = import_module("spacy")
    except ImportError:
        raise InputError(
            "spaCy is not installed. Install it and a model beside CortexScale: "
            f"pip install spacy && python -m spacy download {model}"
        ) from None
    try:
        pipeline = spacy.load(model)
    except OSError:
        raise InputError(
            f"spaCy has no model {model!r}. Install it: python -m spacy download {model}; or name "
            "another one with --model."
        ) from None
    lacking = {"parser"} - set(pipeline.pipe_names)
    if lacking:
        raise InputError(f"the model {model!r} does not parse sentences; choose another one.")
    parse: Parse = pipeline.pipe
    return parse


def label_transcript(transcript: Path, parse: Parse) -> list[tuple[str, ...]]:
    """Label each word of a transcript with what its sentence is.

    Parameters
    ----------
    transcript : Path
        Of one story or several, with punctuation or with sentences of its own.
    parse : callable
        As of :func:`load_parser`.

    Returns
    -------
    list of tuple of str
        A row per word, as in :data:`COLUMNS`.

    Raises
    ------
    InputError
        If the transcript cannot be read, or does not tell its sentences.
    """
    rows = []
    for story in read_words(transcript):
        sentences = _sentences(story, transcript)
        texts = [" ".join(words) for words in sentences]
        for words, tokens in zip(sentences, parse(texts), strict=True):
            labels = sentence_labels(words, tokens)
            rows += [(word, *labels) for word in words]
    return rows


def _sentences(story: Words, transcript: Path) -> list[list[str]]:
    index = sentence_index(story.words)
    index = story.sentences if index is None else index
    if index is None:
        raise InputError(
            f"{transcript.name} does not tell its sentences; give the words with their "
            "punctuation, or with a column of sentences."
        )
    return [
        _closed([story.words[place] for place in np.flatnonzero(index == number)])
        for number in range(int(index.max()) + 1)
    ]


def _closed(words: list[str]) -> list[str]:
    """End a sentence with a full stop, by which it is known again."""
    return words if words[-1][-1] in ".!?…\"'”’)" else [*words[:-1], f"{words[-1]}."]


def sentence_labels(words: Sequence[str], tokens: Sequence[Token]) -> tuple[str, ...]:
    """Label a sentence.

    Parameters
    ----------
    words : sequence of str
    tokens : sequence of Token
        Parsed.

    Returns
    -------
    tuple of str
        Number of words, depth of the dependency tree, tense of the main verb (or of its
        auxiliary), and number of its subject and of its object; blank where there is none.
    """
    root = next((token for token in tokens if token.dep_.lower() == _ROOT), None)
    if root is None:
        return (str(len(words)), "", "", "", "")
    below = [token for token in tokens if token.head.i == root.i and token.i != root.i]
    verbs = [root, *(token for token in below if token.dep_ in _AUXILIARIES)]
    return (
        str(len(words)),
        str(max(_depth(token) for token in tokens)),
        _feature(verbs, "Tense"),
        _feature([token for token in below if token.dep_ in _SUBJECTS], "Number"),
        _feature([token for token in below if token.dep_ in _OBJECTS], "Number"),
    )


def _depth(token: Token) -> int:
    depth = 1
    while token.head.i != token.i:
        token, depth = token.head, depth + 1
    return depth


def _feature(tokens: Sequence[Token], name: str) -> str:
    return next((value.lower() for token in tokens for value in token.morph.get(name)), "")
