"""Hashes of files, remembered for as long as a file stays as it is."""

import hashlib
import time
from pathlib import Path

from backend.errors import InputError

# Nanoseconds: coarser than any file system's clock. What is written again at once could else
# bear the time of the content that was hashed.
_GRAIN = 2_000_000_000
_KNOWN: dict[tuple[str, int, int, int, int], bytes] = {}


def file_digest(path: Path) -> bytes:
    """Hash a file's content, or remember it.

    A process that fits one run after the other on the same data reads them once for this.
    Size, both times and the file's number have to be as they were.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bytes
        SHA-256.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        facts = path.stat()
        key = (
            str(path.resolve()), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino,
        )  # fmt: skip
        if key in _KNOWN:
            return _KNOWN[key]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns) > _GRAIN:
        _KNOWN[key] = digest
    return digest
