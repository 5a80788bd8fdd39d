import numpy as np
import pytest

from backend.encoding.story_folds import GAP, STORY_SPLITS, gap_for, make_story_folds
from backend.errors import InputError

NAMES = (
    "wolf",
    "fox",
    "tin",
    "snow",
    "fir",
    "swan",
    "pea",
    "ugly",
    "thumb",
    "goose",
    "bear",
    "owl",
)


def rows(*lengths):
    """Story of each row, in an order that is not the alphabet's."""
    return [name for name, n in zip(NAMES, lengths, strict=False) for _ in range(n)]


def layouts(least, most, n=40, shortest=15):
    """Random numbers of stories of random lengths."""
    random = np.random.default_rng(0)
    for _ in range(n):
        yield rows(*random.integers(shortest, 120, random.integers(least, most + 1)))


def nearest(one, other):
    return np.abs(one[:, None] - other[None, :]).min()


def check_inner(stories, fold, gap):
    """Inner folds hold out all of ``train`` once, whole stories of it or blocks with a gap."""
    inside = np.asarray(stories)[fold.train]
    held_out = np.concatenate([test for _, test in fold.inner])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(len(fold.train)))
    for train, test in fold.inner:
        assert len(train)
        assert not set(train) & set(test)
        if len(set(inside)) > 1:
            assert not set(inside[train]) & set(inside[test])
            assert len(train) + len(test) == len(fold.train)
        else:
            assert nearest(fold.train[train], fold.train[test]) > gap


def test_each_story_is_held_out_in_turn_and_named():
    stories = np.asarray(rows(40, 60, 50))
    folds = make_story_folds(stories)
    assert [fold.held_out for fold in folds] == ["wolf", "fox", "tin"]
    for fold in folds:
        np.testing.assert_array_equal(fold.test, np.flatnonzero(stories == fold.held_out))
        np.testing.assert_array_equal(fold.train, np.flatnonzero(stories != fold.held_out))


@pytest.mark.parametrize("gap", [0, 3])
def test_no_row_of_a_held_out_story_is_trained_on(gap):
    for stories in layouts(2, 12, shortest=60):
        folds = make_story_folds(stories, gap=gap)
        everything = np.concatenate([fold.test for fold in folds])
        np.testing.assert_array_equal(np.sort(everything), np.arange(len(stories)))
        for fold in folds:
            names = np.asarray(stories)
            assert not set(names[fold.train]) & set(names[fold.test])
            assert list(dict.fromkeys(names[fold.test])) == fold.held_out.split(", ")
            np.testing.assert_array_equal(
                np.sort(np.concatenate([fold.train, fold.test])), np.arange(len(stories))
            )
            check_inner(stories, fold, gap)


def test_more_than_ten_stories_are_held_out_in_ten_groups_of_like_size():
    stories = rows(*[30] * 12)
    folds = make_story_folds(stories)
    assert len(folds) == 10
    assert sorted(len(fold.test) for fold in folds) == [30] * 8 + [60] * 2
    assert len(make_story_folds(stories, n_folds=12)) == 12
    assert [len(fold.test) for fold in make_story_folds(stories, n_folds=4)] == [90] * 4


def test_inner_folds_are_five_at_most_and_one_per_story_below():
    for n_stories, expected in ((3, 2), (4, 3), (6, 5), (9, 5)):
        folds = make_story_folds(rows(*[30] * n_stories))
        assert {len(fold.inner) for fold in folds} == {expected}


def test_a_single_training_story_is_divided_into_blocks_with_the_gap():
    stories = rows(100, 120)
    for fold in make_story_folds(stories, gap=4):
        assert len(fold.inner) == 5
        check_inner(stories, fold, 4)
        for _, test in fold.inner:
            np.testing.assert_array_equal(np.diff(test), 1)


@pytest.mark.parametrize("test_stories", [["fox"], ["swan", "wolf"]])
def test_named_stories_are_held_out_once(test_stories):
    stories = np.asarray(rows(40, 60, 50, 30, 45, 70))
    (fold,) = make_story_folds(stories, "test-story", test_stories)
    assert set(stories[fold.test]) == set(test_stories)
    assert not set(stories[fold.train]) & set(test_stories)
    assert fold.held_out == ("fox" if test_stories == ["fox"] else "wolf, swan")
    check_inner(stories, fold, GAP)


def test_a_story_heard_in_two_runs_is_held_out_with_both():
    stories = np.asarray(rows(40, 60) + rows(40))
    (fold,) = make_story_folds(stories, "test-story", ["wolf"], gap=3)
    np.testing.assert_array_equal(fold.test, np.r_[0:40, 100:140])
    np.testing.assert_array_equal(fold.train, np.r_[40:100])


