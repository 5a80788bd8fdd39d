import lzma

import pytest

from backend.errors import InputError
from backend.family.corpus import read_corpus
from tests.family.texts import paragraphs

ENOUGH = paragraphs(20_000)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "stories.txt").write_text(ENOUGH)
    return tmp_path


def refused(folder) -> str:
    with pytest.raises(InputError) as caught:
        read_corpus(folder)
    return str(caught.value)


def test_text_files_are_joined_in_the_order_of_their_names(tmp_path):
    for name, text in {"b.txt": "second", "a.txt": ENOUGH, "validation.txt": "held out"}.items():
        (tmp_path / name).write_text(text)
    assert read_corpus(tmp_path).train == f"{ENOUGH}\nsecond"


def test_compressed_text_reads_as_the_plain_one(folder, tmp_path):
    plain = read_corpus(folder)
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "stories.txt.xz").write_bytes(lzma.compress(ENOUGH.encode()))
    assert read_corpus(packed) == plain


def test_files_of_validation_text_are_held_out(folder):
    (folder / "validation.txt").write_text("An unseen story.")
    (folder / "validation-2.txt.xz").write_bytes(lzma.compress(b"Another."))
    corpus = read_corpus(folder)
    assert corpus.train == ENOUGH
    assert sorted(corpus.validation.split("\n")) == ["An unseen story.", "Another."]


def test_without_validation_text_the_end_is_held_out(folder):
    corpus = read_corpus(folder)
    assert corpus.train + corpus.validation == ENOUGH
    assert len(corpus.validation) == pytest.approx(0.02 * len(ENOUGH), abs=1)


def test_files_named_in_capitals_are_no_text(folder):
    before = read_corpus(folder)
    (folder / "README.txt").write_text("Where these stories are from.")
    (folder / "BOOKS.txt").write_bytes(b"\xff")
    (folder / "notes.md").write_text("Not a text file.")
    assert read_corpus(folder) == before


def test_the_hash_tells_texts_and_their_roles_apart(folder):
    first = read_corpus(folder).sha256
    assert read_corpus(folder).sha256 == first
    (folder / "validation.txt").write_text("An unseen story.")
    second = read_corpus(folder).sha256
    (folder / "validation.txt").write_text("Another unseen story.")
    assert len({first, second, read_corpus(folder).sha256}) == 3


def test_no_folder_is_refused(tmp_path):
    assert "is not a folder; give one of .txt or .txt.xz files" in refused(tmp_path / "nowhere")
    file = tmp_path / "file.txt"
    file.write_text(ENOUGH)
    assert "is not a folder" in refused(file)


def test_too_little_text_is_refused_with_what_is_there_and_needed(tmp_path):
    assert "hold 0 characters" in refused(tmp_path)
    (tmp_path / "short.txt").write_text("A short story.")
    # Text to test on is none to train on.
    (tmp_path / "validation.txt").write_text(ENOUGH)
    assert "hold 14 characters to train on; at least 20000 are needed" in refused(tmp_path)


@pytest.mark.parametrize("raw", [b"no xz at all", lzma.compress(ENOUGH.encode())[:-40]])
def test_a_damaged_file_is_named(folder, raw):
    (folder / "damaged.txt.xz").write_bytes(raw)
    message = refused(folder)
    assert "damaged.txt.xz is damaged" in message
    assert "copy it again" in message


@pytest.mark.parametrize("name", ["latin.txt", "latin.txt.xz"])
def test_text_that_is_not_utf8_is_named(folder, name):
    raw = "naïve".encode("latin-1")
    (folder / name).write_bytes(lzma.compress(raw) if name.endswith(".xz") else raw)
    message = refused(folder)
    assert f"{name} is not UTF-8 text" in message
    assert "convert it" in message


def test_a_file_that_cannot_be_read_is_named(folder):
    (folder / "stories2.txt").mkdir()
    assert "stories2.txt cannot be read (Is a directory)" in refused(folder)
