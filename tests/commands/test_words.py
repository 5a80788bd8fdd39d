import numpy as np
import pandas as pd
import pytest

from backend.stimuli import read_words
from tests.stimuli.files import long_textgrid, spoken, table, write


@pytest.fixture
def story(tmp_path):
    rows = [("Once", 2.5, 3), ("upon.", "", ""), ("A", 3.5, 4), ("time", 9, 9.5), ("ago.", 9.4, 10)]
    return write(tmp_path / "tale.csv", table(rows))


def test_reports_words_seconds_silences_and_repairs(cli, story):
    result = cli("words", story)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "tale (tale.csv)",
        "  5 words in 10.00 s, 0.67 words per second",
        "  2 silences over 1 s, the longest 5.00 s at 4.00 s, after 'A'",
        "  2 sentences of 2.5 words",
        "  words with estimated times: 1",
        "  repaired: overlaps with the next word cut off, the longest of 0.1 s: 1, e.g. 'time' "
        "(9.000 to 9.500 s, row 5)",
        "  repaired: times interpolated between the neighbours: 1, e.g. 'upon.' (no times, row 3)",
    ]


def test_says_when_nothing_was_repaired_and_sums_over_stories(cli, tmp_path):
    paths = [write(tmp_path / f"{name}.csv", table(spoken(30))) for name in "ab"]
    out = cli("words", *paths).out
    assert out.count("nothing was repaired") == 2
    assert "no silence over 1 s" in out
    assert "sentences: not told by the transcript" in out
    assert "2 stories: 60 words, 29.8 s" in out


def test_a_silence_before_the_first_word_is_counted(cli, tmp_path):
    out = cli("words", write(tmp_path / "a.csv", table([("a", 20, 21)]))).out
    assert "1 silence over 1 s, the longest 20.00 s at 0.00 s, before the first word" in out


def test_the_clean_table_reads_back_as_the_same_words(cli, story, tmp_path):
    out = tmp_path / "clean.csv"
    assert f"{out}: 5 rows" in cli("words", story, "--csv", out).out
    assert list(pd.read_csv(out)) == ["word", "onset", "offset", "estimated", "sentence"]
    (once,), (again,) = read_words(story), read_words(out)
    assert again.words == once.words
    assert again.repairs == ()
    for name in ("onsets", "offsets", "estimated", "sentences"):
        np.testing.assert_allclose(getattr(again, name), getattr(once, name), atol=1e-6)


def test_the_clean_table_of_several_stories_names_them(cli, tmp_path):
    grid = long_textgrid({"word": [(0, 1, "a")], "phones": [(0, 0.5, "x"), (0.5, 1, "y")]})
    paths = [write(tmp_path / "a.TextGrid", grid), write(tmp_path / "b.csv", table(spoken(3)))]
    out = tmp_path / "clean.csv"
    assert "2 phonemes" in cli("words", *paths, "--csv", out).out
    first, second = read_words(out)
    assert (first.story, len(first), second.story, len(second)) == ("a", 1, "b", 3)


def test_tier_and_story(cli, tmp_path):
    text = long_textgrid({"words": [(0, 1, "a")], "mine": [(0, 1, "a"), (1, 2, "b")]})
    path = write(tmp_path / "a.TextGrid", text)
    out = cli("words", path, "--tier", "mine", "--story", "tale").out
    assert "tale (a.TextGrid)" in out
    assert "2 words" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["none.csv"], "no such file"),
        (["{story}", "--tier", "x"], "not a TextGrid"),
        (["{story}", "{story}", "--story", "x"], "with 2 files"),
        (["{story}", "--csv", "/nowhere/at/all.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_refused_with_exit_code_2(cli, story, options, message):
    result = cli("words", *(str(option).format(story=story) for option in options))
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert message in result.err


def test_help_teaches_with_examples(cli):
    result = cli("words", "--help")
    assert result.code == 0
    assert "examples:" in result.out
    assert "python -m backend words story1.TextGrid" in result.out
