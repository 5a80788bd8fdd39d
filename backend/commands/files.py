"""Files that a command leaves in a folder."""

from collections.abc import Mapping
from pathlib import Path

from backend.errors import InputError


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made if it is not there, and say where each is.

    Parameters
    ----------
    folder : Path
    files : mapping of str to bytes
        By name.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
            print(f"{folder / name}  {len(content):,} bytes")
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written: {error.strerror}. Choose another folder with --out."
        ) from error
