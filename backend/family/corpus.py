"""The text that the small models are trained on: any folder of plain text."""

import hashlib
import lzma
from dataclasses import dataclass
from pathlib import Path

from backend.errors import InputError

VALIDATION = "validation"
# Of a corpus that names no validation text, the end that is held out.
_HELD_OUT = 0.02
# Fewer characters than this cannot fill a tokenizer and a batch.
_LEAST = 20_000


@dataclass(frozen=True)
class Corpus:
    """Text to train on and text to test on.

    Attributes
    ----------
    train, validation : str
    sha256 : str
        Of both.
    """

    train: str
    validation: str
    sha256: str


def read_corpus(folder: Path) -> Corpus:
    """Read every ``.txt`` and ``.txt.xz`` file of a folder.

    Files whose name begins with ``validation`` are held out. Where there is none, the last
    fiftieth of the text is.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If the folder does not exist, holds no text, too little of it, or a file cannot be read,
        is not UTF-8 or is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give one of .txt or .txt.xz files.")
    paths = sorted([*folder.glob("*.txt"), *folder.glob("*.txt.xz")])
    # Names in capitals (README.txt, BOOKS.txt) tell of the texts and are none.
    texts = {path: _read(path) for path in paths if not path.name.split(".")[0].isupper()}
    held = [text for path, text in texts.items() if path.name.startswith(VALIDATION)]
    train = "\n".join(text for path, text in texts.items() if not path.name.startswith(VALIDATION))
    if len(train) < _LEAST:
        raise InputError(
            f"the .txt and .txt.xz files of {folder} hold {len(train)} characters to train on; "
            f"at least {_LEAST} are needed."
        )
    if not held:
        cut = int(len(train) * (1 - _HELD_OUT))
        train, held = train[:cut], [train[cut:]]
    validation = "\n".join(held)
    digest = (
        hashlib.sha256(train.encode()).hexdigest() + hashlib.sha256(validation.encode()).hexdigest()
    )
    return Corpus(train, validation, hashlib.sha256(digest.encode()).hexdigest())


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give files that you may read."
        ) from error
    except lzma.LZMAError as error:
        raise InputError(f"{path} is damaged ({error}); copy it again.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error}); convert it.") from error
