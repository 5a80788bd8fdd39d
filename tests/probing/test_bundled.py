import re
from collections import Counter

import numpy as np
import pytest

from backend.jobs.probe import surface_of
from backend.probing.bundled import N_BLOCKS, block_words, bundled_tasks, question_of
from backend.probing.tasks import PHENOMENA, ProbingTask

TASKS = pytest.mark.parametrize("task", bundled_tasks(), ids=lambda task: task.name)


def test_every_phenomenon_has_two_tasks_or_more() -> None:
    counts = Counter(task.phenomenon for task in bundled_tasks())
    assert len(bundled_tasks()) >= 12
    assert set(counts) == set(PHENOMENA)
    assert min(counts.values()) >= 2


@TASKS
def test_tasks_are_balanced_and_their_items_distinct(task: ProbingTask) -> None:
    assert len(task.items) == 400
    assert set(Counter(task.labels).values()) == {200}
    assert len(set(task.texts)) == 400
    assert question_of(task.name)
    for fold in range(N_BLOCKS):
        assert Counter(task.labels[task.folds == fold]) == Counter(dict.fromkeys(task.labels, 50))


@TASKS
def test_no_content_word_of_a_test_item_is_trained_on(task: ProbingTask) -> None:
    function_words = set.intersection(
        *({word for text in _words(task, fold) for word in text} for fold in range(N_BLOCKS))
    )
    for fold in range(N_BLOCKS):
        held_out = {word for text in _words(task, fold) for word in text} - function_words
        others = set().union(*(block_words(block) for block in range(N_BLOCKS) if block != fold))
        assert not held_out & others


def _words(task: ProbingTask, fold: int) -> list[list[str]]:
    return [re.findall(r"\w+", item.text.lower()) for item in task.items if item.fold == fold]


def test_blocks_of_the_lexicon_share_no_word() -> None:
    for first in range(N_BLOCKS):
        for second in range(first):
            assert not block_words(first) & block_words(second)


@TASKS
def test_a_bag_of_words_is_at_chance(task: ProbingTask) -> None:
    assert surface_of(task, 1).keyword.score == pytest.approx(0.5, abs=0.02)
    # Endings and prefixes lengthen a word; what that gives away is a floor, and not large.
    assert surface_of(task, 1).length.score < 0.7


def test_tasks_are_the_same_each_time() -> None:
    first = bundled_tasks()
    bundled_tasks.cache_clear()
    assert bundled_tasks() == first
    assert np.array_equal(first[0].folds, bundled_tasks()[0].folds)
