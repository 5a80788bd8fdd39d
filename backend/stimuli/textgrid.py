"""Praat's TextGrids, in the long and in the short text format.

Praat reads such a file as a stream of free-standing numbers, quoted strings and flags, and skips
everything else ("xmin =", "intervals [3]:", comments), which makes the two formats one. So does
this module. Source: the Praat manual, "TextGrid file formats".
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError
from backend.stimuli.labels import is_silence, is_word
from backend.stimuli.transcript import Transcript

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(<\w+>)|![^\n]*|([^\s"]+)')
_WORD_TIER = re.compile(r"words?|tokens?(align)?|ort(h(ography)?)?(-mau)?", re.IGNORECASE)
_WORDY_NAME = re.compile(r"word|token", re.IGNORECASE)
_PHONE_TIER = re.compile(r"phon(e|em|eme|es|emes)?s?|segments?|mau|kan-mau", re.IGNORECASE)
_OTHER_TIER = re.compile(r"phon|segment|syll|pos$|lemma|sentence|phrase|utterance", re.IGNORECASE)
# Longer than a phone, shorter than an utterance: where the median of a tier of words lies.
_WORD_SECONDS = (0.1, 1.5)
_ACCENTS = {
    '"': "\u0308",
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    "~": "\u0303",
    ",": "\u0327",
}
_LETTERS = {"ss": "ß", "ae": "æ", "Ae": "Æ", "oe": "œ", "o/": "ø", "O/": "Ø", "` ": "'"}


@dataclass(frozen=True)
class Tier:
    """One interval tier.

    Attributes
    ----------
    name : str
    starts, ends : ndarray of float64, shape (n_intervals,)
        Seconds.
    labels : tuple of str
    """

    name: str
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    labels: tuple[str, ...]


def is_textgrid(text: str) -> bool:
    """Whether a text is one of Praat's objects."""
    return bool(re.match(r'\s*(File type = )?"ooTextFile|\s*"Praat chronological', text))


def parse_textgrid(text: str, source: str) -> list[Tier]:
    """Read the interval tiers of a TextGrid; tiers of points hold no words and are left out.

    Parameters
    ----------
    text : str
        The whole file.
    source : str
        Its name, for messages.

    Returns
    -------
    list of Tier
        In the order of the file.

    Raises
    ------
    InputError
        If it is another kind of Praat object, or is damaged or cut short.
    """
    stream = _Stream(text, source)
    if stream.string().startswith("Praat chronological"):
        raise InputError(
            f"{source} is a chronological TextGrid. In Praat, open it and use Save as text file..."
        )
    kind = stream.string()
    if kind != "TextGrid":
        raise InputError(f"{source} holds a Praat object of type {kind!r}; a TextGrid is accepted.")
    stream.number()
    stream.number()
    tiers = []
    if stream.flag() == "<exists>":
        tiers = [_read_tier(stream) for _ in range(stream.count())]
    return [tier for tier in tiers if tier is not None]


def textgrid_transcript(text: str, source: str, story: str, tier: str | None = None) -> Transcript:
    """Read the word tier of a TextGrid.

    Parameters
    ----------
    text, source, story : str
        The file's text and name, and the story's.
    tier : str, optional
        Name of the word tier. Else it is found by its name (word, words, TokensAlign, ORT ...),
        or else by looking: the tier whose labels are single words of the length of words.

    Returns
    -------
    Transcript
        Every interval of the tier, silences included. Phonemes per word are counted where there
        is a tier of phones.

    Raises
    ------
    InputError
        If the file cannot be read, or it cannot be told which tier holds the words.
    """
    tiers = parse_textgrid(text, source)
    if not tiers:
        raise InputError(
            f"{source} has no interval tier; words need one, an interval from each word's onset "
            "to its offset."
        )
    chosen, by_name = _word_tier(tiers, source, tier)
    labels = tuple(praat_text(label) for label in chosen.labels)
    phones = [
        other for other in tiers if _PHONE_TIER.fullmatch(other.name.split(" - ")[-1].strip())
    ]
    transcript = Transcript(
        story=story,
        source=source,
        labels=labels,
        onsets=chosen.starts,
        offsets=chosen.ends,
        numbers=np.arange(1, len(labels) + 1),
        unit="interval",
        estimated=np.zeros(len(labels), dtype=bool),
        n_phonemes=_count_phones(chosen, phones[0]) if len(phones) == 1 else None,
    )
    changed = [index for index, label in enumerate(labels) if label != chosen.labels[index]]
    transcript = transcript.noted("Praat's backslash codes written as characters", changed)
    if by_name:
        return transcript
    words = [index for index, label in enumerate(labels) if is_word(label)]
    return transcript.noted(f"words taken from tier {chosen.name!r}, chosen by its looks", words)


def praat_text(label: str) -> str:
    """Write Praat's backslash codes for accented and special letters as those letters."""

    def character(match: re.Match[str]) -> str:
        code = match.group(1)
        if code in _LETTERS:
            return _LETTERS[code]
        letter, accent = code[0], code[1]
        if letter.isalpha() and accent in _ACCENTS:
            return unicodedata.normalize("NFC", letter + _ACCENTS[accent])
        return match.group(0)

    return re.sub(r"\\(..)", character, label) if "\\" in label else label


