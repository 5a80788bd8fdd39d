"""``simulate-cortex``: make the demo stories' word times, and its subjects' responses."""

import argparse
import time
from pathlib import Path

from backend.demo.stories import FOLDER, word_table
from backend.demo.subjects import SUBJECTS
from backend.errors import InputError
from backend.paths import cache_folder


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "simulate-cortex",
        help="make the demo cortex's responses, or its stories' word times again",
        description="Simulate the subjects of demo-cortex into the cache, as its first use does. "
        "With --words, write the word times of the demo's stories beside their texts instead: "
        "needed only after a change of a story or of backend/datasets/speaking.py.",
    )
    parser.add_argument(
        "--subject", action="append", choices=tuple(SUBJECTS), help="default: all; may be repeated"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_CACHE or cache/"
    )
    parser.add_argument(
        "--words", type=Path, nargs="?", const=FOLDER, metavar="FOLDER",
        help="write word tables for the *.txt of this folder (default: the demo's own)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write word tables, or simulate subjects."""
    if arguments.words is not None:
        return _write_tables(arguments.words)
    # Imported here since it takes a second, which no other command should pay.
    from backend.demo.recording import load_demo_cortex

    folder = arguments.cache or cache_folder()
    for subject in arguments.subject or SUBJECTS:
        started = time.perf_counter()
        recording = load_demo_cortex(subject, folder)
        trs = sum(len(run.responses) for run in recording.runs)
        print(
            f"{subject}: {len(recording.runs)} runs, {trs} TRs, {recording.space.n_targets} "
            f"targets, {time.perf_counter() - started:.0f} s"
        )
    return 0


def _write_tables(folder: Path) -> int:
    texts = sorted(folder.glob("*.txt"))
    if not texts:
        raise InputError(f"there is no *.txt in {folder}; name a folder of stories.")
    for text in texts:
        table = word_table(text)
        out = text.with_suffix(".csv")
        table.to_csv(out, index=False, lineterminator="\n")
        seconds = float(table["offset"].iloc[-1])
        print(
            f"{out}: {len(table)} words, {seconds:.0f} s, {60 * len(table) / seconds:.0f} a minute"
        )
    return 0
