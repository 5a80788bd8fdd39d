"""A transcript's bytes as text, whatever encoding it was saved in."""

import codecs
from pathlib import Path

from backend.errors import InputError

MAX_BYTES = 50_000_000
ACCEPTED = (
    "a Praat TextGrid, a CSV or TSV table with columns for word, onset and offset (or duration), "
    "BIDS events.tsv, or gentle's align.csv or align.json"
)
_PRAAT = b"File type = "


def read_text(path: Path) -> tuple[str, bool]:
    """Read a transcript's text.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte order mark; UTF-16 with one; or, for Praat's files alone,
        Latin-1, which is what older versions of Praat wrote.

    Returns
    -------
    text : str
    is_guess : bool
        Whether the encoding was not stated by the file nor UTF-8, but taken for Latin-1.

    Raises
    ------
    InputError
        If there is no such file, or it is a folder, larger than 50 MB, empty, binary, or in an
        encoding that cannot be told.
    """
    raw = _read_bytes(path)
    if raw.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        text, is_guess = _decode_utf16(raw, path), False
    else:
        text, is_guess = _decode(raw, path)
    if not text.strip():
        raise InputError(f"{path.name} is empty. {ACCEPTED[0].upper()}{ACCEPTED[1:]} is accepted.")
    return text, is_guess


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"no such file: {path}. Give the path of a transcript: {ACCEPTED}.")
    if not path.is_file():
        raise InputError(f"{path} is a folder; a file is accepted: {ACCEPTED}.")
    n_bytes = path.stat().st_size
    if n_bytes > MAX_BYTES:
        raise InputError(
            f"{path.name} has {n_bytes / 1e6:.0f} MB; transcripts of up to "
            f"{MAX_BYTES / 1e6:.0f} MB are accepted, some 100 hours of speech. Split it by story, "
            "and check that it is a transcript and not a recording."
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give a file that you may read."
        ) from error


def _decode_utf16(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} begins as UTF-16 text and breaks off at byte {error.start:,}; it is "
            "damaged or cut short. Export it again, best as UTF-8."
        ) from error


def _decode(raw: bytes, path: Path) -> tuple[str, bool]:
    if raw.startswith(b"ooBinaryFile"):
        raise InputError(
            f"{path.name} is one of Praat's binary files. In Praat, use Save as text file... or "
            "Save as short text file..., which are accepted."
        )
    if b"\x00" in raw:
        raise InputError(
            f"{path.name} is a binary file (it contains NUL bytes); text is accepted: {ACCEPTED}."
        )
    try:
        return raw.decode("utf-8-sig"), False
    except UnicodeDecodeError as error:
        if raw.startswith(_PRAAT):
            return raw.decode("latin-1"), True
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name} is not UTF-8 text: byte 0x{raw[error.start]:02x} in line {line}. Save it "
            "as UTF-8, for instance with: iconv -f latin1 -t utf-8 IN.csv > OUT.csv"
        ) from error
