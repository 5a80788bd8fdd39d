import numpy as np

from backend.stimuli import Sentences


def test_repeated_compares_without_case_and_outer_spaces():
    assert Sentences(("A cat.", "a dog.", " a CAT. ")).repeated() == ("a cat.",)


def test_nothing_is_repeated_in_distinct_sentences():
    assert Sentences(("A cat.", "A cat", "A dog.")).repeated() == ()


def test_sizes():
    sentences = Sentences(("one two", "three"), np.array([0, 1]))
    assert (len(sentences), sentences.n_words, sentences.n_groups) == (2, 3, 2)


def test_one_group_where_none_are_named():
    assert Sentences(("one", "two")).n_groups == 1
