"""Tables with a row per word: plain CSV and TSV, BIDS events, the tables of The Little Prince.

They are one format with many names for its columns, so one reader reads them all.

References
----------
The Brain Imaging Data Structure, "Events" (onset and duration in seconds, ``n/a`` where missing).
Li et al. 2022, Scientific Data 9:530 (The Little Prince: word, lemma, onset, offset, section).
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.errors import InputError
from backend.stimuli.times import parse_times
from backend.stimuli.transcript import Transcript

# Names of columns, the likelier ones first; case and outer spaces do not matter.
WORD = ("word", "words", "token", "text", "stimulus", "stim", "trial_type", "label", "value")
ONSET = ("onset", "start", "start_time", "begin", "xmin", "tmin")
OFFSET = ("offset", "end", "end_time", "stop", "xmax", "tmax")
DURATION = ("duration", "dur")
SENTENCE = ("sentence", "sentence_id", "sentence_index", "sent", "sent_id")
STORY = ("story", "section")
PHONEMES = ("n_phonemes", "phonemes")
ESTIMATED = ("estimated",)
_ROUNDING = 0.05
_FEW_LABELS, _MANY_ROWS = 3, 10


@dataclass(frozen=True)
class _Table:
    source: str
    columns: Mapping[str, Sequence[str]]
    numbers: NDArray[np.int64]
    decimal: str

    def find(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.columns), None)

    def times(self, column: str) -> NDArray[np.float64]:
        return parse_times(
            self.columns[column], self.numbers, f"column {column!r}", self.source,
            decimal=self.decimal,
        )  # fmt: skip


def read_rows(text: str, path: Path) -> tuple[list[list[str]], str]:
    r"""Split a table into rows of cells.

    Parameters
    ----------
    text : str
    path : Path
        Its name tells tabs from commas where the first line does not.

    Returns
    -------
    rows : list of list of str
        Without blank lines; the first may be a header.
    delimiter : {",", "\t", ";"}

    Raises
    ------
    InputError
        If a double quote is opened and never closed, or a cell is longer than any word.
    """
    first = text.lstrip().split("\n", 1)[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",\t;", key=first.count)
    rows = _split(text, delimiter, True, path)
    if delimiter == "\t" and any("\n" in cell for row in rows for cell in row):
        # BIDS does not quote cells, so a word that begins with a quotation mark is no opening.
        rows = _split(text, delimiter, False, path)
    for number, row in enumerate(rows, 1):
        if any("\n" in cell for cell in row):
            raise InputError(
                f"{path.name}: row {number} opens a double quote that closes on another line. "
                'Write a quotation mark that belongs to a word as "" inside a quoted cell.'
            )
    return rows, delimiter


def table_transcripts(
    rows: Sequence[Sequence[str]], delimiter: str, source: str, story: str
) -> list[Transcript]:
    """Read a table with a header and a row per word.

    Parameters
    ----------
    rows : sequence of rows of str
        The first is the header: a word column, an onset, and an offset or a duration, under the
        names that this module lists. ``sentence``, ``story`` or ``section``, ``n_phonemes`` and
        ``estimated`` are read where they are there.
    delimiter : str
        Semicolons mean decimal commas, as in the spreadsheets that write them.
    source, story : str
        Name of the file, and of its story where no column names it.

    Returns
    -------
    list of Transcript
        One per story, in order of appearance. A section whose times run on from the section
        before it is set back to its own start, and says so: that is how The Little Prince's
        table counts, whose TextGrids each begin at 0.

    Raises
    ------
    InputError
        If there is no header, a column is missing or stands twice, a row has another number of
        cells than the header, or a time is not a number.
    """
    table = _table(rows, delimiter, source)
    word = next(name for name in WORD if name in table.columns)
    _refuse_categories(table, word)
    onsets = table.times(next(name for name in ONSET if name in table.columns))
    phonemes = table.find(PHONEMES)
    sentence = table.find(SENTENCE)
    whole = Transcript(
        story=story,
        source=source,
        labels=tuple(table.columns[word]),
        onsets=onsets,
        offsets=_offsets(table, onsets),
        numbers=table.numbers,
        unit="row",
        estimated=_flags(table),
        sentence_ids=tuple(cell.strip() for cell in table.columns[sentence]) if sentence else None,
        n_phonemes=_counts(table, phonemes) if phonemes else None,
    )
    lemmas = table.columns.get("lemma")
    named = table.find(STORY)
    if named is None:
        return [_join_clitics(whole, lemmas)]
    return _by_story(whole, lemmas, named, [cell.strip() for cell in table.columns[named]])


def _split(text: str, delimiter: str, is_quoted: bool, path: Path) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
    )
    try:
        return [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(
            f"{path.name} is not a regular table: {error}, in line {reader.line_num}. A row per "
            "word is accepted, with commas (.csv) or tabs (.tsv) between its cells."
        ) from error


def _table(rows: Sequence[Sequence[str]], delimiter: str, source: str) -> _Table:
    header = [cell.strip().lower() for cell in rows[0]]
    # The header first: it tells a table of words from any other text.
    for names, what in ((WORD, "words"), (ONSET, "onsets")):
        if not set(names) & set(header):
            raise InputError(
                f"{source} has no column of {what}; its columns are: "
                f"{', '.join(name or '(blank)' for name in header)[:200]}. Name one of them "
                f"{names[0]!r} ({', '.join(names[1:])} are understood too), in a first row that "
                "is a header."
            )
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{source} has more than one column {repeated[0]!r}; give each its own name."
        )
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise InputError(
                f"{source} is not a regular table: row {number} has {len(row)} cells and the "
                f"header {len(header)}. A word that holds the separator belongs in double quotes."
            )
    columns = {name: [row[at] for row in rows[1:]] for at, name in enumerate(header)}
    decimal = "," if delimiter == ";" else "."
    return _Table(source, columns, np.arange(2, len(rows) + 1), decimal)


def _refuse_categories(table: _Table, word: str) -> None:
    """Tell the words of a BIDS file from the names of its kinds of trial."""
    kinds = sorted({cell.strip() for cell in table.columns[word]})
    if word == "trial_type" and len(kinds) < _FEW_LABELS and len(table.numbers) >= _MANY_ROWS:
        raise InputError(
            f"{table.source}: column 'trial_type' holds only {', '.join(map(repr, kinds))}, which "
            "are kinds of trial and not words. Name the column of words 'word'."
        )


def _offsets(table: _Table, onsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take offsets as given, and from durations where there are none."""
    offset, duration = table.find(OFFSET), table.find(DURATION)
    offsets = table.times(offset) if offset else np.full(len(onsets), np.nan)
    if duration is None:
        return offsets
    durations = table.times(duration)
    wrong = np.flatnonzero(durations < 0)
    if wrong.size:
        raise InputError(
            f"{table.source}: column {duration!r} holds {durations[wrong[0]]:g} in row "
            f"{table.numbers[wrong[0]]}; durations of 0 s and more are accepted, n/a where one is "
            "not known."
        )
    return np.where(np.isnan(offsets), onsets + durations, offsets)


