"""The text that models are held to: the project's own stories, or a user's file."""

import hashlib
import lzma
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from backend.compression.calibration import shipped_text
from backend.errors import InputError

DEMO = "demo-stories"
MAX_BYTES = 50_000_000
_ACCEPTED = "A plain text in UTF-8 of up to 50 MB is accepted, as .txt or .txt.xz."


@dataclass(frozen=True)
class HeldOutText:
    """A text that no model has been fitted to.

    Attributes
    ----------
    name : str
        What results are filed under.
    text : str
        A paragraph a line, without the blank lines between: models differ in whether they were
        trained on those, which is not what is asked here.
    """

    name: str
    text: str

    @cached_property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def choose_text(path: Path | None = None) -> HeldOutText:
    """Read a user's held-out text, or the stories that ship with the project.

    Parameters
    ----------
    path : Path, optional
        Plain text in UTF-8; ``.xz`` is unpacked.

    Returns
    -------
    HeldOutText

    Raises
    ------
    InputError
        If it is no such file.
    """
    if path is None:
        return HeldOutText(DEMO, _without_blank_lines(shipped_text(DEMO)))
    text = _without_blank_lines(_read(path))
    if not text:
        raise InputError(f"the held-out text {path.name} is empty. {_ACCEPTED}")
    return HeldOutText(path.name, text)


def _read(path: Path) -> str:
    what = f"the held-out text {path.name}"
    try:
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            # A small file may unpack to more than there is memory for.
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"{what} has more than {MAX_BYTES / 1e6:.0f} MB. {_ACCEPTED}")
        return raw.decode("utf-8-sig")
    except (lzma.LZMAError, EOFError) as error:
        raise InputError(f"{what} is damaged ({error}); copy it again. {_ACCEPTED}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{what} is not UTF-8 (byte {error.start:,}). {_ACCEPTED}") from error
    except OSError as error:
        raise InputError(
            f"the held-out text {path} cannot be read: {error.strerror}. {_ACCEPTED}"
        ) from error


def _without_blank_lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