class _Stream:
    """The numbers, strings and flags of a Praat text file, one after the other."""

    def __init__(self, text: str, source: str) -> None:
        self._tokens = self._find(text)
        self._source = source

    @staticmethod
    def _find(text: str) -> Iterator[str | float]:
        for match in _TOKEN.finditer(text):
            string, flag, other = match.groups()
            if string is not None:
                yield '"' + string.replace('""', '"')
            elif flag:
                yield flag
            elif other:
                try:
                    yield float(other)
                except ValueError:
                    continue

    def _next(self, wanted: str) -> str | float:
        try:
            return next(self._tokens)
        except StopIteration:
            raise InputError(
                f"{self._source} breaks off where {wanted} should follow; it is cut short. Save "
                "it from Praat again."
            ) from None

    def _wrong(self, token: str | float, wanted: str) -> InputError:
        return InputError(
            f"{self._source} is not a regular TextGrid: {token!r} stands where {wanted} should. "
            "Open it in Praat and use Save as text file..."
        )

    def number(self) -> float:
        token = self._next("a number")
        if not isinstance(token, float):
            raise self._wrong(token, "a number")
        return token

    def count(self) -> int:
        number = self.number()
        if not (number >= 0 and number.is_integer()):
            raise self._wrong(number, "a count")
        return int(number)

    def string(self) -> str:
        token = self._next("a quoted string")
        if not isinstance(token, str) or not token.startswith('"'):
            raise self._wrong(token, "a quoted string")
        return token[1:]

    def flag(self) -> str:
        token = self._next("<exists>")
        if not isinstance(token, str) or token.startswith('"'):
            raise self._wrong(token, "<exists>")
        return token


def _read_tier(stream: _Stream) -> Tier | None:
    kind, name = stream.string(), stream.string()
    stream.number()
    stream.number()
    n_items = stream.count()
    if kind != "IntervalTier":
        for _ in range(n_items):
            stream.number()
            stream.string()
        return None
    rows = [(stream.number(), stream.number(), stream.string()) for _ in range(n_items)]
    times = np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2)
    return Tier(name, times[:, 0], times[:, 1], tuple(row[2] for row in rows))


def _word_tier(tiers: Sequence[Tier], source: str, wanted: str | None) -> tuple[Tier, bool]:
    """Choose the word tier, and say whether its name told."""
    if wanted is not None:
        named = [tier for tier in tiers if tier.name == wanted]
        if len(named) != 1:
            raise InputError(
                f"{source} has {'no' if not named else len(named)} interval tier{'s' * bool(named)}"
                f" named {wanted!r}; its tiers are: {_list(tiers)}."
            )
        return named[0], True
    for fits in (_WORD_TIER.fullmatch, _WORDY_NAME.search):
        named = [tier for tier in tiers if fits(tier.name.strip())]
        if len(named) == 1:
            return named[0], True
        if named:
            raise _undecided(named, source, "more than one tier is named as words are")
    wordy = [tier for tier in tiers if _looks_like_words(tier)]
    if not wordy:
        raise _undecided(tiers, source, "no tier is named word, nor looks like words")
    sizes = [len(set(tier.labels)) for tier in wordy]
    if sizes.count(max(sizes)) > 1:
        raise _undecided(wordy, source, "more than one tier looks like words")
    return wordy[int(np.argmax(sizes))], False


def _looks_like_words(tier: Tier) -> bool:
    """Whether most labels are one word each, for about as long as a word lasts."""
    if _OTHER_TIER.search(tier.name.strip()):
        return False
    spoken = np.array([is_word(label) for label in tier.labels], dtype=bool)
    if not spoken.any():
        return False
    single = np.mean([len(label.split()) == 1 for label in np.array(tier.labels)[spoken]])
    seconds = float(np.median((tier.ends - tier.starts)[spoken]))
    return bool(single >= 0.8 and _WORD_SECONDS[0] <= seconds <= _WORD_SECONDS[1])


def _undecided(tiers: Sequence[Tier], source: str, why: str) -> InputError:
    return InputError(
        f"{source}: it cannot be told which tier holds the words, as {why}. Name it with "
        f"--tier (tier=... in Python); the tiers are: {_list(tiers)}."
    )


def _list(tiers: Sequence[Tier]) -> str:
    def sample(tier: Tier) -> str:
        labels = [label for label in tier.labels if not is_silence(label)]
        shown = ", ".join(repr(label[:20]) for label in labels[:3]) or "no labels"
        return f"{tier.name!r} ({len(labels)} labels: {shown})"

    return "; ".join(sample(tier) for tier in tiers)


def _count_phones(words: Tier, phones: Tier) -> NDArray[np.int64]:
    """Count the phones whose middle lies in each word."""
    spoken = np.array([not is_silence(label) for label in phones.labels], dtype=bool)
    middles = np.sort(((phones.starts + phones.ends) / 2)[spoken])
    first, last = np.searchsorted(middles, [words.starts, words.ends])
    return (last - first).astype(np.int64)
