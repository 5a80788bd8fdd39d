import numpy as np
import pytest

from backend.errors import InputError
from backend.stimuli import read_words
from tests.stimuli.files import spoken, table, write

ROWS = [("The", 0.5, 0.7), ("end.", 0.7, 1.2), ("Ok", 1.5, 1.6)]


def one(path, **options):
    (words,) = read_words(path, **options)
    return words


@pytest.fixture
def csv(tmp_path):
    def save(text, name="a.csv"):
        return write(tmp_path / name, text)

    return save


@pytest.mark.parametrize(
    "header",
    ["word,onset,offset", "Word,START,End", "token,start_time,end_time", "text,begin,stop",
     "label,tmin,tmax", "words, xmin , xmax"],
)  # fmt: skip
def test_names_of_columns(csv, header):
    words = one(csv(table(ROWS, header)))
    assert words.words == ("The", "end.", "Ok")
    np.testing.assert_array_equal(words.onsets, [0.5, 0.7, 1.5])
    np.testing.assert_array_equal(words.offsets, [0.7, 1.2, 1.6])
    np.testing.assert_array_equal(words.sentences, [0, 0, 1])
    assert words.repairs == ()


def test_durations(csv):
    words = one(csv(table([("a", 0.5, 0.25), ("b", 1, 0)], "word,onset,duration")))
    np.testing.assert_array_equal(words.offsets, [0.75, 1.0])


def test_missing_ends_run_to_the_next_onset_and_no_further_than_a_second(csv):
    words = one(csv(table([("a", 0.5), ("b", 1), ("c", 5)], "word,onset")))
    np.testing.assert_array_equal(words.offsets, [1.0, 2.0, 6.0])
    assert words.repairs[0].count == 3
    assert not words.estimated.any()


@pytest.mark.parametrize("name", ["word", "text", "stimulus", "trial_type"])
def test_bids_events(csv, name):
    text = (
        f"onset\tduration\t{name}\tblock\n0.5\t0.25\tHello\t1\n0.8\tn/a\tn/a\t1\n1\tn/a\tyou\t1\n"
    )
    words = one(csv(text, "sub-01_task-story_events.tsv"))
    assert words.story == "sub-01_task-story"
    assert words.words == ("Hello", "you")
    np.testing.assert_array_equal(words.onsets, [0.5, 1.0])
    np.testing.assert_array_equal(words.offsets, [0.75, 2.0])


def test_bids_prefers_the_word_to_the_kind_of_trial(csv):
    rows = [("word", at, 0.5, f"w{at}") for at in range(20)]
    text = table(rows, "trial_type,onset,duration,word").replace(",", "\t")
    assert one(csv(text, "a.tsv")).words[3] == "w3"


def test_bids_kinds_of_trial_alone_are_refused(csv):
    text = table([("word", at, 0.5) for at in range(20)], "trial_type,onset,duration")
    with pytest.raises(InputError, match="holds only 'word', which are kinds of trial"):
        read_words(csv(text))


def test_bids_cells_are_not_quoted(csv):
    text = 'onset\tduration\tword\n0\t1\t"Hello\n1\t1\tyou"\n2\t1\tsaid\n'
    assert one(csv(text, "a.tsv")).words == ('"Hello', 'you"', "said")


def test_words_that_look_like_missing_values_are_words(csv):
    rows = [(word, at, at + 0.5) for at, word in enumerate(["None", "NA", "null", "nan", "nil"])]
    assert one(csv(table(rows))).words == ("None", "NA", "null", "nan", "nil")


def test_quoted_cells_semicolons_and_decimal_commas(csv):
    assert one(csv('word,onset,offset\n"Well, I",0,1\n"""no""",1,2\n')).words == ("Well, I", '"no"')
    words = one(csv("word;onset;offset\r\nja;0,25;0,5\r\nnein;0,5;1\r\n", "b.csv"))
    np.testing.assert_array_equal(words.onsets, [0.25, 0.5])


def test_a_column_of_sentences(csv):
    text = table([("a", 0, 1, 3), ("b", 1, 2, ""), ("c", 2, 3, 7), ("d", 3, 4, 3)],
                 "word,onset,offset,sentence")  # fmt: skip
    np.testing.assert_array_equal(one(csv(text)).sentences, [0, 0, 1, 2])


