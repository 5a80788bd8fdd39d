"""Public archives over HTTPS: what they hold, and files brought here whole.

Files go under a folder that the user sets. One that is interrupted goes on where it stopped; one
that is there whole is not asked for again. Checksums are those that the archive states.
"""

import hashlib
import os
import re
import shutil
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from backend.errors import InputError

OPENNEURO = "https://s3.amazonaws.com/openneuro.org"
PART = ".part"
_PARTIAL = 206
_BAD_REQUEST = 400
_TRIES = 4
_TIMEOUT = 60.0
_BLOCK = 1 << 20
_MD5 = re.compile(r"^[0-9a-f]{32}$")
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
Advance = Callable[[int], None]


@dataclass(frozen=True)
class RemoteFile:
    """A file of an archive.

    Attributes
    ----------
    path : str
        Relative to the data set, with ``/``.
    url : str
    size : int or None
        Bytes, where the archive says.
    md5, sha256 : str or None
        Where the archive, or this project, states one.
    """

    path: str
    url: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None


def list_bucket(prefix: str, bucket: str = OPENNEURO) -> list[RemoteFile]:
    """List the files of a public S3 bucket whose names begin so.

    Parameters
    ----------
    prefix : str
        Such as ``ds003020/derivative``; what stands before the first ``/`` is cut off.
    bucket : str
        Its address.

    Returns
    -------
    list of RemoteFile
        With sizes; with MD5 where the bucket states it, which it does for files sent in one piece.

    Raises
    ------
    InputError
        If the archive does not answer, or has no such files.
    """
    files: list[RemoteFile] = []
    token = ""
    root = prefix.partition("/")[0]
    while True:
        more = f"&continuation-token={quote(token, safe='')}" if token else ""
        answer = _get(f"{bucket}?list-type=2&prefix={quote(prefix, safe='/')}{more}").content
        try:
            page = ElementTree.fromstring(answer)
        except ElementTree.ParseError as error:
            raise InputError(
                f"{bucket} answered with something that is no list of files ({error}); try again "
                "later."
            ) from error
        files += [_object(item, root, bucket) for item in page.findall(f"{_SPACE}Contents")]
        token = page.findtext(f"{_SPACE}NextContinuationToken", "")
        if page.findtext(f"{_SPACE}IsTruncated") != "true" or not token:
            break
    files = [file for file in files if not file.path.endswith("/")]
    if not files:
        raise InputError(
            f"{bucket} holds nothing that begins with {prefix}; the data set has moved, or this "
            "version knows an older place of it."
        )
    return files


def fetch_files(
    files: Sequence[RemoteFile], folder: Path, advance: Advance = lambda n: None
) -> list[Path]:
    """Bring files here, unless they are here whole.

    Parameters
    ----------
    files : sequence of RemoteFile
    folder : Path
    advance : callable
        Told of bytes as they come; a file that is here counts at once.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If the disk is too small, or a file is not there, breaks off again and again, or does not
        have the size or checksum that its archive states. What came of it stays, and is gone on
        with.
    """
    require_room(files, folder)
    return [_fetch(file, folder, advance) for file in files]


def missing_bytes(files: Iterable[RemoteFile], folder: Path) -> int:
    """Bytes that are not here yet, of files whose size is known."""
    missing = 0
    for file in files:
        here = place_of(file, folder)
        part = here.with_name(here.name + PART)
        if not here.exists():
            missing += (file.size or 0) - (part.stat().st_size if part.exists() else 0)
    return missing


def require_room(files: Sequence[RemoteFile], folder: Path) -> None:
    """Refuse what does not fit on the disk.

    Raises
    ------
    InputError
    """
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free, needed = shutil.disk_usage(existing).free, missing_bytes(files, folder)
    if needed >= free:
        raise InputError(
            f"{needed / 1e9:.1f} GB are to be downloaded to {folder}, and {free / 1e9:.1f} GB of "
            "disk are free. Make room, name another folder with --data, or ask for fewer subjects."
        )


def place_of(file: RemoteFile, folder: Path) -> Path:
    """Return where a file goes.

    Raises
    ------
    InputError
        If its name leads out of the folder.
    """
    parts = PurePosixPath(file.path).parts
    if not parts or file.path.startswith("/") or any(part == ".." for part in parts):
        raise InputError(f"the archive names a file {file.path!r}, which leads out of the folder.")
    return folder.joinpath(*parts)


