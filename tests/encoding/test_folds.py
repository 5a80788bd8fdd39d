import numpy as np
import pytest

from backend.encoding.folds import (
    default_gap,
    default_n_folds,
    make_folds,
    repeats_across_folds,
)
from backend.errors import InputError
from backend.stimuli import Sentences

N = 60
GROUPS = np.repeat(np.arange(12), 5)


def folds_of(split, n_folds=6, gap=0, seed=0):
    return make_folds(N, split, n_folds, GROUPS, seed, gap)


@pytest.mark.parametrize("split", ["contiguous", "grouped", "shuffled"])
def test_every_sample_is_held_out_exactly_once(split):
    held_out = np.concatenate([fold.test for fold in folds_of(split)])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(N))


@pytest.mark.parametrize("split", ["contiguous", "grouped", "shuffled"])
def test_train_is_all_that_is_not_held_out(split):
    for fold in folds_of(split):
        np.testing.assert_array_equal(
            np.sort(np.concatenate([fold.train, fold.test])), np.arange(N)
        )


@pytest.mark.parametrize("split", ["contiguous", "grouped", "shuffled"])
def test_inner_folds_partition_the_training_part_by_index_into_it(split):
    for fold in folds_of(split):
        places = np.arange(len(fold.train))
        np.testing.assert_array_equal(np.sort(np.concatenate([t for _, t in fold.inner])), places)
        for train, test in fold.inner:
            np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), places)


def test_contiguous_folds_hold_out_blocks():
    for fold in folds_of("contiguous"):
        np.testing.assert_array_equal(np.diff(fold.test), 1)


def test_shuffled_folds_do_not_hold_out_blocks():
    assert all((np.diff(fold.test) != 1).any() for fold in folds_of("shuffled"))


def test_shuffled_folds_follow_the_seed():
    first, again, other = (folds_of("shuffled", seed=seed)[0].test for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("n_folds", [2, 5, 6, 12])
def test_grouped_folds_never_split_a_group(n_folds):
    for fold in folds_of("grouped", n_folds):
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.test])
        for train, test in fold.inner:
            inside = GROUPS[fold.train]
            assert not set(inside[train]) & set(inside[test])


def test_grouped_folds_keep_scattered_groups_whole():
    scattered = np.random.default_rng(0).permutation(GROUPS)
    for fold in make_folds(N, "grouped", 4, scattered):
        assert not set(scattered[fold.train]) & set(scattered[fold.test])


def test_one_group_left_to_train_on_is_divided_into_blocks():
    two = np.repeat([0, 1], N // 2)
    for fold in make_folds(N, "grouped", 2, two):
        assert len(np.unique(two[fold.train])) == 1
        assert len(fold.inner) == 5
        for _, test in fold.inner:
            np.testing.assert_array_equal(np.diff(test), 1)


def test_fewer_inner_folds_where_fewer_groups_are_left():
    three = np.repeat([0, 1, 2], N // 3)
    assert [len(fold.inner) for fold in make_folds(N, "grouped", 3, three)] == [2, 2, 2]


@pytest.mark.parametrize("gap", [1, 3])
def test_gap_separates_outer_blocks_from_training(gap):
    for fold in folds_of("contiguous", gap=gap):
        distance = np.abs(fold.train[:, None] - fold.test[None, :]).min()
        assert distance == gap + 1
        n_sides = int(fold.test[0] > 0) + int(fold.test[-1] < N - 1)
        assert len(fold.train) == N - len(fold.test) - gap * n_sides


@pytest.mark.parametrize("gap", [1, 3])
def test_gap_separates_inner_blocks_from_inner_training(gap):
    for fold in folds_of("contiguous", gap=gap):
        for train, test in fold.inner:
            seen, unseen = fold.train[train], fold.train[test]
            assert np.abs(seen[:, None] - unseen[None, :]).min() > gap


def test_inner_blocks_still_cover_the_training_part_with_a_gap():
    for fold in folds_of("contiguous", gap=3):
        held_out = np.sort(np.concatenate([test for _, test in fold.inner]))
        np.testing.assert_array_equal(held_out, np.arange(len(fold.train)))


@pytest.mark.parametrize("split", ["grouped", "shuffled"])
def test_gap_belongs_to_contiguous_folds_alone(split):
    for fold in folds_of(split, gap=3):
        assert len(fold.train) + len(fold.test) == N


def test_too_many_folds_are_refused_with_the_most_there_can_be():
    with pytest.raises(InputError, match="at most 12"):
        make_folds(N, "contiguous", 13)


def test_one_fold_is_refused():
    with pytest.raises(InputError, match="at least 2"):
        make_folds(N, "contiguous", 1)


def test_grouped_without_groups_is_refused():
    with pytest.raises(InputError, match="need a group column"):
        make_folds(N, "grouped", 3)


def test_more_folds_than_groups_are_refused():
    with pytest.raises(InputError, match="there are 3 groups; ask for at most 3"):
        make_folds(N, "grouped", 4, np.repeat([0, 1, 2], 20))


def test_negative_gap_is_refused():
    with pytest.raises(InputError, match="gap of -1"):
        make_folds(N, "contiguous", 3, gap=-1)


def test_gap_that_leaves_no_outer_training_is_refused():
    with pytest.raises(InputError, match="smaller gap"):
        make_folds(N, "contiguous", 2, gap=25)


def test_gap_that_leaves_no_inner_training_is_refused():
    # The outer training part keeps 30 samples, but 20 on each side of an inner block are all.
    with pytest.raises(InputError, match="leaves 0 of 100 to train on; ask for a smaller gap"):
        make_folds(100, "contiguous", 2, gap=20)


def test_unknown_split_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="contiguous, grouped and shuffled"):
        make_folds(N, "leave-one-out", 3)


@pytest.mark.parametrize(
    ("n_samples", "n_groups", "expected"),
    [(627, None, 10), (240, 48, 10), (240, 4, 4), (35, None, 3), (20, None, 2), (20, 2, 2)],
)
def test_default_folds_leave_ten_samples_and_a_group_in_each(n_samples, n_groups, expected):
    assert default_n_folds(n_samples, n_groups) == expected


@pytest.mark.parametrize(("n_samples", "expected"), [(20, 0), (100, 2), (5000, 8)])
def test_default_gap_is_one_in_fifty_up_to_eight(n_samples, expected):
    assert default_gap(n_samples) == expected


def test_repeats_across_folds_finds_what_can_be_learned_by_heart():
    texts = [f"sentence {index}" for index in range(N)]
    texts[0] = "Again."
    texts[59] = " again. "
    found = repeats_across_folds(Sentences(tuple(texts)), folds_of("contiguous"))
    assert found == ("again.",)


def test_repeats_inside_one_held_out_block_are_no_leak():
    texts = [f"sentence {index}" for index in range(N)]
    texts[1] = texts[0]
    sentences = Sentences(tuple(texts), GROUPS)
    assert repeats_across_folds(sentences, make_folds(N, "grouped", 12, GROUPS)) == ()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("split", ["contiguous", "shuffled"])
def test_groups_that_the_split_does_not_use_are_passed_over_in_silence(split):
    assert len(folds_of(split)) == 6


def test_no_repeats_without_repeated_sentences():
    texts = tuple(f"sentence {index}" for index in range(N))
    assert repeats_across_folds(Sentences(texts), folds_of("shuffled")) == ()
