import numpy as np
import pytest

from backend.errors import InputError
from backend.stimuli import read_words
from backend.stimuli.textgrid import parse_textgrid, praat_text
from tests.stimuli.files import long_textgrid, short_textgrid, write

WORDS = [
    (0.0, 0.25, "#"),
    (0.25, 0.5, "Mary"),
    (0.5, 0.75, 'said "no"'),
    (0.75, 1.5, ""),
    (1.5, 2.0, "then."),
]
PHONES = [
    (0.0, 0.25, "sil"), (0.25, 0.3, "M"), (0.3, 0.4, "EH1"), (0.4, 0.45, "R"), (0.45, 0.5, "IY0"),
    (0.5, 0.6, "S"), (0.6, 0.75, "EH1"), (0.75, 1.5, "sp"), (1.5, 1.7, "DH"), (1.7, 2.0, "EH1"),
]  # fmt: skip
# From the Praat manual, "TextGrid file formats": the long text file, with its comments.
MANUAL = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 ! Time domain.
xmax = 2.3 ! a comment with "quotes" and 17
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier" ! Tier 1
        name = "Mary"
        xmin = 0
        xmax = 2.3
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.3
            text = ""
    item [2]:
        class = "IntervalTier"
        name = "John"
        xmin = 0
        xmax = 2.3
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.3
            text = "he""y 3"
    item [3]:
        class = "TextTier"
        name = "bell"
        xmin = 0
        xmax = 2.3
        points: size = 1
        points [1]:
            number = 1.5
            mark = "ding"
