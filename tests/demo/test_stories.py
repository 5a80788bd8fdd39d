"""The demo's stories: what ships with the project."""

import re

import numpy as np
import pandas as pd
import pytest

from backend import catalog
from backend.demo import DATASET, demo_lengths, demo_stories
from backend.demo.stories import (
    AFTER_STORY,
    FOLDER,
    N_REPEATS,
    REPEATED,
    presentations,
    word_table,
)

TEXTS = sorted(FOLDER.glob("*.txt"))


def test_at_least_six_stories_of_some_four_thousand_words():
    stories = demo_stories()
    assert list(stories) == [path.stem for path in TEXTS]
    assert len(stories) >= 6
    assert 4000 <= sum(len(words) for words in stories.values()) <= 5000
    assert all(600 <= len(words) <= 800 for words in stories.values())


def test_no_paragraph_stands_twice_and_no_word_is_doubled():
    texts = [path.read_text(encoding="ascii") for path in TEXTS]
    paragraphs = [part.strip() for text in texts for part in text.split("\n\n")]
    assert len(set(paragraphs)) == len(paragraphs)
    for text in texts:
        assert re.findall(r"\b(\w+)\s+\1\b", text) == []


def test_stories_are_in_words_of_their_own():
    kinds = [set(re.findall(r"[a-z]+", path.read_text().lower())) for path in TEXTS]
    shared = [len(a & b) / len(a | b) for i, a in enumerate(kinds) for b in kinds[:i]]
    assert max(shared) < 0.35


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_word_tables_are_those_that_the_command_makes(path):
    stored = pd.read_csv(path.with_suffix(".csv"), dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(word_table(path).astype(str), stored, check_dtype=False)


def test_the_real_reader_repairs_nothing():
    for path in TEXTS:
        words = demo_stories()[path.stem]
        assert words.repairs == ()
        assert words.words == tuple(path.read_text().split())
        assert not words.estimated.any()
        assert words.sentences is not None
        assert set(np.diff(words.sentences)) == {0, 1}


def test_some_165_words_a_minute():
    stories = demo_stories().values()
    rates = [60 * len(words) / words.seconds for words in stories]
    assert all(150 <= rate <= 185 for rate in rates)
    assert 160 <= np.mean(rates) <= 180


def test_speech_rate_varies_enough_to_be_heard():
    words = demo_stories()[REPEATED]
    per_tr = np.histogram(words.onsets, np.arange(0, words.seconds, 2.0))[0]
    assert 0.2 < per_tr.std() / per_tr.mean() < 0.6


def test_lengths_reach_past_the_last_word():
    tr = catalog.story_datasets()[DATASET].tr
    for story, n_trs in demo_lengths().items():
        end = demo_stories()[story].seconds + AFTER_STORY
        assert end <= n_trs * tr < end + tr


def test_one_story_is_heard_three_times_the_others_once():
    order = presentations(demo_stories())
    assert {story: order.count(story) for story in order} == {
        story: N_REPEATS if story == REPEATED else 1 for story in demo_stories()
    }
