"""Word times from the model of speaking: what it states is what it does."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from backend.datasets import speaking
from backend.datasets.speaking import count_syllables, speak
from backend.errors import InputError

TEXT = (
    '"Is it late?" asked Dr. Ames, who had slept. Nobody knew; the clock had stopped.\n\n'
    '"It is," said Rosalind. "It always was."\n'
)
# Long, and every kind of word in it as often in one half as in the other.
LONG = "\n\n".join(["The old captain listened, and the harbour answered. Nobody spoke."] * 60)


@pytest.fixture(scope="module")
def long():
    return speak(LONG, "long")


def test_words_are_what_stands_between_spaces():
    assert speak(TEXT, "s").words == tuple(TEXT.split())


def test_sentences_end_neither_after_a_title_nor_before_a_lower_case_word():
    words = speak(TEXT, "s")
    firsts = [words.words[np.flatnonzero(words.sentences == s)[0]] for s in range(4)]
    assert firsts == ['"Is', "Nobody", '"It', '"It']
    assert words.sentences.max() == 3


def test_times_increase_and_words_never_overlap(long):
    assert long.onsets[0] == speaking.LEAD
    assert (long.offsets > long.onsets).all()
    assert (long.onsets[1:] >= long.offsets[:-1]).all()
    assert not long.estimated.any()
    np.testing.assert_array_equal(long.onsets, np.round(long.onsets, 3))


def test_pauses_stand_after_punctuation_only_and_grow_with_it(long):
    pauses = long.onsets[1:] - long.offsets[:-1]
    ends = np.asarray([word[-1] for word in long.words[:-1]])
    last = np.asarray(long.words[:-1]) == "spoke."
    assert (pauses[np.char.isalpha(ends)] == 0).all()
    medians = [np.median(pauses[kind]) for kind in (ends == ",", (ends == ".") & ~last, last)]
    stated = [speaking.PAUSES[kind] for kind in ("comma", "sentence", "paragraph")]
    np.testing.assert_allclose(medians, stated, rtol=0.25)
    assert medians == sorted(medians)


def test_the_rate_drifts_as_slowly_as_stated(long):
    # The same ten words again and again: what varies is the rate, and each word's own spread.
    log = np.log(long.offsets - long.onsets).reshape(60, 10)
    residual = (log - log.mean(axis=0)).ravel()
    variance = speaking.RATE_SPREAD**2 + speaking.WORD_SPREAD**2
    assert residual.var() == pytest.approx(variance, rel=0.3)
    lag_1 = pearsonr(residual[1:], residual[:-1]).statistic
    expected = speaking.RATE_MEMORY * speaking.RATE_SPREAD**2 / variance
    assert lag_1 == pytest.approx(expected, abs=0.12)


def test_rare_words_take_longer_than_frequent_ones_of_the_same_spelling_length(monkeypatch):
    monkeypatch.setattr(speaking, "RATE_SPREAD", 0.0)
    monkeypatch.setattr(speaking, "WORD_SPREAD", 0.0)
    words = speak("there zebra there zebra x", "s")
    lasts = np.round(words.offsets - words.onsets, 3)
    # One syllable and two, whose difference is stated; the rest is frequency.
    assert lasts[1] - speaking.PER_SYLLABLE > lasts[0]
    assert lasts[0] == lasts[2]


def test_the_same_story_is_spoken_the_same_way_and_another_name_differently():
    first, again, other = speak(TEXT, "a"), speak(TEXT, "a"), speak(TEXT, "b")
    np.testing.assert_array_equal(first.onsets, again.onsets)
    assert not np.array_equal(first.onsets, other.onsets)


def test_a_story_without_words_is_refused():
    with pytest.raises(InputError, match="no words"):
        speak(" \n\n ", "empty")


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("sake", 1), ("houses,", 2), ("walked", 1), ("wanted", 2), ("little", 2), ("the", 1),
        ('"Beautiful', 3), ("ferry", 2), ("1911,", 1), ("piano", 2),
    ],
)  # fmt: skip
def test_syllables(word, syllables):
    assert count_syllables(word) == syllables


def test_syllables_follow_length_over_many_words():
    from wordfreq import top_n_list

    words = [word for word in top_n_list("en", 2000) if word.isalpha()]
    counts = [count_syllables(word) for word in words]
    assert 1.5 < np.mean(counts) < 2.1
    assert spearmanr(counts, [len(word) for word in words]).statistic > 0.7
