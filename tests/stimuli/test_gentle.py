import json

import numpy as np
import pytest

from backend.errors import InputError
from backend.stimuli import read_words
from tests.stimuli.files import write

CSV = "Well,well,1.0,1.5\nsaid,,,\nClara's,<unk>,,\nno,no,2.5,3\n"


def one(path, **options):
    (words,) = read_words(path, **options)
    return words


def test_unaligned_words_share_the_gap_by_their_letters(tmp_path):
    words = one(write(tmp_path / "align.csv", CSV))
    assert words.words == ("Well", "said", "Clara's", "no")
    # 1.5 to 2.5 s over 4 and 6 letters.
    np.testing.assert_allclose(words.onsets, [1.0, 1.5, 1.9, 2.5])
    np.testing.assert_allclose(words.offsets, [1.5, 1.9, 2.5, 3.0])
    np.testing.assert_array_equal(words.estimated, [False, True, True, False])
    assert words.repairs[-1].what == "times interpolated between the neighbours"
    assert words.repairs[-1].count == 2
    assert words.repairs[-1].example == "'said' (no times, row 2)"


def test_the_first_word_may_be_unaligned(tmp_path):
    words = one(write(tmp_path / "align.csv", "Oh,,,\nWell,well,1.0,1.4\nsaid,said,1.5,1.9\n"))
    assert words.words[0] == "Oh"
    # At the story's own pace of 0.1 s per letter.
    np.testing.assert_allclose([words.onsets[0], words.offsets[0]], [0.8, 1.0])


def test_an_align_csv_is_named_by_its_folder_and_any_other_by_itself(tmp_path):
    folder = tmp_path / "21styear"
    folder.mkdir()
    assert one(write(folder / "align.csv", CSV)).story == "21styear"
    assert one(write(folder / "pieman.csv", CSV)).story == "pieman"
    assert one(folder / "align.csv", story="mine").story == "mine"


def test_json(tmp_path):
    words = [
        {"case": "success", "word": "Well", "alignedWord": "well", "start": 1.0, "end": 1.5},
        {"case": "not-found-in-transcript", "alignedWord": "um", "start": 1.5, "end": 1.6},
        {"case": "not-found-in-audio", "word": "said"},
        {"case": "success", "word": "no", "alignedWord": "no", "start": 2.5, "end": 3.0},
    ]
    path = write(
        tmp_path / "align.json", json.dumps({"transcript": "Well said no", "words": words})
    )
    read = one(path)
    assert read.words == ("Well", "said", "no")
    np.testing.assert_allclose(read.onsets, [1.0, 1.5, 2.5])
    np.testing.assert_array_equal(read.estimated, [False, True, False])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "begins as JSON but is none"),
        ("{}", "without a list of 'words'"),
        ('{"words": [1]}', "without a list of 'words'"),
        ('{"words": []}', "has no words"),
        ('{"words": [{"word": "a", "start": "x", "end": 1}]}', "start holds 'x' in word 1"),
    ],
)
def test_bad_json_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_words(write(tmp_path / "a.json", text))


def test_times_that_are_no_numbers_are_refused(tmp_path):
    path = write(tmp_path / "align.csv", CSV + "yes,yes,later,9\n")
    with pytest.raises(InputError, match="holds 'later' in row 5"):
        read_words(path)


def test_times_out_of_order_are_given_up_and_the_order_of_the_text_is_kept(tmp_path):
    rows = [f"w{at},w{at},{at},{at + 0.5}" for at in range(20)]
    rows[7] = "w7,w7,3.6,3.9"
    words = one(write(tmp_path / "align.csv", "\n".join(rows)))
    assert words.words == tuple(f"w{at}" for at in range(20))
    assert np.flatnonzero(words.estimated).tolist() == [7]
    assert (words.onsets[7], words.offsets[7]) == (6.5, 8.0)
