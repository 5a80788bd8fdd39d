"""A file is hashed once, and again when it has changed."""

import hashlib
import os
import time

import pytest

from backend.datasets import digests
from backend.errors import InputError


def test_a_file_that_stays_is_read_once_and_one_that_changed_again(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_bytes(b"first")
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(digests.time, "time_ns", lambda: later)
    asked = []
    hash_file = hashlib.file_digest
    monkeypatch.setattr(
        digests.hashlib,
        "file_digest",
        lambda *given: asked.append(given) or hash_file(*given),
    )
    first = digests.file_digest(path)
    assert digests.file_digest(path) == first
    assert len(asked) == 1
    # As long, and with the time that it had: its change time tells.
    stamp = path.stat().st_mtime_ns
    path.write_bytes(b"other")
    os.utime(path, ns=(stamp, stamp))
    assert digests.file_digest(path) == hashlib.sha256(b"other").digest()


def test_a_file_that_was_just_written_is_not_remembered(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"first")
    digests.file_digest(path)
    assert not any(str(path) in key for key in digests._KNOWN)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        digests.file_digest(tmp_path / "gone")
