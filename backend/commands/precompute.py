"""``precompute``: make the results that ship with the project."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend.commands.compute import compute
from backend.encoding.folds import Split
from backend.errors import InputError
from backend.jobs.config import AnyTask
from backend.jobs.request import DataChoice, build_task, choose_data
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.paths import PRECOMPUTED
from backend.store.precomputed import write_precomputed
from backend.store.published import read_published
from backend.store.queries import has_run
from backend.store.reader import ResultStore

PEREIRA = "pereira2018_language_network.csv"
COMPRESSIONS = ("none", "bnb-int8", "bnb-nf4")
SPLITS: tuple[Split, ...] = ("contiguous", "shuffled")


SUBJECTS = ("sub-01", "sub-02", "sub-03")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "precompute",
        help="make precomputed/results.duckdb again",
        description="Encode the Pereira 2018 language network with MiniLM, uncompressed, int8 and "
        "NF4, on contiguous and shuffled folds, and the demo cortex, and gather the scores with "
        "the published figures into one DuckDB file. Scores only: neither sentences nor responses "
        "are stored.",
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {PEREIRA}")
    parser.add_argument("--reference", type=Path, required=True, help="folder of published figures")
    parser.add_argument("--out", type=Path, default=PRECOMPUTED)
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="keep the runs here, so that what was interrupted goes on (default: nowhere)",
    )  # fmt: skip
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
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        store = arguments.store or Path(scratch)
        for task in _tasks(data, store):
            config = task.config
            print(f"{config.dataset}, {config.subject}: {config.compression}, {config.split}")
            if not has_run(ResultStore(store), config.run_id):
                compute(task)
        write_precomputed(ResultStore(store), published, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _tasks(data: DataChoice, store: Path) -> Iterator[AnyTask]:
    for split in SPLITS:
        for compression in COMPRESSIONS:
            yield build_task(data, "minilm-l6", store, compression=compression, split=split)[0]
    for subject in SUBJECTS:
        yield build_story_task(choose_stories("demo-cortex", subject), "minilm-l6", store)
