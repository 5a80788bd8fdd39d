"""Which labels of a transcript are words, and where its sentences end."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backend.stimuli.transcript import Transcript

# Silences and noises as aligners and annotators write them (Praat, P2FA, MFA, MAUS, Kaldi).
_SILENCES = frozenset({"", "#", "##", "sp", "sil", "pau", "spn", "nsn", "<p:>", "n/a"})
_SENTENCE_EDGES = frozenset({"<s>", "</s>", "<sil>", "<eps>", "{sl}", "{sp}", "{br}", "[br]"})
_ANNOTATION = re.compile(r"\[.*\]|<.*>|\{.*\}|\(\(.*\)\)", re.DOTALL)
# Signs that are spoken as words although they hold no letter.
_SPOKEN_SIGNS = frozenset("&%$€£@")
_CLOSING = re.compile(r"""[.,;:!?…。！？)\]”’"']+""")
_FINAL = re.compile(r"""[.!?…。！？]+["'”’»)\]]*$""")
_ABBREVIATIONS = frozenset(
    {"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "jr.", "sr.", "vs.", "mt.", "gen.", "col."}
)
# Spoken sentences are shorter than this on average; a longer mean says that the transcript has a
# stray full stop rather than punctuation.
_MAX_MEAN_SENTENCE = 60


def is_silence(label: str) -> bool:
    """Whether a label stands for no sound of interest, such as ``#``, ``sp`` or a blank."""
    text = label.strip().lower()
    return text in _SILENCES or text in _SENTENCE_EDGES


def is_word(label: str) -> bool:
    """Whether a label is a word: not a silence, an annotation in brackets, or mere punctuation."""
    text = label.strip()
    if is_silence(text) or _ANNOTATION.fullmatch(text):
        return False
    return any(char.isalnum() or char in _SPOKEN_SIGNS for char in text)


def keep_words(transcript: Transcript) -> Transcript:
    """Leave out what is not a word.

    Punctuation that stands by itself is joined to the word before it, so that the words read as
    the text they came from and tell where sentences end. Silences are left out without a word
    about it; annotations and other signs are noted.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    Transcript
        Of words alone; it may be empty.
    """
    words: list[str] = []
    kept: list[int] = []
    joined: list[int] = []
    dropped: list[int] = []
    for index, label in enumerate(transcript.labels):
        text = " ".join(label.split())
        if is_word(text):
            kept.append(index)
            words.append(text)
        elif is_silence(text):
            continue
        elif words and _CLOSING.fullmatch(text):
            words[-1] += text
            joined.append(index)
        else:
            dropped.append(index)
    noted = transcript.noted("punctuation joined to the word before it", joined)
    noted = noted.noted("labels that are not words left out", dropped)
    return replace(noted.take(np.array(kept, dtype=np.int64)), labels=tuple(words))


def sentence_index(
    words: Sequence[str], ids: Sequence[str] | None = None
) -> NDArray[np.int64] | None:
    """Count the sentences of a story.

    Parameters
    ----------
    words : sequence of str
        In the order of the text, with their punctuation.
    ids : sequence of str, optional
        The transcript's own name of each word's sentence; a blank continues the sentence.

    Returns
    -------
    ndarray of int, shape (n_words,), or None
        From 0; None where neither the names nor the punctuation tell. A full stop ends no
        sentence after a title (Mr.) or an initial, nor before a word in lower case.
    """
    if ids is not None and any(ids):
        names = [ids[0]]
        for name in ids[1:]:
            names.append(name or names[-1])
        is_new = [False, *(now != before for before, now in pairwise(names))]
        return np.cumsum(is_new).astype(np.int64)
    has_case = any(word != word.lower() for word in words)
    ends = [
        _ends_sentence(word, after, has_case)
        for word, after in zip(words, [*words[1:], ""], strict=True)
    ]
    if not any(ends) or len(words) / sum(ends) > _MAX_MEAN_SENTENCE:
        return None
    return np.cumsum([False, *ends[:-1]]).astype(np.int64)


def _ends_sentence(word: str, after: str, has_case: bool) -> bool:
    if not _FINAL.search(word):
        return False
    bare = word.lower().lstrip("\"'“‘([")
    is_initial = bool(re.fullmatch(r"[^\W\d_]\.", bare)) and bare != "i."
    if after and (bare in _ABBREVIATIONS or is_initial):
        return False
    letters = [char for char in after if char.isalpha()]
    return not (has_case and letters and letters[0].islower())
