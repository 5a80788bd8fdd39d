"""``words``: read transcripts, say what is in them and what was repaired."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from backend.errors import InputError
from backend.stimuli import Words, read_words

_SILENCE = 1.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "words",
        help="read transcripts with word times, and say what was repaired",
        description="Read the words of one or more stories, with their times, and report words, "
        "seconds, silences and every repair. The format is told by the content: Praat TextGrid "
        "(long or short), gentle's align.csv or align.json, BIDS events.tsv, or a CSV or TSV "
        "table with the columns word, onset and offset (or duration), in seconds from the "
        "story's start; a column story or section tells several stories apart.",
        epilog="examples:\n"
        "  python -m backend words story1.TextGrid story2.TextGrid\n"
        "  python -m backend words story1.TextGrid --tier ORT-MAU\n"
        "  python -m backend words 21styear/align.csv --story 21styear --csv 21styear.csv\n"
        "  python -m backend words lppEN_word_information.csv --story section3\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="transcripts")
    parser.add_argument(
        "--tier", metavar="TIER", help="word tier of a TextGrid (default: found by name or looks)"
    )
    parser.add_argument(
        "--story", metavar="NAME",
        help="name of the story, or which of a table's stories to read (default: the file's name)",
    )  # fmt: skip
    parser.add_argument(
        "--csv", type=Path, metavar="OUT",
        help="write the clean table: word, onset, offset, estimated, sentence",
    )  # fmt: skip
    parser.set_defaults(run=report_words)


def report_words(arguments: argparse.Namespace) -> int:
    """Print a report of each story, and write the table where one is asked for."""
    if arguments.story is not None and len(arguments.files) > 1:
        raise InputError(
            f"--story {arguments.story} was given with {len(arguments.files)} files; it names the "
            "story of one. Give the files one at a time."
        )
    stories: list[Words] = []
    for path in arguments.files:
        for words in read_words(path, arguments.story, arguments.tier):
            stories.append(words)
            print(f"{words.story} ({path.name})")
            print("\n".join(f"  {line}" for line in describe_words(words)))
    if len(stories) > 1:
        print(
            f"{len(stories)} stories: {sum(map(len, stories)):,} words, "
            f"{sum(words.seconds for words in stories):,.1f} s"
        )
    if arguments.csv is not None:
        _write(stories, arguments.csv)
    return 0


def describe_words(words: Words) -> list[str]:
    """Say in a few lines what a story's words are and what was repaired.

    Parameters
    ----------
    words : Words

    Returns
    -------
    list of str
    """
    spoken = words.seconds - float(words.onsets[0])
    rate = f", {len(words) / spoken:.2f} words per second" if spoken > 0 else ""
    lines = [f"{len(words):,} words in {words.seconds:,.2f} s{rate}", _silences(words)]
    if words.sentences is not None:
        n_sentences = len(np.unique(words.sentences))
        lines.append(f"{n_sentences:,} sentences of {len(words) / n_sentences:.1f} words")
    else:
        lines.append("sentences: not told by the transcript")
    if words.n_phonemes is not None:
        lines.append(f"{int(words.n_phonemes.sum()):,} phonemes")
    if words.estimated.any():
        lines.append(f"words with estimated times: {int(words.estimated.sum()):,}")
    if not words.repairs:
        return [*lines, "nothing was repaired"]
    lines.extend(
        f"repaired: {fix.what}: {fix.count:,}, e.g. {fix.example}" for fix in words.repairs
    )
    return lines


def _silences(words: Words) -> str:
    """Describe gaps of more than a second, the one before the first word among them."""
    ends = np.concatenate([[0.0], words.offsets[:-1]])
    gaps = words.onsets - ends
    n_long = int((gaps > _SILENCE).sum())
    if n_long == 0:
        return f"no silence over {_SILENCE:g} s"
    at = int(np.argmax(gaps))
    where = f"after {words.words[at - 1]!r}" if at else "before the first word"
    return (
        f"{n_long:,} silence{'s' if n_long > 1 else ''} over {_SILENCE:g} s, the longest "
        f"{gaps[at]:.2f} s at {ends[at]:.2f} s, {where}"
    )


def _write(stories: Sequence[Words], path: Path) -> None:
    table = pd.concat([_table(words) for words in stories], ignore_index=True)
    if len(stories) == 1:
        table = table.drop(columns="story")
    try:
        table.to_csv(path, index=False)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    print(f"{path}: {len(table):,} rows")


def _table(words: Words) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "story": words.story,
            "word": words.words,
            "onset": np.round(words.onsets, 6),
            "offset": np.round(words.offsets, 6),
            "estimated": words.estimated,
            "sentence": "" if words.sentences is None else words.sentences,
        }
    )
    return table if words.n_phonemes is None else table.assign(n_phonemes=words.n_phonemes)
