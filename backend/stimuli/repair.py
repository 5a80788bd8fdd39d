"""Put a transcript's times in order, or refuse them; either way, say so.

The order of the text is what a language model reads, and times are measurements of it. So where
they disagree the order is kept and the fewest possible times are given up, unless the times by
themselves make a sequence of words that do not overlap: then the rows were merely shuffled.
"""

from bisect import bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError
from backend.stimuli.interpolation import interpolate_times
from backend.stimuli.labels import keep_words, sentence_index
from backend.stimuli.transcript import Transcript
from backend.stimuli.words import Words

MAX_STORY_SECONDS = 36_000
MAX_MEDIAN_WORD = 20.0
MAX_MISSING = 0.5
MAX_WRONG = 0.05
# Differences below these many seconds are rounding, and rounding with an early clock.
ROUNDING = 0.05
MAX_EARLY = 0.1
# Decimal times as binary numbers: the same time twice may differ by less than this.
_NO_OVERLAP = 1e-5
# A word without an end lasts until the next one, and no longer than this.
MAX_FILLED_WORD = 1.0


def clean_words(transcript: Transcript) -> Words:
    """Turn a transcript as read into words with times that can be relied on.

    In turn: what is no word is left out; rows that repeat are dropped; negative times of less
    than 0.1 s are set to 0; an offset before its onset is set to it (within 0.05 s) or swapped
    with it where both then fit between the neighbours; rows out of order are sorted, or keep
    their place and lose their times; missing offsets are filled in; words that overlap the next
    one end where it begins; missing times are interpolated. Every change stands in
    ``Words.repairs``.

    Parameters
    ----------
    transcript : Transcript

    Returns
    -------
    Words
        Onsets never decrease, no word ends before it begins or after the next one begins.

    Raises
    ------
    InputError
        If there is no word; if more than half of the times are missing; if times look like
        milliseconds, go further below 0, or are wrong in more than 5% of the words.
    """
    words = keep_words(transcript)
    _refuse_no_words(transcript, words)
    _refuse_missing(words)
    _refuse_milliseconds(words)
    for step in (
        _drop_repeats,
        _clip_early,
        _turn_round,
        _put_in_order,
        _fill_ends,
        _clip_overlaps,
        _fill_times,
    ):
        words = step(words)
    return Words(
        story=words.story,
        words=words.labels,
        onsets=words.onsets,
        offsets=words.offsets,
        estimated=words.estimated,
        sentences=sentence_index(words.labels, words.sentence_ids),
        n_phonemes=words.n_phonemes,
        repairs=words.repairs,
    )


def _refuse_no_words(transcript: Transcript, words: Transcript) -> None:
    if len(words) == 0:
        seen = ", ".join(map(repr, dict.fromkeys(transcript.labels[:200]))) or "none at all"
        raise InputError(
            f"{_name(transcript)} has no words: its labels are {seen[:100]}. Silences and labels "
            "in brackets are not words; give the tier or the column that holds the words."
        )


def _refuse_missing(words: Transcript) -> None:
    n_missing = int((~words.is_timed).sum())
    if n_missing > MAX_MISSING * len(words):
        raise InputError(
            f"{_name(words)}: {n_missing:,} of {len(words):,} words have no onset, the first of "
            f"them {words.describe(int(np.argmin(words.is_timed)))}. Up to half may be missing and "
            "are interpolated; align the transcript again."
        )


def _refuse_milliseconds(words: Transcript) -> None:
    durations = words.offsets - words.onsets
    median = float(np.nanmedian(durations)) if np.isfinite(durations).any() else 0.0
    last = float(np.nanmax([*words.onsets, *words.offsets]))
    if last > MAX_STORY_SECONDS or median > MAX_MEDIAN_WORD:
        raise InputError(
            f"{_name(words)}: times run to {last:,.0f} and the median word lasts {median:,.6g}, "
            "which as seconds is more than any story or word. These look like milliseconds (or "
            "samples); seconds are accepted. Divide the times, by 1,000 if they are milliseconds. "
            "If they are seconds, the labels are not single words."
        )