def test_several_stories(csv):
    text = table([("a", 0.1, 1, "x"), ("b", 0.2, 1, "y"), ("c", 1.2, 2, "x")],
                 "word,onset,offset,story")  # fmt: skip
    x, y = read_words(csv(text))
    assert (x.story, x.words) == ("x", ("a", "c"))
    assert (y.story, y.words) == ("y", ("b",))
    assert one(csv(text), story="y").words == ("b",)
    with pytest.raises(InputError, match="no story 'z'; its stories are: x, y"):
        read_words(csv(text), story="z")


def test_sections_whose_times_run_on_are_set_back(csv):
    text = table(
        [
            ("a", 0.5, 1, 1),
            ("b", 1, 10.25, 1),
            ("c", 10.5, 11, 2),
            ("d", 11, 12, 2),
            ("e", 15, 16, 3),
        ],
        "word,onset,offset,section",
    )
    first, second, third = read_words(csv(text))
    assert [part.story for part in (first, second, third)] == ["section1", "section2", "section3"]
    np.testing.assert_array_equal(first.onsets, [0.5, 1])
    np.testing.assert_array_equal(second.onsets, [0.25, 0.75])
    np.testing.assert_array_equal(third.offsets, [4])
    assert first.repairs == ()
    assert "set back by 10.250 s" in second.repairs[0].what
    assert second.repairs[0].example == "'c' (10.500 to 11.000 s, row 4)"


def test_sections_with_clocks_of_their_own_are_left_alone(csv):
    text = table([("a", 0.5, 10, 1), ("b", 0.25, 1, 2)], "word,onset,offset,section")
    _, second = read_words(csv(text))
    np.testing.assert_array_equal(second.onsets, [0.25])
    assert second.repairs == ()


def test_stories_whose_times_run_on_are_refused(csv):
    text = table([("a", 0.5, 10, "x"), ("b", 12, 13, "y")], "word,onset,offset,story")
    with pytest.raises(InputError, match=r"run on from 'x' to 'y'.*from its own start"):
        read_words(csv(text))


def test_rows_without_a_word_go_on_with_the_word_before_them(csv):
    text = table([("dont", "do", 0, 0.5), ("", "not", 0.5, 1), ("go", "go", 1, 2), ("", "", 2, 3)],
                 "word,lemma,onset,offset")  # fmt: skip
    words = one(csv(text))
    assert words.words == ("dont", "go")
    np.testing.assert_array_equal(words.offsets, [1, 2])
    assert [repair.count for repair in words.repairs] == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,onset,offset\nx,0,1\n", "no column of words; its columns are: a, onset, offset"),
        ("word,a,b\nx,0,1\n", "no column of onsets"),
        ("word,onset,onset\nx,0,1\n", "more than one column 'onset'"),
        ("word,onset,offset\nx,0\n", "row 2 has 2 cells and the header 3"),
        ("word,onset,offset\nx,0,1\ny,one,2\n", "column 'onset' holds 'one' in row 3"),
        ("word,onset,offset\nx,inf,1\n", "holds 'inf' in row 2"),
        ("word,onset,duration\nx,0,-1\n", "'duration' holds -1 in row 2"),
        ('word,onset,offset\n"x,0,1\ny,1,2\n', "row 2 opens a double quote"),
        ("word,onset,offset\n", "has no words"),
        ("word,onset,offset\nsp,0,1\n[noise],1,2\n", "has no words: its labels are 'sp'"),
        ("word,onset,offset,story\nx,0,1,\n", "'story' is blank in row 2"),
        ("word,onset,offset\n" + "x" * 200_000 + ",0,1\n", "not a regular table"),
    ],
)
def test_bad_tables_are_refused(csv, text, message):
    with pytest.raises(InputError, match=message):
        read_words(csv(text))


def test_flags_and_phonemes_are_read_back(csv):
    text = table([("a", 0, 1, "True", 2), ("b", 1, 2, "False", 1)],
                 "word,onset,offset,estimated,n_phonemes")  # fmt: skip
    words = one(csv(text))
    np.testing.assert_array_equal(words.estimated, [True, False])
    np.testing.assert_array_equal(words.n_phonemes, [2, 1])


def test_phonemes_that_are_no_counts_are_left_alone(csv):
    assert one(csv(table([("a", 0, 1, "EY")], "word,onset,offset,phonemes"))).n_phonemes is None


def test_a_long_table(csv):
    words = one(csv(table(spoken(20_000))))
    assert len(words) == 20_000
    assert words.repairs == ()
