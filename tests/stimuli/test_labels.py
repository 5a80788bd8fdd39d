import numpy as np
import pytest

from backend.stimuli import read_words
from backend.stimuli.labels import is_silence, is_word, sentence_index
from tests.stimuli.files import STORY, table, write


@pytest.mark.parametrize("label", ["#", "sp", "sil", "", " ", "<s>", "</s>", "{BR}", "SIL", "n/a"])
def test_silences(label):
    assert is_silence(label)
    assert not is_word(label)


@pytest.mark.parametrize("label", ["[noise]", "<unk>", "((laugh))", "...", "—", "{LG}", "!"])
def test_other_labels_that_are_no_words(label):
    assert not is_silence(label)
    assert not is_word(label)


@pytest.mark.parametrize("label", ["a", "I'm", "42", "&", "%", "silence", "pause", "你好", "b."])
def test_words(label):
    assert is_word(label)


def test_punctuation_of_its_own_joins_the_word_before_it(tmp_path):
    rows = [(word, at, at + 0.5) for at, word in enumerate(STORY.split())]
    (words,) = read_words(write(tmp_path / "a.csv", table(rows)))
    assert words.words == ("Mary", "went", "home.", "She", "slept.")
    np.testing.assert_array_equal(words.sentences, [0, 0, 0, 1, 1])
    assert words.repairs[0].what == "punctuation joined to the word before it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Fox ran. He fell!", [0, 0, 0, 1, 1]),
        ('"Why?" he said. "No."', [0, 0, 0, 1]),
        ("J. R. Smith left. So did I. Then", [0, 0, 0, 0, 1, 1, 1, 2]),
        ("aa bb. cc dd.", [0, 0, 1, 1]),
        ("Wait… Now", [0, 1]),
        ("一 二。 三", [0, 0, 1]),
    ],
)
def test_sentences_end_at_their_marks(text, expected):
    np.testing.assert_array_equal(sentence_index(text.split()), expected)


@pytest.mark.parametrize("text", ["no marks here", "comma, comma", " ".join(["w"] * 100) + " i."])
def test_sentences_are_not_guessed(text):
    assert sentence_index(text.split()) is None


def test_names_of_sentences_come_before_marks():
    np.testing.assert_array_equal(sentence_index(["aa.", "bb.", "cc"], ["s1", "", "s2"]), [0, 0, 1])
    np.testing.assert_array_equal(sentence_index(["aa.", "bb.", "cc"], ["", "", ""]), [0, 1, 2])
