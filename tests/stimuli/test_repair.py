import numpy as np
import pytest

from backend.errors import InputError
from backend.stimuli import read_words
from backend.stimuli.interpolation import interpolate_times
from tests.stimuli.files import spoken, table, write


@pytest.fixture
def read(tmp_path):
    def words_of(rows, header="word,onset,offset"):
        (words,) = read_words(write(tmp_path / "toy.csv", table(rows, header)))
        return words

    return words_of


@pytest.fixture
def refused(read):
    def message_of(rows, header="word,onset,offset"):
        with pytest.raises(InputError) as caught:
            read(rows, header)
        return str(caught.value)

    return message_of


def changed(n, **rows):
    """Rows of n words, some of them replaced: at_3=(onset, offset)."""
    words = spoken(n)
    for name, times in rows.items():
        at = int(name.removeprefix("at_"))
        words[at] = (words[at][0], *times)
    return words


def check(words):
    assert np.isfinite(words.onsets).all()
    assert np.isfinite(words.offsets).all()
    assert (np.diff(words.onsets) >= 0).all()
    assert (words.offsets >= words.onsets).all()
    assert (words.offsets[:-1] <= words.onsets[1:]).all()
    assert words.onsets[0] >= 0
    assert all(word.strip() for word in words.words)


def notes(words):
    return {repair.what: repair.count for repair in words.repairs}


def test_nothing_is_changed_where_nothing_is_wrong(read):
    words = read(spoken(30))
    np.testing.assert_allclose(words.onsets, np.arange(30) * 0.5)
    assert words.repairs == ()


def test_overlaps_are_cut_off(read):
    words = read(changed(20, at_3=(1.5, 2.05), at_8=(4.0, 4.51)))
    assert (words.offsets[3], words.offsets[8]) == (2.0, 4.5)
    assert notes(words) == {"overlaps with the next word cut off, the longest of 0.05 s": 2}
    assert not words.estimated.any()


def test_roundings_of_decimals_are_no_overlaps(read):
    words = read(changed(20, at_3=(1.5, 2.000001)))
    assert words.offsets[3] == 2.0
    assert words.repairs == ()


def test_words_that_all_overlap_are_refused(refused):
    rows = [(f"w{at}", at * 0.5, at * 0.5 + 3) for at in range(20)]
    assert "end more than 0.1 s after the next one begins" in refused(rows)


def test_shuffled_rows_are_sorted(read):
    rows = spoken(40)
    order = np.random.default_rng(0).permutation(40)
    words = read([rows[at] for at in order])
    assert words.words == tuple(f"word{at}" for at in range(40))
    assert list(notes(words)) == ["rows out of order sorted by their onsets"]


def test_swapped_neighbours_are_sorted(read):
    rows = spoken(40)
    rows[4], rows[5] = rows[5], rows[4]
    words = read(rows)
    assert words.words[4:6] == ("word4", "word5")
    assert notes(words) == {"rows out of order sorted by their onsets": 1}
    assert words.repairs[0].example in (
        "'word5' (2.500 to 2.900 s, row 6)",
        "'word4' (2.000 to 2.400 s, row 7)",
    )


def test_a_time_that_cannot_be_is_given_up_and_the_text_kept(read):
    words = read(changed(40, at_20=(3.1, 3.3)))
    assert words.words == tuple(f"word{at}" for at in range(40))
    assert np.flatnonzero(words.estimated).tolist() == [20]
    assert (words.onsets[20], words.offsets[20]) == (9.9, 10.5)


def test_several_clocks_in_one_file_are_refused(refused):
    message = refused(spoken(30) + spoken(30))
    assert "onsets go back 1 time(s), first at 'word0' (0.000 to 0.400 s, row 32)" in message
    assert "name them in a column 'story'" in message


def test_an_offset_just_before_its_onset_is_set_to_it(read):
    words = read(changed(20, at_3=(1.5, 1.49)))
    assert words.offsets[3] == 1.5
    assert notes(words) == {"offsets just before their onsets set to them": 1}


def test_onset_and_offset_swapped(read):
    words = read(changed(20, at_3=(1.9, 1.5)))
    assert (words.onsets[3], words.offsets[3]) == (1.5, 1.9)
    assert notes(words) == {"onset and offset swapped": 1}


def test_an_offset_far_before_its_onset_is_refused(refused):
    message = refused(changed(20, at_10=(5.0, 0.4)))
    assert "1 of 20 words end before they begin" in message
    assert "'word10' (5.000 to 0.400 s, row 12)" in message


def test_durations_named_offset_are_refused(refused):
    message = refused([(f"w{at}", at * 0.5, 0.3) for at in range(20)])
    assert "if the second is a duration, name its column 'duration'" in message


