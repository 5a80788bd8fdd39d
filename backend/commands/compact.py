"""``compact``: a store's many files gathered into one, for speed."""

import argparse
from pathlib import Path

from tqdm import tqdm

from backend.paths import cache_folder, default_store
from backend.store.compact import compact
from backend.store.compacted import compacted_file


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "compact",
        help="gather a store's many files into one, which the app reads faster",
        description="Copy the scores of a store into one file in the cache; maps stay where they "
        "are. The app does it by itself when many runs have come; only these are read then. The "
        "store stays as it is and is what counts: the file can be deleted at any time.",
    )
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="default: $CORTEXSCALE_STORE or runs/"
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="default: a file in the cache")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Gather, and say how much there is."""
    store = arguments.store or default_store()
    path = arguments.to or compacted_file(store, cache_folder())
    with tqdm(desc="gathering runs", unit="run") as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        n_runs = compact(store, path, advance)
    size = path.stat().st_size / 1e6
    print(f"{path}: {n_runs:,} runs of {store}, {size:.0f} MB")
    return 0
