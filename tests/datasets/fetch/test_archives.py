"""Downloads from an archive that breaks off, lies, moves, or is larger than the disk."""

import errno
import shutil
from collections import namedtuple

import pytest

from backend.datasets import archives
from backend.datasets.archives import RemoteFile, fetch_files, list_bucket
from backend.errors import InputError
from tests.datasets.fetch.server import serve

CONTENT = bytes(range(256)) * 400


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(archives.time, "sleep", lambda seconds: None)


@pytest.fixture
def served():
    with serve({"ds1/a/one.bin": CONTENT, "ds1/a/two.bin": b"two", "ds1/b.txt": b"b"}) as found:
        yield found


def test_a_bucket_is_listed_page_by_page_with_sizes_and_checksums(served):
    archive, address = served
    archive.tags["ds1/a/two.bin"] = "0123-2"
    files = {file.path: file for file in list_bucket("ds1/", address)}
    assert {path: file.size for path, file in files.items()} == {
        "a/one.bin": len(CONTENT), "a/two.bin": 3, "b.txt": 1,
    }  # fmt: skip
    assert files["a/one.bin"].md5 is not None
    # What was sent in parts has no checksum of the whole.
    assert files["a/two.bin"].md5 is None


def test_files_come_whole_and_are_not_asked_for_again(served, tmp_path):
    archive, address = served
    files, seen = list_bucket("ds1/", address), []
    paths = fetch_files(files, tmp_path, seen.append)
    assert paths[0].read_bytes() == CONTENT
    assert sum(seen) == len(CONTENT) + 4
    asked = len(archive.asked)
    fetch_files(files, tmp_path)
    assert len(archive.asked) == asked


def test_a_broken_connection_goes_on_where_it_stopped(served, tmp_path):
    archive, address = served
    archive.break_after["ds1/a/one.bin"] = 5000
    (path,) = fetch_files(list_bucket("ds1/a/one", address), tmp_path)
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in archive.asked] == [None, "bytes=5000-"]


def test_a_server_without_ranges_sends_it_all_again(served, tmp_path):
    archive, address = served
    archive.break_after["ds1/a/one.bin"] = 5000
    archive.ranges = False
    (path,) = fetch_files(list_bucket("ds1/a/one", address), tmp_path)
    assert path.read_bytes() == CONTENT


def test_one_that_breaks_again_and_again_is_told_and_kept(served, tmp_path):
    archive, address = served
    archive.always_break.add("ds1/a/one.bin")
    files = list_bucket("ds1/a/one", address)
    with pytest.raises(InputError, match=r"broke off 4 times .* goes on from there"):
        fetch_files(files, tmp_path)
    assert (tmp_path / "a" / "one.bin.part").stat().st_size == 40
    archive.always_break.clear()
    assert fetch_files(files, tmp_path)[0].read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_nothing_of_it_kept(served, tmp_path):
    archive, address = served
    archive.tags["ds1/a/one.bin"] = "0" * 32
    with pytest.raises(InputError, match="did not come whole: its md5 is"):
        fetch_files(list_bucket("ds1/a/one", address), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_is_gone_is_named_with_what_the_archive_said(served, tmp_path):
    _, address = served
    with pytest.raises(InputError, match="answered 404"):
        fetch_files([RemoteFile("x", f"{address}/nothing")], tmp_path)


def test_an_archive_that_has_nothing_or_does_not_answer(served):
    _, address = served
    with pytest.raises(InputError, match="holds nothing that begins with ds9"):
        list_bucket("ds9/", address)
    with pytest.raises(InputError, match="cannot be reached"):
        list_bucket("ds9/", "http://127.0.0.1:9")


def test_what_is_larger_than_the_disk_is_refused_beforehand(served, tmp_path, monkeypatch):
    archive, address = served
    disk = namedtuple("disk", "total used free")(10, 5, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk)
    with pytest.raises(InputError, match="Make room"):
        fetch_files(list_bucket("ds1/", address), tmp_path)
    assert archive.asked == []


def test_a_disk_that_becomes_full_keeps_what_came(served, tmp_path, monkeypatch):
    archive, address = served

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives, "_require_whole", full)
    files = list_bucket("ds1/a/one", address)
    with pytest.raises(InputError, match="No space left on device"):
        fetch_files(files, tmp_path)
    monkeypatch.undo()
    n_asked = len(archive.asked)
    assert fetch_files(files, tmp_path)[0].read_bytes() == CONTENT
    assert len(archive.asked) == n_asked


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(path, tmp_path):
    with pytest.raises(InputError, match="leads out of the folder"):
        fetch_files([RemoteFile(path, "http://127.0.0.1:9/x")], tmp_path)
