"""``precompute``: make the results that ship with the project."""

import argparse
import tempfile
from pathlib import Path

from backend.encoding.folds import Split
from backend.errors import InputError
from backend.jobs.progress import Terminal
from backend.jobs.request import build_task, choose_data
from backend.paths import PRECOMPUTED
from backend.store.precomputed import write_precomputed
from backend.store.published import read_published
from backend.store.reader import ResultStore

PEREIRA = "pereira2018_language_network.csv"
COMPRESSIONS = ("none", "bnb-int8", "bnb-nf4")
SPLITS: tuple[Split, ...] = ("contiguous", "shuffled")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "precompute",
        help="make precomputed/results.duckdb again",
        description="Encode the Pereira 2018 language network with MiniLM, uncompressed, int8 and "
        "NF4, on contiguous and shuffled folds, and gather the scores with the published figures "
        "into one DuckDB file. Scores only: neither sentences nor responses are stored.",
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {PEREIRA}")
    parser.add_argument("--reference", type=Path, required=True, help="folder of published figures")
    parser.add_argument("--out", type=Path, default=PRECOMPUTED)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute every run in a store of its own, then gather them."""
    published = read_published(arguments.reference)
    data = choose_data(str(arguments.data / PEREIRA))
    if data.entry is None:
        raise InputError(
            f"{PEREIRA} is not the file that the catalogue knows (its checksum differs), so its "
            "results cannot be filed under that data set."
        )
    from backend.jobs.encode import run_encoding

    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        store = Path(scratch)
        for split in SPLITS:
            for compression in COMPRESSIONS:
                task, _ = build_task(data, "minilm-l6", store, compression=compression, split=split)
                print(f"{compression}, {split} folds")
                progress = Terminal()
                run_encoding(task, progress)
                progress.close()
        write_precomputed(ResultStore(store), published, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0