def test_times_just_below_zero_are_set_to_zero(read):
    words = read([("a", -0.02, 0.3), ("b", 0.5, 0.8)])
    assert words.onsets[0] == 0
    assert notes(words) == {"times just below 0 set to 0": 1}


def test_times_below_zero_are_refused(refused):
    message = refused([("a", -2.5, -2), ("b", 0.5, 0.8)])
    assert "1 word(s) begin before 0" in message
    assert "add 2.500 s to all of them" in message


def test_repeated_rows_are_dropped_and_repeated_words_are_not(read):
    words = read([("no", 0, 0.4), ("no", 0, 0.4), ("no", 0.5, 0.8)])
    assert words.words == ("no", "no")
    assert notes(words) == {"repeated rows dropped": 1}


@pytest.mark.parametrize("cell", ["", "n/a", "NaN", "NA"])
def test_missing_times_are_interpolated_by_letters(read, cell):
    words = read([("a", 0, 1), ("bb", cell, cell), ("cccc", cell, cell), ("d", 4, 5)])
    np.testing.assert_allclose(words.onsets, [0, 1, 2, 4])
    np.testing.assert_allclose(words.offsets, [1, 2, 4, 5])
    np.testing.assert_array_equal(words.estimated, [False, True, True, False])


def test_an_offset_alone_is_no_time(read):
    words = read([("a", 0, 1), ("b", "", 1.7), ("c", 2, 3)])
    np.testing.assert_array_equal(words.estimated, [False, True, False])
    assert (words.onsets[1], words.offsets[1]) == (1, 2)


def test_words_at_the_ends_take_the_storys_pace():
    nan = np.nan
    onsets, offsets = interpolate_times(
        ["aa", "bb", "cccc", "d"],
        np.array([nan, 0.3, nan, nan]),
        np.array([nan, 0.7, nan, nan]),
    )
    # 0.2 s per letter; before the first word there is room for 0.3 s only.
    np.testing.assert_allclose(onsets, [0, 0.3, 0.7, 1.5])
    np.testing.assert_allclose(offsets, [0.3, 0.7, 1.5, 1.7])


def test_half_of_the_times_may_be_missing_and_no_more(read, refused):
    half = [(f"w{at}", at, at + 0.5) if at % 2 else (f"w{at}", "", "") for at in range(20)]
    assert read(half).estimated.sum() == 10
    message = refused([*half, ("more", "", "")])
    assert "11 of 21 words have no onset, the first of them 'w0' (no times, row 2)" in message


def test_no_times_at_all_are_refused(refused):
    assert "2 of 2 words have no onset" in refused([("a", "", ""), ("b", "n/a", "n/a")])


@pytest.mark.parametrize("rows", [[(w, 1000 * a, 1000 * b) for w, a, b in spoken(30)],
                                  [(f"w{at}", 400 * at, 400 * at + 300) for at in range(200)],
                                  [(f"w{at}", 400 * at, "") for at in range(200)]])  # fmt: skip
def test_milliseconds_are_refused(refused, rows):
    message = refused(rows)
    assert "look like milliseconds" in message
    assert "by 1,000" in message


def test_zero_durations_are_accepted(read):
    words = read([(f"w{at}", at, at) for at in range(5)])
    np.testing.assert_array_equal(words.offsets, words.onsets)
    assert words.repairs == ()


def test_one_word_is_a_story(read):
    assert len(read([("yes", 0.5, 1)])) == 1


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_given_comes_out_in_order_or_is_refused(tmp_path, seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 60))
    onsets = np.cumsum(random.exponential(0.3, n))
    offsets = onsets + random.exponential(0.2, n)
    for _ in range(random.integers(0, 4)):
        at = random.integers(n)
        kind = random.integers(5)
        if kind == 0:
            onsets[at] = offsets[at] = np.nan
        elif kind == 1:
            offsets[at] = np.nan
        elif kind == 2:
            onsets[at] += random.normal(0, 1)
        elif kind == 3:
            onsets[at], offsets[at] = offsets[at], onsets[at]
        else:
            onsets[at:] = onsets[at:][::-1].copy()
    rows = [(f"w{at}", onsets[at], offsets[at]) for at in range(n)]
    given = np.isfinite(onsets)
    try:
        (words,) = read_words(write(tmp_path / "toy.csv", table(rows)))
    except InputError:
        return
    check(words)
    assert sorted(words.words) == sorted(f"w{at}" for at in range(n))
    moved = words.words != tuple(f"w{at}" for at in range(n))
    order = [int(word[1:]) for word in words.words]
    touched = (words.onsets != onsets[order]) | (words.offsets != offsets[order])
    assert words.repairs or not (moved or touched.any())
    assert words.estimated[~given[order]].all()
