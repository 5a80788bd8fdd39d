"""YAML from outside: safe, of a limited size, without aliases."""

from pathlib import Path
from typing import Any

import yaml

from backend.errors import InputError

MOST_BYTES = 1_000_000


class PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases, by which a small file would become a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node, unless it stands for another."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not accepted")
        return super().compose_node(parent, index)


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """Read a file of keys and values.

    Parameters
    ----------
    path : Path
        UTF-8, of at most a megabyte.
    what : str
        What the file is, for messages, such as ``a sweep``.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it cannot be read or is something else.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}. Give the file of {what}."
        ) from error
    return parse_mapping(content, path.name, what)


def parse_mapping(content: bytes, name: str, what: str) -> dict[str, Any]:
    """Read keys and values from the content of a file.

    Parameters
    ----------
    content : bytes
    name, what : str
        What the file is called and what it is, for messages.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it is something else.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES:,} bytes; {what} is not.")
    try:
        raw = yaml.load(content.decode("utf-8-sig"), Loader=PlainLoader)
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text, as {what} is.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{name} is not YAML: {reason}.") from error
    if not isinstance(raw, dict):
        raise InputError(f"{name} holds no keys with values, as {what} does.")
    return {str(key): value for key, value in raw.items()}