def _drop_repeats(words: Transcript) -> Transcript:
    same = [
        index
        for index in range(1, len(words))
        if words.labels[index] == words.labels[index - 1]
        and words.onsets[index] == words.onsets[index - 1]
        and words.offsets[index] == words.offsets[index - 1]
    ]
    noted = words.noted("repeated rows dropped", same)
    return noted.take(np.setdiff1d(np.arange(len(words)), same))


def _clip_early(words: Transcript) -> Transcript:
    earliest = float(np.nanmin([*words.onsets, *words.offsets]))
    if earliest < -MAX_EARLY:
        early = np.flatnonzero((words.onsets < 0) | (words.offsets < 0))
        raise InputError(
            f"{_name(words)}: {len(early):,} word(s) begin before 0, the first of them "
            f"{words.describe(int(early[0]))}. Times count from the start of the story: add "
            f"{-earliest:.3f} s to all of them, or leave these words out."
        )
    early = np.flatnonzero(words.onsets < 0)
    noted = words.noted("times just below 0 set to 0", early)
    return replace(
        noted, onsets=np.maximum(words.onsets, 0.0), offsets=np.maximum(words.offsets, 0.0)
    )


def _turn_round(words: Transcript) -> Transcript:
    """Mend offsets that come before their onsets."""
    behind = np.flatnonzero(words.offsets < words.onsets)
    if behind.size == 0:
        return words
    onsets, offsets = words.onsets.copy(), words.offsets.copy()
    tiny = behind[onsets[behind] - offsets[behind] <= ROUNDING]
    swapped = np.setdiff1d(behind, tiny)
    onsets[swapped], offsets[swapped] = words.offsets[swapped], words.onsets[swapped]
    unfit = [index for index in swapped if not _fits(index, onsets, offsets)]
    if unfit or len(swapped) > _few(words):
        raise InputError(
            f"{_name(words)}: {len(swapped):,} of {len(words):,} words end before they begin, the "
            f"first of them {words.describe(int(swapped[0]))}. Onset and offset are both counted "
            "from the start of the story; if the second is a duration, name its column 'duration'."
        )
    noted = words.noted("offsets just before their onsets set to them", tiny)
    noted = noted.noted("onset and offset swapped", swapped)
    offsets[tiny] = onsets[tiny]
    return replace(noted, onsets=onsets, offsets=offsets)


def _fits(index: int, onsets: NDArray[np.float64], offsets: NDArray[np.float64]) -> bool:
    """Whether a word lies between its neighbours, as far as they have times."""
    after = index == 0 or not offsets[index - 1] > onsets[index] + ROUNDING
    before = index == len(onsets) - 1 or not onsets[index + 1] < offsets[index] - ROUNDING
    return bool(after and before)


def _put_in_order(words: Transcript) -> Transcript:
    timed = np.flatnonzero(words.is_timed)
    in_place = timed[_longest_rising(words.onsets[timed])]
    displaced = np.setdiff1d(timed, in_place)
    if displaced.size == 0:
        return words
    n_steps_back = int((np.diff(words.onsets[timed]) < 0).sum())
    # A few steps back with many words after each are several clocks; shuffled rows go back often.
    one_clock = len(displaced) <= max(_few(words), 10 * n_steps_back)
    if one_clock and not words.in_text_order and _is_sequence(words):
        noted = words.noted("rows out of order sorted by their onsets", displaced)
        order = np.argsort(
            np.where(words.is_timed, words.onsets, _last_onset(words)), kind="stable"
        )
        return noted.take(order)
    if len(displaced) > _few(words):
        step = timed[1:][np.diff(words.onsets[timed]) < 0][0]
        raise InputError(
            f"{_name(words)}: onsets go back {n_steps_back:,} time(s), first at "
            f"{words.describe(int(step))}, which puts {len(displaced):,} of {len(words):,} words "
            "out of order. If the file holds several stories or runs, name them in a column "
            "'story' or split it; else sort its rows in the order in which the words were heard."
        )
    noted = words.noted("times out of order with the text given up and interpolated", displaced)
    onsets, offsets = words.onsets.copy(), words.offsets.copy()
    onsets[displaced] = offsets[displaced] = np.nan
    return replace(noted, onsets=onsets, offsets=offsets)