@pytest.mark.parametrize("gap", [0, 3, 10])
def test_blocks_keep_their_gap_outside_and_inside(gap):
    for stories in layouts(1, 4, n=20, shortest=110):
        n_rows = len(stories)
        folds = make_story_folds(stories, "contiguous", gap=gap)
        everything = np.concatenate([fold.test for fold in folds])
        np.testing.assert_array_equal(everything, np.arange(n_rows))
        for fold in folds:
            np.testing.assert_array_equal(np.diff(fold.test), 1)
            assert nearest(fold.train, fold.test) == gap + 1
            for train, test in fold.inner:
                assert nearest(fold.train[train], fold.train[test]) > gap


def test_blocks_say_which_they_are_and_keep_thirty_rows():
    folds = make_story_folds(rows(130), "contiguous")
    assert [fold.held_out for fold in folds] == [f"block {n} of 4" for n in (1, 2, 3, 4)]
    assert len(make_story_folds(rows(500), "contiguous")) == 10
    assert len(make_story_folds(rows(500), "contiguous", n_folds=3)) == 3


def test_shuffled_rows_have_no_gap_and_follow_the_seed():
    stories = rows(100, 80)
    first, again, other = (make_story_folds(stories, "shuffled", seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first[0].test, again[0].test)
    assert not np.array_equal(first[0].test, other[0].test)
    assert first[0].held_out == "shuffle 1 of 6"
    assert nearest(first[0].train, first[0].test) == 1


@pytest.mark.parametrize("split", ["leave-story-out", "contiguous"])
def test_the_seed_is_the_shuffle_s_alone(split):
    stories = rows(100, 80, 90)
    for one, other in zip(
        make_story_folds(stories, split, seed=1),
        make_story_folds(stories, split, seed=2),
        strict=True,
    ):
        np.testing.assert_array_equal(one.train, other.train)


@pytest.mark.parametrize(
    ("tr", "delays", "expected"),
    [(2.0, (1, 2, 3, 4), GAP), (1.5, (1, 2, 3, 4), 12), (1.0, range(1, 9), 20), (2.0, (), 6)],
)
def test_the_gap_covers_delays_and_what_neighbours_share(tr, delays, expected):
    assert gap_for(tr, delays) == expected


@pytest.mark.parametrize("split", ["leave-story-out", "test-story"])
def test_one_story_alone_is_told_to_use_blocks(split):
    with pytest.raises(InputError, match=r"there is one \(wolf\); use contiguous"):
        make_story_folds(rows(100), split, ["wolf"] if split == "test-story" else ())


def test_unknown_test_stories_are_refused_with_those_there_are():
    with pytest.raises(InputError, match="unknown test stories: elk; there are wolf, fox"):
        make_story_folds(rows(50, 50), "test-story", ["fox", "elk"])


@pytest.mark.parametrize(
    ("stories", "options", "message"),
    [
        ([], {}, "no TRs were given"),
        (rows(50, 50), {"split": "test-story"}, "needs the names .* there are wolf, fox"),
        (rows(50, 50), {"split": "test-story", "test_stories": ["fox", "wolf"]}, "none is left"),
        (
            rows(50, 50),
            {"split": "test-story", "test_stories": ["fox"], "n_folds": 3},
            "fixed test stories make one",
        ),
        (rows(50, 50), {"test_stories": ["fox"]}, "the split is leave-story-out"),
        (rows(50, 50), {"n_folds": 3}, "3 folds .* 2 stories to hold out; ask for 2 to 2"),
        (rows(50, 50), {"n_folds": 1}, "ask for 2 to 2"),
        (rows(50, 50), {"gap": -1}, "gap of -1 TRs"),
        (rows(50, 50), {"gap": 40}, "ask for a smaller gap"),
        (rows(50, 4, 50), {}, "'fox' has 4 TRs left after trimming"),
        (rows(50, 50), {"split": "random"}, "leave-story-out, test-story, contiguous and shuffled"),
        (rows(60), {"split": "contiguous", "gap": 25}, "ask for a smaller gap"),
        (rows(60), {"split": "contiguous", "n_folds": 0}, "at least 2"),
        (rows(40, 60) + rows(40), {"split": "contiguous"}, "average its runs"),
    ],
)
def test_what_cannot_be_divided_is_refused(stories, options, message):
    with pytest.raises(InputError, match=message):
        make_story_folds(stories, **options)


@pytest.mark.parametrize("split", STORY_SPLITS)
def test_every_split_names_each_fold(split):
    tests = ["fox"] if split == "test-story" else []
    folds = make_story_folds(rows(60, 60, 60), split, tests)
    assert all(fold.held_out for fold in folds)
    assert len({fold.held_out for fold in folds}) == len(folds)
