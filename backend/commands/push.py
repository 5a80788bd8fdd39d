"""``push``: finished runs copied to shared storage."""

import argparse
from pathlib import Path

from tqdm import tqdm

from backend.paths import SHARED_VARIABLE, default_store
from backend.store.shared import SharedStore


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "push",
        help="copy finished runs to shared storage, such as s3://bucket/prefix",
        description="Copy the runs that shared storage lacks, each file whole and the one that "
        f"makes a run count last. Who sets {SHARED_VARIABLE} to the same address reads them beside "
        "their own, where they lie. s3:// takes: pip install -r requirements-s3.txt",
    )
    parser.add_argument("address", help="s3://bucket/prefix, a folder, or what else fsspec knows")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_STORE or runs/"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy, and say how much there was."""
    shared = SharedStore(arguments.address)
    n_copied = sum(1 for _ in tqdm(shared.push(arguments.store or default_store()), unit="run"))
    print(
        f"{n_copied} run(s) copied to {shared.url}; read them with "
        f"{SHARED_VARIABLE}={shared.url} or results --store {shared.url}"
    )
    return 0
