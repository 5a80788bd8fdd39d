"""What the forced aligner gentle writes: align.csv, and align.json.

Source: gentle (https://github.com/strob/gentle), ``Transcription.to_csv`` and ``to_json``. The CSV
has no header: the word as written, the word as found in its vocabulary (``<unk>`` where it was not
there), onset, offset. A word that was not found in the audio has blank times.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from backend.errors import InputError
from backend.stimuli.times import parse_times
from backend.stimuli.transcript import Transcript


def is_gentle_csv(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows are gentle's: four cells from the first row on, the last two times or blank."""
    if not rows or any(len(row) != 4 for row in rows):
        return False
    return all(_is_number_or_blank(cell) for cell in rows[0][2:])


def gentle_csv_transcript(rows: Sequence[Sequence[str]], source: str, story: str) -> Transcript:
    """Read the rows of an align.csv.

    Parameters
    ----------
    rows : sequence of rows of four str
    source, story : str
        Names of the file and of the story.

    Returns
    -------
    Transcript
        Times that gentle left blank are NaN.

    Raises
    ------
    InputError
        If a time is neither blank nor a finite number.
    """
    numbers = np.arange(1, len(rows) + 1)
    return Transcript(
        story=story,
        source=source,
        labels=tuple(row[0] for row in rows),
        onsets=parse_times([row[2] for row in rows], numbers, "onset (third cell)", source),
        offsets=parse_times([row[3] for row in rows], numbers, "offset (fourth cell)", source),
        numbers=numbers,
        unit="row",
        estimated=np.zeros(len(rows), dtype=bool),
        in_text_order=True,
    )


def gentle_json_transcript(text: str, source: str, story: str) -> Transcript:
    """Read an align.json.

    Parameters
    ----------
    text, source, story : str
        The file's text and name, and the story's.

    Returns
    -------
    Transcript
        Words that gentle did not find in the audio have NaN times; those that it heard and that
        are not in the transcript are left out.

    Raises
    ------
    InputError
        If it is not JSON, or not gentle's.
    """
    entries = [entry for entry in _entries(text, source) if entry.get("case") != _NOT_IN_TEXT]
    numbers = np.arange(1, len(entries) + 1)

    def times(key: str) -> Any:
        cells = [str(entry.get(key, "")) for entry in entries]
        return parse_times(cells, numbers, key, source, unit="word")

    return Transcript(
        story=story,
        source=source,
        labels=tuple(str(entry.get("word", "")) for entry in entries),
        onsets=times("start"),
        offsets=times("end"),
        numbers=numbers,
        unit="word",
        estimated=np.zeros(len(entries), dtype=bool),
        in_text_order=True,
    )


_NOT_IN_TEXT = "not-found-in-transcript"


def _entries(text: str, source: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            f"{source} begins as JSON but is none ({error}); gentle's align.json is accepted."
        ) from error
    words = content.get("words") if isinstance(content, dict) else None
    if not isinstance(words, list) or not all(isinstance(entry, dict) for entry in words):
        raise InputError(
            f"{source} is JSON without a list of 'words'; of JSON files gentle's align.json is "
            "accepted. Write any other as CSV with the columns word, onset, offset."
        )
    return words


def _is_number_or_blank(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell.strip()
    return True
