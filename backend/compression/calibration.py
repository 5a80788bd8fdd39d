"""Calibration text: which it is, that it holds nothing of what is held out, and its windows."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.errors import InputError
from backend.paths import ASSETS

DEFAULT_SAMPLES = 32
DEFAULT_LENGTH = 128
"""Tokens of a window; fewer for a model with fewer positions."""
SHARED_WORDS = 8
"""As many consecutive words in common are no chance: the text is then taken to be the stimulus."""
MAX_BYTES = 50_000_000


class Calibration(BaseModel):
    """What decides how a calibrated method sees a model at work; stored with the result.

    Attributes
    ----------
    text : str
        Name of a text that ships with the project, or of the user's file.
    sha256 : str
        Hash of the text, in UTF-8.
    n_samples : int
        Windows of text.
    length : int
        Tokens of each.
    seed : int
        Of the choice of windows, where the text has more than are needed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, max_length=255)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_samples: int = Field(default=DEFAULT_SAMPLES, ge=1, le=4096)
    length: int = Field(default=DEFAULT_LENGTH, ge=8, le=8192)
    seed: int = Field(default=0, ge=0, lt=2**32)


@dataclass(frozen=True)
class CalibrationText:
    """A calibration and the text itself.

    Attributes
    ----------
    words : str
        The text.
    calibration : Calibration
        What the request and the result say of it.
    """

    words: str
    calibration: Calibration


def _demo_sentences() -> str:
    with (ASSETS / "demo" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return "\n".join(row["sentence"] for row in csv.DictReader(file))


def _demo_stories() -> str:
    folder = ASSETS / "demo" / "stories"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt")))


SHIPPED = {"demo-sentences": _demo_sentences, "demo-stories": _demo_stories}
"""Texts that ship with the project, the one that is tried first standing first."""


@cache
def shipped_text(name: str) -> str:
    """Return a text that ships with the project.

    Parameters
    ----------
    name : str
        A key of ``SHIPPED``.

    Returns
    -------
    str
    """
    return SHIPPED[name]()


def choose_calibration(
    held_out: Iterable[str],
    path: Path | None = None,
    n_samples: int | None = None,
    length: int | None = None,
    seed: int = 0,
) -> CalibrationText:
    """Choose a text to calibrate on that shares nothing with the stimuli.

    Parameters
    ----------
    held_out : iterable of str
        The data set's stimuli, each in running order; every one of them is held out in some fold.
    path : Path, optional
        A text of the user's; by default the first shipped text that shares nothing.
    n_samples, length : int, optional
        Windows, and the tokens of each.
    seed : int

    Returns
    -------
    CalibrationText

    Raises
    ------
    InputError
        If the text cannot be read, shares eight consecutive words with a stimulus, or a number is
        out of range.
    """
    stimuli = list(held_out)
    if path is not None:
        name, text = path.name, read_calibration_file(path)
        refuse_shared_words(name, text, stimuli)
    else:
        name, text = _first_that_shares_nothing(stimuli)
    try:
        shown = Calibration(
            text=name,
            sha256=text_hash(text),
            n_samples=DEFAULT_SAMPLES if n_samples is None else n_samples,
            length=DEFAULT_LENGTH if length is None else length,
            seed=seed,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]} of the calibration text: {first['msg']}.") from error
    return CalibrationText(text, shown)


def load_calibration(calibration: Calibration, path: Path | None) -> CalibrationText:
    """Read the text that a request names, and make sure that it is the same.

    Parameters
    ----------
    calibration : Calibration
    path : Path or None
        Of the user's file; None for a text that ships with the project.

    Returns
    -------
    CalibrationText

    Raises
    ------
    InputError
        If the text cannot be read, or is another than when the request was made.
    """
    if path is None and calibration.text not in SHIPPED:
        raise InputError(
            f"the calibration text {calibration.text!r} does not ship with the project; give its "
            f"file, or one of {', '.join(SHIPPED)}."
        )
    text = shipped_text(calibration.text) if path is None else read_calibration_file(path)
    if text_hash(text) != calibration.sha256:
        raise InputError(
            f"the calibration text {calibration.text} has changed since this run was asked for; "
            "ask for it again, so that its result is filed under what it was made from."
        )
    return CalibrationText(text, calibration)


