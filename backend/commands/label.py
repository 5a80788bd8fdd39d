"""``label``: label the words of a transcript by a parser, for probes."""

import argparse
import csv
from pathlib import Path

from backend.errors import InputError
from backend.probing.parsed_labels import COLUMNS, label_transcript, load_parser

MODEL = "en_core_web_sm"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "label",
        help="label the words of a transcript by spaCy, for probe --labels",
        description="Parse a transcript's sentences with spaCy, which is installed apart "
        f"(pip install spacy; python -m spacy download {MODEL}), and write a table of labels: "
        "sentence length, depth of the tree, tense, number of the subject and of the object.",
        epilog="examples:\n"
        "  python -m backend label story.csv --out labels.csv\n"
        "  python -m backend probe --model minilm-l6 --labels labels.csv --transcript story.csv\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("transcript", type=Path, metavar="FILE", help="as for words")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="table to write")
    parser.add_argument(
        "--model", default=MODEL, metavar="NAME", help=f"of spaCy (default: {MODEL})"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the table, and say what is in it."""
    rows = label_transcript(arguments.transcript, load_parser(arguments.model))
    try:
        with arguments.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"{arguments.out} cannot be written: {error.strerror}.") from error
    print(f"{arguments.out}: {len(rows)} words, labels {', '.join(COLUMNS[1:])}")
    print(
        f"next: python -m backend probe --labels {arguments.out} --transcript "
        f"{arguments.transcript}"
    )
    return 0