def _longest_rising(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find a longest subsequence that never decreases, by patience sorting; its indices."""
    tails: list[float] = []
    ends: list[int] = []
    before = np.full(len(values), -1, dtype=np.int64)
    for index, value in enumerate(values.tolist()):
        place = bisect_right(tails, value)
        before[index] = ends[place - 1] if place else -1
        tails[place : place + 1] = [value]
        ends[place : place + 1] = [index]
    chosen = [ends[-1]] if ends else []
    while chosen and before[chosen[-1]] >= 0:
        chosen.append(int(before[chosen[-1]]))
    return np.array(chosen[::-1], dtype=np.int64)


def _is_sequence(words: Transcript) -> bool:
    """Whether the times, sorted, are those of words that come one after the other."""
    order = np.argsort(words.onsets[words.is_timed], kind="stable")
    onsets = words.onsets[words.is_timed][order]
    offsets = words.offsets[words.is_timed][order]
    return not bool((offsets[:-1] > onsets[1:] + ROUNDING).any())


def _last_onset(words: Transcript) -> NDArray[np.float64]:
    """Each word's own onset or, where it has none, that of the timed word before it."""
    filled = np.where(words.is_timed, np.arange(len(words)), -1)
    last = np.maximum.accumulate(filled)
    return np.where(last >= 0, words.onsets[last], -np.inf)


def _fill_ends(words: Transcript) -> Transcript:
    """Let words without an offset last until the next one begins, or one second."""
    timed = np.flatnonzero(words.is_timed)
    nexts = np.append(words.onsets[timed][1:], np.inf)
    ends = np.minimum(nexts, words.onsets[timed] + MAX_FILLED_WORD)
    lacks = np.isnan(words.offsets[timed])
    offsets = np.where(words.is_timed, words.offsets, np.nan)
    offsets[timed[lacks]] = ends[lacks]
    noted = words.noted(
        f"missing ends set to the next onset, at most {MAX_FILLED_WORD:g} s later", timed[lacks]
    )
    return replace(noted, offsets=offsets)


def _clip_overlaps(words: Transcript) -> Transcript:
    timed = np.flatnonzero(words.is_timed)
    nexts = np.append(words.onsets[timed][1:], np.inf)
    overlap = words.offsets[timed] - nexts
    large = timed[overlap > 2 * ROUNDING]
    if len(large) > MAX_MISSING * len(words):
        raise InputError(
            f"{_name(words)}: {len(large):,} of {len(words):,} words end more than "
            f"{2 * ROUNDING:g} s after the next one begins, the first of them "
            f"{words.describe(int(large[0]))}. If the column of durations holds offsets, name it "
            "'offset'; if several speakers overlap, give each a file."
        )
    noted = words.noted(
        f"overlaps with the next word cut off, the longest of {overlap.max():.3g} s",
        timed[overlap > _NO_OVERLAP],
    )
    offsets = words.offsets.copy()
    offsets[timed] = np.minimum(offsets[timed], nexts)
    return replace(noted, offsets=offsets)


def _fill_times(words: Transcript) -> Transcript:
    missing = ~words.is_timed
    onsets, offsets = interpolate_times(words.labels, words.onsets, words.offsets)
    noted = words.noted("times interpolated between the neighbours", np.flatnonzero(missing))
    return replace(noted, onsets=onsets, offsets=offsets, estimated=words.estimated | missing)


def _few(words: Transcript) -> int:
    """How many words may be wrong before the file as a whole is."""
    return max(1, int(MAX_WRONG * len(words)))


def _name(words: Transcript) -> str:
    return words.source if words.story in words.source else f"{words.source}, {words.story}"
