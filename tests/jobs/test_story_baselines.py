import numpy as np
import pytest

from backend.encoding.alignment import METHODS, downsample, tr_midpoints
from backend.errors import InputError
from backend.features import story_baselines as sets
from backend.jobs.story_baselines import story_baselines
from backend.stimuli import Words

VOCABULARY = ("the", "snow", "queen", "laughed", "window", "ptarmigan", "of", "I")


def make_words(n=300, n_phonemes=None, seed=0):
    random = np.random.default_rng(seed)
    onsets = np.sort(random.uniform(0, 118, n))
    return Words(
        story="snow",
        words=tuple(random.choice(VOCABULARY, n)),
        onsets=onsets,
        offsets=onsets + random.uniform(0.05, 0.4, n),
        estimated=np.zeros(n, dtype=bool),
        n_phonemes=n_phonemes,
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_set_but_oasm_has_a_row_per_tr(method):
    found = story_baselines(make_words(), 60, 2.0, 0.0, method)
    absent = ("oasm", "phoneme-rate")
    assert tuple(found) == tuple(name for name in sets.NUISANCE if name not in absent)
    for values in found.values():
        assert values.dtype == np.float32
        assert values.shape[0] == 60
        assert np.isfinite(values).all()
        assert (values.std(axis=0) > 0).all()


@pytest.mark.parametrize("method", ["mean", "sum", "last"])
def test_rates_count_the_words_of_a_tr(method):
    words = make_words()
    found = story_baselines(words, 60, 2.0, 0.0, method)
    expected, _ = np.histogram(words.midpoints, np.arange(61) * 2.0)
    np.testing.assert_array_equal(found["word-rate"][:, 0], expected)
    assert found["letter-rate"].sum() == sum(map(len, words.words))


def test_lanczos_filters_rates_as_it_filters_the_model_s_features():
    words = make_words()
    found = story_baselines(words, 50, 2.0, start=4.0)
    expected = downsample(np.ones((300, 1)), words.midpoints, tr_midpoints(50, 2.0, 4.0), 2.0)
    np.testing.assert_array_equal(found["word-rate"], expected)
    assert found["word-rate"].mean() == pytest.approx(300 / 118 * 2, rel=0.05)


@pytest.mark.parametrize("method", METHODS)
def test_values_of_words_go_to_trs_as_the_model_s_features_do(method):
    words = make_words()
    found = story_baselines(words, 60, 2.0, 0.0, method)
    trs = tr_midpoints(60, 2.0)
    for name, values in (
        ("word-length", sets.word_length(words)),
        ("frequency", sets.frequency(words)),
    ):
        expected = downsample(values, words.midpoints, trs, 2.0, method)
        np.testing.assert_array_equal(found[name], expected)
    assert found["pauses"].shape == (60, 2)


def test_phonemes_are_counted_where_there_are_any_unless_letters_are_asked_for():
    words = make_words(n_phonemes=np.full(300, 2))
    known = story_baselines(words, 60, 2.0, method="sum")
    assert "letter-rate" not in known
    np.testing.assert_array_equal(known["phoneme-rate"], 2 * known["word-rate"])
    letters = story_baselines(words, 60, 2.0, method="sum", phonemes=False)
    assert letters["letter-rate"].sum() == sum(map(len, words.words))
    with pytest.raises(InputError, match="no tier of phonemes"):
        story_baselines(make_words(), 60, 2.0, phonemes=True)


def test_windows_and_languages_are_passed_on():
    words = make_words()
    one, other = (story_baselines(words, 60, 2.0, window=window) for window in (1, 3))
    assert not np.allclose(one["word-rate"], other["word-rate"])
    with pytest.raises(InputError, match="'tlh'"):
        story_baselines(words, 60, 2.0, language="tlh")


def test_a_tr_in_milliseconds_is_refused():
    with pytest.raises(InputError, match="did you mean 2.0"):
        story_baselines(make_words(), 60, 2000)
