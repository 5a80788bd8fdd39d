import lzma

import pytest

from backend.errors import InputError
from backend.jobs import held_out
from backend.jobs.held_out import choose_text
from backend.paths import ASSETS

TEXT = "\ufeffThe boat crossed.\r\n\r\n  A “grey” river.  \n"


def refused(path) -> str:
    with pytest.raises(InputError) as caught:
        choose_text(path)
    assert "A plain text in UTF-8 of up to 50 MB is accepted" in str(caught.value)
    return str(caught.value)


def test_without_a_file_the_demos_stories_are_read():
    text = choose_text()
    assert text.name == "demo-stories"
    for path in (ASSETS / "demo" / "stories").glob("*.txt"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
        assert "\n".join(lines) in text.text
    assert "\n\n" not in text.text
    assert text.sha256 == choose_text().sha256


@pytest.mark.parametrize("name", ["mine.txt", "mine.txt.xz"])
def test_a_users_text_is_read_without_its_blank_lines(tmp_path, name):
    raw = TEXT.encode()
    (tmp_path / name).write_bytes(lzma.compress(raw) if name.endswith(".xz") else raw)
    text = choose_text(tmp_path / name)
    assert text.name == name
    assert text.text == "The boat crossed.\nA “grey” river."
    assert text.sha256 != choose_text().sha256


def test_what_is_no_text_is_refused(tmp_path, monkeypatch):
    assert "cannot be read: No such file" in refused(tmp_path / "nowhere.txt")
    assert "cannot be read: Is a directory" in refused(tmp_path)
    for name, raw, said in (
        ("latin.txt", "naïve".encode("latin-1"), "is not UTF-8 (byte 2)"),
        ("other.txt.xz", b"no xz", "is damaged"),
        ("cut.txt.xz", lzma.compress(TEXT.encode() * 99)[:-20], "is damaged"),
        ("empty.txt", b" \n\n", "is empty"),
    ):
        (tmp_path / name).write_bytes(raw)
        message = refused(tmp_path / name)
        assert f"the held-out text {name} {said}" in message


@pytest.mark.parametrize("name", ["big.txt", "big.txt.xz"])
def test_what_is_too_large_once_unpacked_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(held_out, "MAX_BYTES", 1000)
    raw = b"a word " * 1000
    (tmp_path / name).write_bytes(lzma.compress(raw) if name.endswith(".xz") else raw)
    assert "has more than" in refused(tmp_path / name)
