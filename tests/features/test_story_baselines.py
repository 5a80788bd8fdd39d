import sys
import tracemalloc

import numpy as np
import pytest
from wordfreq import zipf_frequency

from backend.encoding.alignment import tr_midpoints
from backend.encoding.ridge import standardise
from backend.errors import InputError
from backend.features import baselines
from backend.features import story_baselines as sets
from backend.stimuli import Sentences, Words


def make_words(words=("The", "fox's", "den", "is"), onsets=(1.0, 1.4, 3.0, 3.2), ends=None, **more):
    onsets = np.asarray(onsets, dtype=np.float64)
    offsets = np.asarray((1.2, 2.0, 3.5, 3.4) if ends is None else ends, dtype=np.float64)
    return Words("fox", tuple(words), onsets, offsets, np.zeros(len(words), dtype=bool), **more)


def random_words(n=200, seed=0):
    random = np.random.default_rng(seed)
    onsets = np.sort(random.uniform(0, 90, n))
    return make_words(["word"] * n, onsets, onsets + random.uniform(0, 1.2, n))


def test_every_word_counts_once():
    np.testing.assert_array_equal(sets.word_rate(make_words()), np.ones((4, 1)))


def test_sounds_are_letters_or_phonemes():
    words = make_words(n_phonemes=np.array([2, 5, 3, 2]))
    np.testing.assert_array_equal(sets.letter_rate(words)[:, 0], [3, 4, 3, 2])
    np.testing.assert_array_equal(sets.phoneme_rate(words)[:, 0], [2, 5, 3, 2])


def test_phonemes_count_only_where_every_story_has_them():
    known, unknown = make_words(n_phonemes=np.array([2, 5, 3, 2])), make_words()
    assert sets.have_phonemes([known, known])
    assert not sets.have_phonemes([known, unknown])
    with pytest.raises(InputError, match="'fox' has no tier of phonemes"):
        sets.phoneme_rate(unknown)


def test_length_is_letters_and_seconds():
    expected = [[3, 0.2], [4, 0.6], [3, 0.5], [2, 0.2]]
    np.testing.assert_allclose(sets.word_length(make_words()), expected, rtol=1e-5)


def test_frequency_is_wordfreq_s_and_zero_for_what_it_lacks():
    words = make_words(("the", "The", "ptarmigan", "zzxqj"))
    expected = [zipf_frequency(word, "en") for word in words.words]
    values = sets.frequency(words)[:, 0]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert values[0] == values[1] > 6 > values[2] > values[3] == 0


def test_frequency_follows_the_language():
    words = make_words(("maison", "renard", "le", "petit"))
    assert (sets.frequency(words, "fr") > sets.frequency(words, "en")).all()
    with pytest.raises(InputError, match="'tlh'; there are ar, bg, bn"):
        sets.frequency(words, "tlh")


def test_a_language_without_its_tokenizer_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "MeCab", None)
    with pytest.raises(InputError, match="'ja' cannot be looked up"):
        sets.frequency(make_words(), "ja")


def test_silence_is_counted_from_what_was_said_before():
    np.testing.assert_allclose(sets.silence_before(make_words())[:, 0], [1, 0.2, 1, 0], atol=1e-6)


def test_silence_waits_for_the_longest_of_overlapping_words():
    words = make_words(("a", "b", "c"), (0.0, 1.0, 6.0), (5.0, 2.0, 7.0))
    np.testing.assert_allclose(sets.silence_before(words)[:, 0], [0, 0, 1])


def test_share_of_silence_of_each_tr():
    trs = tr_midpoints(3, 2.0)
    got = sets.silent_share(make_words(), trs, 2.0)[:, 0]
    np.testing.assert_allclose(got, [1 - 0.8 / 2, 1 - 0.5 / 2, 1], atol=1e-6)


@pytest.mark.parametrize(("tr", "start"), [(2.0, 0.0), (1.5, -6.0), (0.7, 11.0)])
def test_share_of_silence_equals_counting_milliseconds(tr, start):
    words = random_words()
    trs = tr_midpoints(60, tr, start)
    step = 0.001
    clock = start + (np.arange(round(60 * tr / step)) + 0.5) * step
    spoken = ((clock[:, None] >= words.onsets) & (clock[:, None] < words.offsets)).any(axis=1)
    expected = 1 - spoken.reshape(60, -1).mean(axis=1)
    np.testing.assert_allclose(sets.silent_share(words, trs, tr)[:, 0], expected, atol=0.01)


def test_position_is_seconds_share_and_words_so_far():
    got = sets.position(make_words(), tr_midpoints(3, 2.0, start=-1.0), 2.0)
    np.testing.assert_allclose(got, [[0, 0, 0], [2, 2 / 3.5, 2], [4, 4 / 3.5, 4]], rtol=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.5])
def test_oasm_is_that_of_sentences_with_stories_for_passages(sigma):
    lengths = (30, 3, 25)
    groups = np.repeat([0, 1, 2], lengths)
    sentences = Sentences(tuple(f"s{index}" for index in range(58)), groups)
    np.testing.assert_allclose(
        sets.oasm_features(lengths, sigma), baselines.oasm(sentences, sigma), atol=1e-6
    )


def test_oasm_separates_stories():
    features = sets.oasm_features((30, 20))
    similarity = features @ features.T
    assert similarity[10, 11] > similarity[10, 13] > 0
    np.testing.assert_array_equal(similarity[:30, 30:], 0)


@pytest.mark.parametrize("train", [np.arange(20, 75), np.r_[0:30, 45:75]])
def test_oasm_s_kernel_is_that_of_its_features_standardised_together(train):
    lengths = (20, 25, 30)
    features = sets.oasm_features(lengths)
    scaled = standardise(features[train], features, scaling="together")[1]
    expected = scaled.astype(np.float64) @ scaled.T
    got = sets.oasm_kernel(lengths, train)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())


def test_oasm_s_kernel_holds_nothing_of_its_size_beside_it():
    n = 1500
    sets.oasm_kernel((n,), np.arange(n - 200))
    tracemalloc.start()
    kernel = sets.oasm_kernel((n // 2, n // 2), np.arange(n - 200))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * kernel.nbytes


def test_the_names_are_those_of_sentences_where_they_mean_the_same():
    assert {"frequency", "position", "oasm"} <= set(sets.NUISANCE) & set(baselines.NUISANCE)
    assert baselines.scaling_of("oasm") == "together"