def read_calibration_file(path: Path) -> str:
    """Read a user's calibration text.

    Parameters
    ----------
    path : Path
        Plain text in UTF-8, up to 50 MB.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is no such file.
    """
    accepted = "A plain text file in UTF-8 of up to 50 MB is accepted."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} has {path.stat().st_size / 1e6:.0f} MB. {accepted}")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the calibration text {path.name} is not UTF-8 (byte {error.start:,}). {accepted}"
        ) from error
    except OSError as error:
        raise InputError(
            f"the calibration text {path} cannot be read: {error.strerror}. {accepted}"
        ) from error
    if not text.strip():
        raise InputError(f"the calibration text {path.name} is empty. {accepted}")
    return text


def text_hash(text: str) -> str:
    """Hash a text: 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_shared_words(name: str, text: str, held_out: Iterable[str]) -> None:
    """Refuse a calibration text that holds a passage of the stimuli.

    Parameters
    ----------
    name : str
        Of the text, for the message.
    text : str
    held_out : iterable of str

    Raises
    ------
    InputError
        Quoting the first eight words that both share.
    """
    shared = shared_words(text, held_out)
    if shared is not None:
        raise InputError(
            f"the calibration text {name} shares {SHARED_WORDS} consecutive words with the data "
            f"set that is to be predicted: {shared!r}. A model that was compressed on the stimuli "
            "has seen what is held out; give a text that has nothing of them."
        )


def shared_words(text: str, held_out: Iterable[str]) -> str | None:
    """Find eight consecutive words that a text shares with any of the stimuli.

    Parameters
    ----------
    text : str
    held_out : iterable of str

    Returns
    -------
    str or None
        In lower case, without punctuation; None where nothing is shared.
    """
    runs = set(_runs(text))
    return next(
        (" ".join(run) for stimulus in held_out for run in _runs(stimulus) if run in runs), None
    )


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    # Apostrophes are left out, since transcripts write them in several ways or not at all.
    words = re.findall(r"[^\W_]+", re.sub(r"['’`]", "", text.lower()))
    return (tuple(words[at : at + SHARED_WORDS]) for at in range(len(words) - SHARED_WORDS + 1))


def _first_that_shares_nothing(stimuli: list[str]) -> tuple[str, str]:
    for name in SHIPPED:
        text = shipped_text(name)
        if shared_words(text, stimuli) is None:
            return name, text
    raise InputError(
        f"each of the calibration texts that ship ({', '.join(SHIPPED)}) shares {SHARED_WORDS} "
        "consecutive words with this data set; give another text with --calibration FILE."
    )


def default_length(config: Mapping[str, Any]) -> int:
    """Tokens of a calibration window for a model with this config.json.

    Parameters
    ----------
    config : mapping

    Returns
    -------
    int
    """
    for key in ("max_position_embeddings", "n_positions", "max_seq_len"):
        if isinstance(config.get(key), int):
            return min(DEFAULT_LENGTH, int(config[key]))
    return DEFAULT_LENGTH


def token_windows(text: CalibrationText, tokenizer: Any) -> list[list[int]]:
    """Cut a calibration text into windows of tokens.

    Parameters
    ----------
    text : CalibrationText
    tokenizer : transformers.PreTrainedTokenizerBase

    Returns
    -------
    list of list of int
        ``n_samples`` windows of ``length`` tokens that do not overlap, in the order of the text.

    Raises
    ------
    InputError
        If the text is too short for them.
    """
    wanted = text.calibration
    ids = tokenizer(text.words, add_special_tokens=False, verbose=False)["input_ids"]
    n_windows = len(ids) // wanted.length
    if n_windows < wanted.n_samples:
        raise InputError(
            f"the calibration text {wanted.text} has {len(ids):,} tokens of this model, and "
            f"{wanted.n_samples * wanted.length:,} are needed ({wanted.n_samples} windows of "
            f"{wanted.length}). Give a longer text with --calibration FILE; python -m "
            "backend compress can also use fewer windows (--samples) or shorter ones (--length)."
        )
    chosen = np.random.default_rng(wanted.seed).choice(n_windows, wanted.n_samples, replace=False)
    return [list(ids[at * wanted.length : (at + 1) * wanted.length]) for at in sorted(chosen)]
