"""``precompute``: make the results that ship with the project."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend.commands.compute import compute
from backend.commands.probe import probe_all
from backend.commands.remove import remove_all
from backend.commands.study import PEREIRA, pereira_sentences
from backend.commands.sweep import report
from backend.encoding.folds import Split
from backend.jobs.config import AnyTask
from backend.jobs.request import DataChoice, build_task
from backend.jobs.stories import choose_stories
from backend.jobs.story_request import build_story_task
from backend.paths import SHIPPED
from backend.store.precomputed import write_precomputed
from backend.store.published import read_published
from backend.store.queries import has_run
from backend.store.reader import ResultStore
from backend.sweeps.engine import Computers
from backend.sweeps.probes import study_probes
from backend.sweeps.removals import study_removals
from backend.sweeps.study import study_sweep

COMPRESSIONS = ("none", "bnb-int8", "bnb-nf4")
SPLITS: tuple[Split, ...] = ("contiguous", "shuffled")
SUBJECTS = ("sub-01", "sub-02", "sub-03")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "precompute",
        help="make precomputed/results.duckdb again",
        description="Encode the Pereira 2018 language network with MiniLM, uncompressed, int8 and "
        "NF4, on contiguous and shuffled folds, and the demo cortex, run the study (small models, "
        "random twins, every compression), its probes, facts and removals, and gather the scores, "
        "and what the store holds of the models' sizes and speeds, with the published figures "
        "into one DuckDB file. Scores only: neither sentences nor responses "
        "are stored.",
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {PEREIRA}")
    parser.add_argument("--reference", type=Path, required=True, help="folder of published figures")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="keep the runs here, so that what was interrupted goes on (default: nowhere)",
    )  # fmt: skip
    parser.add_argument(
        "--without-study", action="store_true",
        help="do not compute what is missing of the study; what --store holds of it goes in",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute every run in a store of its own, then gather them."""
    published = read_published(arguments.reference)
    data = pereira_sentences(arguments.data)
    with tempfile.TemporaryDirectory(prefix="cortexscale-") as scratch:
        store = arguments.store or Path(scratch)
        for task in _tasks(data, store):
            config = task.config
            print(f"{config.dataset}, {config.subject}: {config.compression}, {config.split}")
            if not has_run(ResultStore(store), config.run_id):
                compute(task)
        code = 0 if arguments.without_study else _study(data, store)
        write_precomputed(ResultStore(store), published, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")
    return code


def _study(data: DataChoice, store: Path) -> int:
    # Importing dask takes a second, which a wrong folder should not cost.
    from backend.sweeps.run import run_sweep

    code = report(run_sweep(study_sweep(data.path), store, Computers()), "the same command")
    failed = probe_all([each.task(store) for each in study_probes()], store, again=False)
    failed += remove_all(study_removals(data, store), store, again=False)
    return max(code, 1 if failed else 0)


def _tasks(data: DataChoice, store: Path) -> Iterator[AnyTask]:
    for split in SPLITS:
        for compression in COMPRESSIONS:
            yield build_task(data, "minilm-l6", store, compression=compression, split=split)[0]
    for subject in SUBJECTS:
        yield build_story_task(choose_stories("demo-cortex", subject), "minilm-l6", store)
