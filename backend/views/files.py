"""Lists of views as YAML files: saved views, and what a presenter steps through."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.errors import InputError, StoreError
from backend.plain_yaml import MOST_BYTES, PlainLoader
from backend.views.view import View, first_fault

VERSION = 1
MOST_VIEWS = 1000


class ViewFile(BaseModel):
    """What a file of views holds.

    Attributes
    ----------
    version : int
    title : str
    views : tuple of View
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    title: Annotated[str, Field(max_length=200)] = ""
    views: Annotated[tuple[View, ...], Field(max_length=MOST_VIEWS)] = ()


def write_views(target: Path | IO[str], title: str, views: Sequence[View]) -> None:
    """Write a list of views; a file is renamed into place when it is whole.

    Parameters
    ----------
    target : Path or text stream
    title : str
    views : sequence of View

    Raises
    ------
    StoreError
        If the file cannot be written; an older one is left as it was.
    """
    content = {
        "version": VERSION,
        "title": title,
        "views": [_plain(view) for view in views],
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    if isinstance(target, Path):
        _write_atomically(target, text)
    else:
        target.write(text)


def read_views(source: Path | IO[str] | IO[bytes]) -> ViewFile:
    """Read a list of views.

    Parameters
    ----------
    source : Path or stream
        UTF-8, of at most a megabyte.

    Returns
    -------
    ViewFile

    Raises
    ------
    InputError
        If it cannot be read, is of a newer version, or is not a list of views.
    """
    name = Path(getattr(source, "name", None) or "the file").name
    if isinstance(source, Path):
        name = source.name
        try:
            with source.open("rb") as stream:
                return _parse(stream.read(MOST_BYTES + 1), name)
        except OSError as error:
            raise InputError(
                f"{name} cannot be read: {error.strerror or error}. Give a file that the app or "
                "`write_views` wrote."
            ) from error
    return _parse(source.read(MOST_BYTES + 1), name)


def _parse(content: str | bytes, name: str) -> ViewFile:
    if len(content) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES:,} bytes; a list of views is not.")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        raw = yaml.load(text, Loader=PlainLoader)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text, as a list of views is.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is not a list of views in YAML: {reason}.") from error
    if not isinstance(raw, dict):
        raise InputError(
            f"{name} holds no list of views; it takes `version: {VERSION}`, `title` and `views`."
        )
    version = raw.get("version")
    # True equals 1, and is no version.
    number = version if isinstance(version, int) and not isinstance(version, bool) else 0
    if number > VERSION:
        raise InputError(
            f"{name} is of version {version}; this CortexScale reads version {VERSION}. Open it "
            "with a newer one, or save the views again with this one."
        )
    if number != VERSION:
        raise InputError(f"{name} does not begin with `version: {VERSION}`; it says {version!r}.")
    try:
        return ViewFile.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{name} is no list of views: {first_fault(error)}.") from error


def _plain(view: View) -> dict[str, Any]:
    """Leave out what is empty, and write one value as itself."""
    fields: dict[str, Any] = {"page": view.page}
    if view.title:
        fields["title"] = view.title
    if view.note:
        fields["note"] = view.note
    fields["parameters"] = {
        key: values[0] if len(values) == 1 else list(values)
        for key, values in view.parameters.items()
    }
    return fields


def _write_atomically(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    except OSError as error:
        raise StoreError(_unwritten(path, error)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError(_unwritten(path, error)) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _unwritten(path: Path, error: OSError) -> str:
    return (
        f"{path.name} cannot be written to {path.parent.name}/: {error.strerror or error}. Free "
        "some disk space, or name another folder."
    )