"""


def one(path, **options):
    (words,) = read_words(path, **options)
    return words


@pytest.mark.parametrize("form", [long_textgrid, short_textgrid])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_both_formats_in_every_encoding(tmp_path, form, encoding):
    text = form({"words": [*WORDS, (2.0, 2.5, "naïve")]})
    if encoding == "utf-16-be":
        text = "\ufeff" + text
    words = one(write(tmp_path / "a.TextGrid", text, encoding))
    assert words.story == "a"
    assert words.words == ("Mary", 'said "no"', "then.", "naïve")
    np.testing.assert_array_equal(words.onsets, [0.25, 0.5, 1.5, 2.0])
    np.testing.assert_array_equal(words.offsets, [0.5, 0.75, 2.0, 2.5])
    assert not words.estimated.any()
    assert words.repairs == ()


def test_latin_1_is_read_and_said(tmp_path):
    path = write(tmp_path / "a.TextGrid", long_textgrid({"word": [(0, 1, "château")]}), "latin-1")
    words = one(path)
    assert words.words == ("château",)
    assert "read as Latin-1" in words.repairs[0].what


def test_the_example_of_the_manual():
    mary, john = parse_textgrid(MANUAL, "manual")
    assert (mary.name, mary.labels) == ("Mary", ("",))
    assert (john.name, john.labels, john.ends[0]) == ("John", ('he"y 3',), 2.3)


@pytest.mark.parametrize(
    "name", ["words", "Word", "TokensAlign", "ORT-MAU", "ORT", "speaker - words"]
)
def test_word_tier_is_found_by_its_name(tmp_path, name):
    text = long_textgrid({"phones": PHONES, name: WORDS, "sentence": [(0.0, 2.0, "Mary said")]})
    words = one(write(tmp_path / "a.TextGrid", text))
    assert len(words) == 3
    assert words.repairs == ()
    np.testing.assert_array_equal(words.n_phonemes, [4, 2, 2])


def test_word_tier_is_found_by_its_looks_and_said(tmp_path):
    lone = [(at / 4, (at + 1) / 4, f"w{at}") for at in range(8)]
    pos = [(start, end, "NOUN") for start, end, _ in lone]
    fast = [(at / 20, (at + 1) / 20, f"p{at}") for at in range(40)]
    lines = [(0.0, 2.0, "a whole sentence")]
    text = long_textgrid({"A": fast, "B": lines, "C": pos, "D": lone})
    words = one(write(tmp_path / "a.TextGrid", text))
    assert words.words == tuple(f"w{at}" for at in range(8))
    assert words.repairs[0].what == "words taken from tier 'D', chosen by its looks"


def test_tier_by_name_and_its_absence(tmp_path):
    path = write(tmp_path / "a.TextGrid", long_textgrid({"words": WORDS, "mine": WORDS[:3]}))
    assert len(one(path, tier="mine")) == 2
    with pytest.raises(InputError, match="no interval tier named 'yours'; its tiers are: 'words'"):
        read_words(path, tier="yours")


@pytest.mark.parametrize(
    "tiers",
    [
        {"A - words": WORDS, "B - words": WORDS},
        {"x": WORDS, "y": WORDS},
        {"x": [(0.0, 9.0, "a whole sentence here")]},
        {"x": [(0.0, 9.0, "")]},
    ],
)
def test_an_undecided_word_tier_is_refused_with_the_tiers(tmp_path, tiers):
    path = write(tmp_path / "a.TextGrid", long_textgrid(tiers))
    with pytest.raises(InputError, match=r"which tier holds the words.*--tier.*the tiers are: '"):
        read_words(path)


def test_silences_are_no_words_and_annotations_are_said(tmp_path):
    labels = ["#", "sp", "sil", "", "<s>", "{BR}", "one", "[noise]", "</s>", "SIL", "two", "<unk>"]
    tier = [(float(at), at + 0.5, label) for at, label in enumerate(labels)]
    words = one(write(tmp_path / "a.TextGrid", short_textgrid({"words": tier})))
    assert words.words == ("one", "two")
    (repair,) = words.repairs
    assert (repair.what, repair.count) == ("labels that are not words left out", 2)
    assert repair.example == "'[noise]' (7.000 to 7.500 s, interval 8)"


@pytest.mark.parametrize(
    ("label", "text"),
    [(r'na\i"ve', "naïve"), (r"caf\e'", "café"), (r"ma\n~ana", "mañana"), (r"it\` ll", "it'll"),
     (r"stra\sse", "straße"), (r"a\b", r"a\b"), (r"\c,a", "ça"), (r"1\1'", r"1\1'")],
)  # fmt: skip
def test_backslash_codes(label, text):
    assert praat_text(label) == text


def test_backslash_codes_are_said(tmp_path):
    text = long_textgrid({"words": [(0, 1, r"caf\e'")]})
    (repair,) = one(write(tmp_path / "a.TextGrid", text)).repairs
    assert repair.what == "Praat's backslash codes written as characters"


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("form", [long_textgrid, short_textgrid])
def test_a_file_cut_short_is_refused(tmp_path, form, cut):
    text = form({"phones": PHONES, "words": WORDS})
    path = write(tmp_path / "a.TextGrid", text[: int(cut * len(text))])
    with pytest.raises(InputError, match=r"cut short|not a regular TextGrid"):
        read_words(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('File type = "ooTextFile"\nObject class = "PitchTier"\n0 1 2', "type 'PitchTier'"),
        ('"Praat chronological TextGrid text file"\n0 1', "chronological TextGrid"),
        ('File type = "ooTextFile"\n"TextGrid"\n0 1 <absent>', "no interval tier"),
        ('File type = "ooTextFile"\n"TextGrid"\n0 1 <exists> -3', "where a count should"),
        ('File type = "ooTextFile"\n"TextGrid"\n"x"', "where a number should"),
        ('File type = "ooTextFile"\n"TextGrid"\n0 1 5', "where <exists> should"),
    ],
)
def test_other_objects_and_damage_are_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_words(write(tmp_path / "a.TextGrid", text))


def test_praats_binary_format_is_refused(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(b"ooBinaryFile\x08TextGrid\x00\x00")
    with pytest.raises(InputError, match="Save as text file"):
        read_words(path)
