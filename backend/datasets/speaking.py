"""Word times for a text that nobody has read aloud, from a stated model of speaking.

A word lasts for a base time, a time per syllable and a time per letter; it is shorter the more
frequent it is, longer before a pause, and stretched by a speaking rate that drifts through the
story. Pauses follow commas, sentences and paragraphs. The constants give some 165 words a minute,
the pace of an audiobook.

References
----------
Crystal & House 1990, J. Acoust. Soc. Am. 88:101: about five syllables a second in read English,
whose length grows with their segments.
Bell, Brenier, Gregory, Girand & Jurafsky 2009, J. Mem. Lang. 60:92: frequent words are shorter.
Klatt 1976, J. Acoust. Soc. Am. 59:1208: the last word before a pause is longer.
Campione & Veronis 2002, Proc. Speech Prosody: pauses are log-normal, longer between sentences.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from backend.errors import InputError
from backend.stimuli import Words

Array = NDArray[np.float64]

LEAD = 1.0
"""Seconds before the first word."""
BASE, PER_SYLLABLE, PER_LETTER = 0.03, 0.11, 0.03
"""Seconds."""
FREQUENCY_EFFECT = 0.06
"""Share by which a word is shorter for every Zipf unit above 5, a factor of ten in frequency."""
LENGTHENING = 1.25
"""Of the last word before a pause."""
WORD_SPREAD = 0.10
"""Standard deviation of a word's log duration that nothing explains."""
RATE_SPREAD, RATE_MEMORY = 0.15, 0.96
"""Of the log speaking rate: standard deviation, and correlation from a word to the next."""
PAUSES = {"none": 0.0, "comma": 0.22, "colon": 0.35, "sentence": 0.55, "paragraph": 1.0}
"""Median seconds after a word, by what follows it."""
PAUSE_SPREAD = 0.3
"""Standard deviation of a pause's log duration."""

_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "st."})
_CLOSING = "\"')"
_OPENING = "\"'("


def speak(text: str, story: str) -> Words:
    """Give every word of a text a time.

    Parameters
    ----------
    text : str
        Paragraphs are parted by blank lines. What stands between spaces is a word, with its
        punctuation.
    story : str
        The story's name, and the seed of everything that is drawn.

    Returns
    -------
    Words
        With each word's sentence, times rounded to the millisecond; none is flagged as estimated,
        since a simulation has no other times.

    Raises
    ------
    InputError
        If the text has no words.
    """
    paragraphs = [block.split() for block in re.split(r"\n\s*\n", text) if block.split()]
    words = tuple(word for paragraph in paragraphs for word in paragraph)
    if not words:
        raise InputError(f"the story {story!r} has no words to speak; give it a text.")
    breaks = _breaks(paragraphs)
    rng = np.random.default_rng(zlib.crc32(story.encode()))
    slowness = np.exp(_drift(len(words), rng))
    spread = np.exp(WORD_SPREAD * rng.standard_normal(len(words)))
    durations = _durations(words, breaks) * slowness * spread
    medians = np.asarray([PAUSES[kind] for kind in breaks])
    pauses = medians * slowness * np.exp(PAUSE_SPREAD * rng.standard_normal(len(words)))
    # Counted in whole milliseconds, so that no word begins before the one ahead of it has ended.
    lengths = np.column_stack([np.rint(1e3 * durations), np.rint(1e3 * pauses)]).ravel()
    edges = np.cumsum(np.concatenate([[1e3 * LEAD], lengths]))
    ends = np.asarray([kind in ("sentence", "paragraph") for kind in breaks])
    return Words(
        story=story,
        words=words,
        onsets=edges[0:-1:2] / 1e3,
        offsets=edges[1::2] / 1e3,
        estimated=np.zeros(len(words), dtype=bool),
        sentences=np.concatenate([[0], np.cumsum(ends)[:-1]]).astype(np.int64),
    )


def count_syllables(word: str) -> int:
    """Estimate a word's syllables from its spelling.

    Groups of vowels are counted, without a silent ``e`` at the end; at least one.

    Parameters
    ----------
    word : str

    Returns
    -------
    int
    """
    letters = "".join(c for c in word.lower() if c.isalpha())
    groups = len(re.findall(r"[aeiouy]+", letters))
    silent = re.search(r"[^aeiouy]es?$|[^aeiouytd]ed$", letters) and not re.search(
        r"[^aeiouy]le$|(?:[csxz]|sh|ch|dg)es$", letters
    )
    return max(1, groups - bool(silent))


def _durations(words: Sequence[str], breaks: Sequence[str]) -> Array:
    """Seconds that each word takes at the middle speaking rate."""
    # Loading the word list takes about a second, which only making the times should pay.
    from wordfreq import zipf_frequency

    values = np.empty(len(words))
    for index, (word, kind) in enumerate(zip(words, breaks, strict=True)):
        letters = sum(c.isalnum() for c in word)
        plain = BASE + PER_SYLLABLE * count_syllables(word) + PER_LETTER * letters
        zipf = zipf_frequency(word.strip(_OPENING + _CLOSING + ".,;:!?"), "en")
        shortening = 1.0 - FREQUENCY_EFFECT * (zipf - 5.0)
        values[index] = plain * shortening * (1.0 if kind == "none" else LENGTHENING)
    return values


def _drift(n_words: int, rng: np.random.Generator) -> Array:
    """First-order autoregressive log slowness of the speaker, begun in its long run."""
    drive = rng.standard_normal(n_words) * np.sqrt(1.0 - RATE_MEMORY**2)
    start = RATE_MEMORY * rng.standard_normal(1)
    values, _ = lfilter([1.0], [1.0, -RATE_MEMORY], drive, zi=start)
    return RATE_SPREAD * values


def _breaks(paragraphs: Sequence[Sequence[str]]) -> list[str]:
    """Name what follows each word: ``none``, ``comma``, ``colon``, ``sentence``, ``paragraph``."""
    kinds = []
    for paragraph in paragraphs:
        for word, following in zip(paragraph, [*paragraph[1:], ""], strict=True):
            kinds.append(_break(word, following))
    return kinds


def _break(word: str, following: str) -> str:
    if not following:
        return "paragraph"
    bare = word.rstrip(_CLOSING)
    if bare.endswith((".", "?", "!")) and bare.lstrip(_OPENING).lower() not in _ABBREVIATIONS:
        # A question inside a sentence ("Will we be late?" he asked) only pauses it.
        goes_on = following.lstrip(_OPENING)[:1].islower()
        return "comma" if goes_on else "sentence"
    if bare.endswith((";", ":")):
        return "colon"
    return "comma" if bare.endswith(",") else "none"
