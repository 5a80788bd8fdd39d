import difflib

import numpy as np
import pytest

from backend.errors import InputError
from backend.stimuli import read_words, text_files
from tests.stimuli.files import DATA, LPP, spoken, table, write

# The end of the last word of each section of The Little Prince, in its own TextGrid (s).
SECTION_ENDS = (554.63, 587.738, 671.287, 598.151, 522.124, 678.003, 641.896, 575.724, 727.034)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is a binary file"),
        (b"word,onset,offset\nch\xe2teau,0,1\n", "not UTF-8 text: byte 0xe2 in line 2.*iconv"),
        (b"\xff\xfew\x00o", "begins as UTF-16 text and breaks off at byte 4"),
        (b"Once upon a time", "no column of words; its columns are: once upon a time"),
    ],
)
def test_files_that_are_no_transcripts_are_refused(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_words(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file.*TextGrid"):
        read_words(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_words(tmp_path)


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "recording.wav"
    with path.open("wb") as file:
        file.truncate(text_files.MAX_BYTES + 1)
    with pytest.raises(InputError, match="has 50 MB; transcripts of up to 50 MB"):
        read_words(path)


def test_a_tier_of_a_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a TextGrid, so it has no tier 'words'"):
        read_words(write(tmp_path / "a.csv", table(spoken(5))), tier="words")


def test_a_table_in_utf_16(tmp_path):
    path = write(tmp_path / "a.csv", table(spoken(5)), "utf-16")
    assert len(read_words(path)[0]) == 5


def test_the_format_is_told_by_the_content(tmp_path):
    path = write(tmp_path / "a.TextGrid", table(spoken(5)))
    assert len(read_words(path)[0]) == 5


@pytest.fixture(scope="module")
def lpp():
    if not LPP.exists():
        pytest.skip("The Little Prince in ../shared/data/lpp_en is not here")
    return read_words(LPP / "word_information.csv")


def test_the_word_table_of_the_little_prince(lpp):
    assert [words.story for words in lpp] == [f"section{at}" for at in range(1, 10)]
    # 15,376 rows, of which 31 only go on with the word before them.
    assert sum(map(len, lpp)) == 15_345
    np.testing.assert_allclose([words.seconds for words in lpp], SECTION_ENDS, atol=2e-3)
    assert not any(words.estimated.any() for words in lpp)


@pytest.mark.parametrize("section", range(1, 10))
def test_each_textgrid_agrees_with_the_word_table(lpp, section):
    """Every TextGrid begins at 0: an oracle for the clock that the table is set back to."""
    (grid,) = read_words(LPP / "textgrid" / f"section{section}.TextGrid")
    rows = lpp[section - 1]
    left = [bare(word) for word in grid.words]
    right = [bare(word) for word in rows.words]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    blocks = matcher.get_matching_blocks()
    ours = np.concatenate([np.arange(b.a, b.a + b.size) for b in blocks]).astype(int)
    theirs = np.concatenate([np.arange(b.b, b.b + b.size) for b in blocks]).astype(int)
    assert abs(len(grid) - len(rows)) <= 0.02 * len(rows)
    assert len(ours) >= 0.97 * len(rows)
    onset = np.abs(grid.onsets[ours] - rows.onsets[theirs])
    # The table rounds to milliseconds. It was also corrected after the TextGrids were made: in up
    # to 8% of a section's words (none in sections 8 and 9), by 0.74 s at most.
    assert np.median(onset) < 6e-4
    assert np.mean(onset < 2e-3) > (0.999 if section >= 8 else 0.91)
    assert onset.max() < 0.75
    assert grid.seconds == pytest.approx(rows.seconds, abs=1e-3)


def bare(word):
    return "".join(char for char in word.lower() if char.isalnum())


def test_the_alignment_of_21st_year():
    path = DATA / "narratives_21styear" / "align.csv"
    if not path.exists():
        pytest.skip("21st Year in ../shared/data/narratives_21styear is not here")
    (words,) = read_words(path)
    assert (words.story, len(words)) == ("narratives_21styear", 8_267)
    assert words.seconds == 3359.05
    given = np.genfromtxt(path, delimiter=",", usecols=(2,))
    kept = ~words.estimated
    assert words.estimated.sum() == 3
    np.testing.assert_array_equal(words.onsets[kept], given[kept])
    assert sum(repair.count for repair in words.repairs if "out of order" in repair.what) == 3