def _flags(table: _Table) -> NDArray[np.bool_]:
    column = table.find(ESTIMATED)
    if column is None:
        return np.zeros(len(table.numbers), dtype=bool)
    return np.array([cell.strip().lower() in ("true", "1") for cell in table.columns[column]], bool)


def _counts(table: _Table, column: str) -> NDArray[np.int64] | None:
    """Read whole numbers; None where the column holds something else, such as the phonemes."""
    cells = [cell.strip() for cell in table.columns[column]]
    if not all(cell.isdecimal() for cell in cells):
        return None
    return np.array(cells, dtype=np.int64)


def _join_clitics(transcript: Transcript, lemmas: Sequence[str] | None) -> Transcript:
    """Join the rows that go on with the word before them.

    The Little Prince's table gives "don't" two rows: the word with the first half of its time,
    and a row without a word whose lemma is "not".
    """
    if lemmas is None:
        return transcript
    offsets, onsets = transcript.offsets.copy(), transcript.onsets
    joined, words = [], []
    last = -1
    for index, label in enumerate(transcript.labels):
        if label.strip():
            last = index
        elif lemmas[index].strip() and last >= 0 and onsets[index] - offsets[last] <= _ROUNDING:
            offsets[last] = offsets[index]
            joined.append(index)
            words.append(last)
    noted = transcript.noted("rows without a word joined to the word that they go on with", words)
    kept = np.setdiff1d(np.arange(len(transcript)), joined)
    return replace(noted, offsets=offsets).take(kept)


def _by_story(
    whole: Transcript, lemmas: Sequence[str] | None, column: str, names: Sequence[str]
) -> list[Transcript]:
    blank = [number for number, name in zip(whole.numbers, names, strict=True) if not name]
    if blank:
        raise InputError(
            f"{whole.source}: column {column!r} is blank in row {blank[0]}"
            f"{f' and {len(blank) - 1} more' if len(blank) > 1 else ''}; name each word's {column}."
        )
    stories = []
    for name in dict.fromkeys(names):
        rows = np.array([index for index, other in enumerate(names) if other == name])
        story = f"{column}{name}" if name.isdecimal() else name
        part = replace(whole.take(rows), story=story)
        stories.append(_join_clitics(part, [lemmas[row] for row in rows] if lemmas else None))
    return _own_clocks(stories, column)


def _own_clocks(stories: list[Transcript], column: str) -> list[Transcript]:
    """Set each section's times back to its own start, where they run on from section to section."""
    if len(stories) < 2 or any(not part.is_timed.any() for part in stories):
        return stories
    # A section that follows begins where the last word of the one before it ends.
    starts = [0.0, *(float(np.nanmax([*part.onsets, *part.offsets])) for part in stories[:-1])]
    firsts = [float(np.nanmin(part.onsets)) for part in stories]
    runs_on = all(
        first >= start - _ROUNDING for first, start in zip(firsts[1:], starts[1:], strict=True)
    )
    if not runs_on:
        return stories
    if column != "section":
        raise InputError(
            f"{stories[0].source}: times run on from {stories[0].story!r} to "
            f"{stories[1].story!r}, whose first word begins at {firsts[1]:.3f} s. Count each "
            "story's times from its own start, where its recording begins."
        )
    return [_set_back(part, start) for part, start in zip(stories, starts, strict=True)]


def _set_back(part: Transcript, start: float) -> Transcript:
    if start == 0:
        return part
    every = np.arange(len(part))
    noted = part.noted(
        f"times set back by {start:.3f} s, as they run on from the section before, whose last "
        "word ends there",
        every,
    )
    return replace(noted, onsets=part.onsets - start, offsets=part.offsets - start)
