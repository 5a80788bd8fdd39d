"""Read the words of a story, whatever kind of transcript they come in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backend.errors import InputError
from backend.stimuli.gentle import (
    gentle_csv_transcript,
    gentle_json_transcript,
    is_gentle_csv,
)
from backend.stimuli.repair import clean_words
from backend.stimuli.text_files import read_text
from backend.stimuli.textgrid import is_textgrid, textgrid_transcript
from backend.stimuli.transcript import Transcript
from backend.stimuli.word_tables import read_rows, table_transcripts
from backend.stimuli.words import Words

# Names that aligners give to every file; the story is then named by its folder.
_NAMELESS = frozenset({"align", "transcript", "words"})


def read_words(path: Path, story: str | None = None, tier: str | None = None) -> tuple[Words, ...]:
    """Read a transcript with the times of its words.

    The format is told by the content: Praat's TextGrid (long or short text format), gentle's
    align.csv or align.json, or a table with a row per word (CSV, TSV, BIDS events, The Little
    Prince's word table). Times are repaired where that is safe, else refused.

    Parameters
    ----------
    path : Path
        The file, of up to 50 MB.
    story : str, optional
        For a file of one story, its name; by default the file's name without its ending, or the
        folder's for an ``align.csv``. For a table of several (column ``story`` or ``section``),
        the one to read.
    tier : str, optional
        The word tier of a TextGrid, where neither names nor looks tell which one it is.

    Returns
    -------
    tuple of Words
        One per story, in the order of the file; times in seconds from each story's start.

    Raises
    ------
    InputError
        If the file cannot be read, has no words, or times that cannot be repaired.
    """
    text, is_guess = read_text(path)
    stories = _transcripts(text, path, story or story_name(path), tier)
    if is_guess:
        what = "encoding not stated and not UTF-8: read as Latin-1, check its accented letters"
        stories = [part.noted(what, range(len(part))) for part in stories]
    return tuple(clean_words(part) for part in _chosen(stories, story, path))


def story_name(path: Path) -> str:
    """Name the story of a transcript that names none itself.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        The file's name without its ending and without BIDS's ``_events``; the folder's for a
        name, such as ``align.csv``, that says nothing.
    """
    stem = path.stem.removesuffix("_events")
    folder = path.resolve().parent.name
    return folder if stem.lower() in _NAMELESS and folder else stem


def _transcripts(text: str, path: Path, story: str, tier: str | None) -> list[Transcript]:
    if is_textgrid(text):
        return [textgrid_transcript(text, path.name, story, tier)]
    if tier is not None:
        raise InputError(
            f"{path.name} is not a TextGrid, so it has no tier {tier!r}; leave it out."
        )
    if text.lstrip().startswith("{"):
        return [gentle_json_transcript(text, path.name, story)]
    rows, delimiter = read_rows(text, path)
    if is_gentle_csv(rows):
        return [gentle_csv_transcript(rows, path.name, story)]
    return table_transcripts(rows, delimiter, path.name, story)


def _chosen(stories: Sequence[Transcript], wanted: str | None, path: Path) -> list[Transcript]:
    if wanted is None:
        return list(stories)
    if len(stories) == 1:
        return [replace(stories[0], story=wanted)]
    chosen = [part for part in stories if part.story == wanted]
    if not chosen:
        names = ", ".join(part.story for part in stories)
        raise InputError(f"{path.name} has no story {wanted!r}; its stories are: {names}.")
    return chosen
