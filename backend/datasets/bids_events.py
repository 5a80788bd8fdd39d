"""What was heard in a run and when, from its ``events.tsv``."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from backend.errors import InputError
from backend.stimuli import Words, read_words

_WORD = ("word", "words", "token", "text")
_MANY_KINDS = 20
_MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Events:
    """An ``events.tsv``.

    Attributes
    ----------
    path : Path
    stimuli : tuple of (str, float)
        Each stimulus file named in it, without its ending, and when it first began, in seconds
        from the first volume.
    has_words : bool
        Whether its rows are words.
    """

    path: Path
    stimuli: tuple[tuple[str, float], ...]
    has_words: bool

    def onset(self, story: str) -> float | None:
        """Seconds from the first volume to a stimulus; None where it is not named."""
        return dict(self.stimuli).get(story)

    def words(self) -> tuple[Words, float]:
        """Read the rows as words.

        Returns
        -------
        tuple of (Words, float)
            Times from the first word's onset, and when that was, in seconds from the first
            volume.

        Raises
        ------
        InputError
            If they cannot be read.
        """
        (words,) = read_words(self.path, story=self.path.stem)
        first = float(words.onsets[0])
        moved = replace(words, onsets=words.onsets - first, offsets=words.offsets - first)
        return moved, first


def read_events(path: Path) -> Events:
    """Read the stimuli of an ``events.tsv``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Events

    Raises
    ------
    InputError
        If it is no table of onsets.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path.name} has more than 50 MB; a row per event is accepted.")
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        onsets = [float(row["onset"]) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path.name} is no BIDS table of events ({type(error).__name__}: {error}); columns "
            "separated by tabs, with the onset in seconds, are accepted."
        ) from error
    stimuli: dict[str, float] = {}
    for row, onset in zip(rows, onsets, strict=True):
        name = row.get("stim_file") or "n/a"
        if name != "n/a":
            story = Path(name).stem.removesuffix("_audio")
            stimuli[story] = min(onset, stimuli.get(story, onset))
    kinds = {row.get("trial_type") for row in rows}
    columns = set(rows[0]) if rows else set()
    has_words = bool(columns & set(_WORD)) or (not stimuli and len(kinds) > _MANY_KINDS)
    return Events(path, tuple(stimuli.items()), has_words)