def _fetch(file: RemoteFile, folder: Path, advance: Advance) -> Path:
    here = place_of(file, folder)
    if here.exists() and (file.size is None or here.stat().st_size == file.size):
        advance(here.stat().st_size)
        return here
    part = here.with_name(here.name + PART)
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        _complete(file, part, advance)
        _require_whole(file, part)
        os.replace(part, here)
    except requests.RequestException as error:
        raise InputError(
            f"{file.url} broke off {_TRIES} times ({type(error).__name__}); what came of it is "
            "kept, and the same command goes on from there."
        ) from error
    except OSError as error:
        raise InputError(
            f"{here} cannot be written: {error.strerror or error}. Make room, or name another "
            "folder with --data; the same command goes on from there."
        ) from error
    return here


def _complete(file: RemoteFile, part: Path, advance: Advance) -> None:
    """Bring what is missing of a file; where the connection breaks, ask for the rest."""
    counted = 0
    for attempt in range(1, _TRIES + 1):
        begun = part.stat().st_size if part.exists() else 0
        if file.size is not None and begun == file.size:
            break
        try:
            counted = _read_rest(file, part, begun, counted, advance)
            break
        except requests.RequestException:
            if attempt == _TRIES:
                raise
            time.sleep(0.2 * 2**attempt)


def _read_rest(file: RemoteFile, part: Path, begun: int, counted: int, advance: Advance) -> int:
    # As they lie there: what is packed on the way has another length.
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers["Range"] = f"bytes={begun}-"
    with _get(file.url, headers=headers, stream=True) as answer:
        # A server that does not know ranges sends the whole file.
        resumed = answer.status_code == _PARTIAL
        with part.open("ab" if resumed else "wb") as stream:
            if resumed and not counted:
                advance(begun)
                counted = begun
            announced = stream.tell() + int(answer.headers.get("Content-Length", 0))
            for block in _blocks(answer):
                stream.write(block)
                done = stream.tell()
                advance(max(0, done - counted))
                counted = max(counted, done)
            if stream.tell() < announced:
                raise requests.ConnectionError("it ended early")
    return counted


def _blocks(answer: requests.Response) -> Iterator[bytes]:
    """Give what came, as it came: of a connection that breaks, all before the break."""
    try:
        while block := answer.raw.read1(_BLOCK):
            yield block
    except HTTPError as error:
        raise requests.ConnectionError(str(error)) from error


def _require_whole(file: RemoteFile, part: Path) -> None:
    size = part.stat().st_size
    wrong = None
    if file.size is not None and size != file.size:
        wrong = f"{size:,} bytes came, and the archive states {file.size:,}"
    for name in ("md5", "sha256"):
        stated = getattr(file, name)
        if wrong is None and stated is not None:
            with part.open("rb") as stream:
                found = hashlib.file_digest(stream, name).hexdigest()
            if found != stated:
                wrong = f"its {name} is {found}, and {stated} is stated"
    if wrong is not None:
        part.unlink()
        raise InputError(
            f"{file.path} did not come whole: {wrong}. It was removed; give the same command again."
        )


def _get(
    url: str, headers: dict[str, str] | None = None, stream: bool = False
) -> requests.Response:
    try:
        answer = requests.get(url, headers=headers, stream=stream, timeout=_TIMEOUT)
    except requests.ConnectionError:
        if stream:
            raise
        raise InputError(f"{url} cannot be reached; is this machine online?") from None
    if answer.status_code >= _BAD_REQUEST:
        answer.close()
        raise InputError(
            f"{url} answered {answer.status_code} ({answer.reason}); the file has moved, or the "
            "archive is out of order. Try again later, or look for the data set's page."
        )
    return answer


def _object(item: ElementTree.Element, root: str, bucket: str) -> RemoteFile:
    key = item.findtext(f"{_SPACE}Key", "")
    tag = item.findtext(f"{_SPACE}ETag", "").strip('"')
    return RemoteFile(
        path=key.removeprefix(f"{root}/"),
        url=f"{bucket}/{quote(key, safe='/')}",
        size=int(item.findtext(f"{_SPACE}Size", "0")),
        # Of a file that was sent in parts the tag is no checksum of the whole.
        md5=tag if _MD5.match(tag) else None,
    )
