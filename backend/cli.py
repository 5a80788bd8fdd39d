"""The command line: ``python -m backend COMMAND``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from backend import __version__
from backend.commands import (
    cache,
    claims,
    compact,
    compress,
    encode,
    fetch,
    figure,
    jobs,
    label,
    models,
    precompute,
    probe,
    project,
    push,
    pycortex,
    quality,
    remove,
    results,
    simulate_cortex,
    simulate_demo,
    simulate_store,
    study,
    sweep,
    train_family,
    words,
)
from backend.errors import CortexScaleError, InputError
from backend.paths import address_of, default_store, without_password

# Others write to the store that they are given.
_READS_ADDRESSES = ("results", "export", "figure", "claims")
DESCRIPTION = (
    "CortexScale: how a language model's scale and compression change how well it predicts the "
    "brain."
)
EPILOG = """a first session:
  python -m backend encode --dataset demo-sentences --model minilm-l6
  python -m backend encode --dataset demo-cortex
  python -m backend results
  python -m backend export --table layers --out layers.csv
  python -m backend figure "/layers?data=demo-sentences" --out figures
  streamlit run app.py

Exit codes: 0 done, 2 something given cannot be used (the message says what), 130 interrupted.
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with every subcommand."""
    parser = argparse.ArgumentParser(
        prog="python -m backend",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    encode.add_parser(commands)
    fetch.add_parsers(commands)
    compress.add_parser(commands)
    quality.add_parser(commands)
    probe.add_parser(commands)
    label.add_parser(commands)
    remove.add_parser(commands)
    models.add_parser(commands)
    results.add_parsers(commands)
    figure.add_parser(commands)
    claims.add_parser(commands)
    jobs.add_parsers(commands)
    cache.add_parser(commands)
    compact.add_parser(commands)
    push.add_parser(commands)
    project.add_parser(commands)
    pycortex.add_parser(commands)
    precompute.add_parser(commands)
    simulate_demo.add_parser(commands)
    simulate_cortex.add_parser(commands)
    simulate_store.add_parser(commands)
    study.add_parser(commands)
    sweep.add_parsers(commands)
    train_family.add_parser(commands)
    words.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        ``sys.argv[1:]`` by default.

    Returns
    -------
    int
        Exit code.
    """
    arguments = build_parser().parse_args(argv)
    try:
        _require_folders(arguments)
        code = int(arguments.run(arguments))
        # Short output waits in a buffer; a closed pipe is to be noticed here, not at the exit.
        sys.stdout.flush()
        return code
    except CortexScaleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough; leave without a second complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted: nothing half written is left in the store", file=sys.stderr)
        return 130


def _require_folders(arguments: argparse.Namespace) -> None:
    """Refuse an address where a command writes, before it works for hours."""
    named = [getattr(arguments, "out", None)]
    if arguments.command not in _READS_ADDRESSES:
        named += [getattr(arguments, "store", None), default_store()]
    for path in named:
        address = address_of(path) if isinstance(path, Path) else None
        if address is not None:
            raise InputError(
                f"{without_password(address)} is no folder. Results are written to a folder, which "
                "may be a mounted one; copy them to shared storage with: python -m backend push "
                "s3://bucket/prefix, and read them there with CORTEXSCALE_SHARED=s3://bucket/prefix."
            )
