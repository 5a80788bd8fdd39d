"""``results`` and ``export``: list what is in the store, and take it out as CSV."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from backend.commands.encode import print_run, shipped_store
from backend.commands.encode_stories import print_story_run
from backend.commands.probe import print_probes
from backend.commands.quality import print_quality
from backend.commands.remove import print_removals
from backend.comparisons.removal import removal_falls
from backend.encoding.story_folds import STORY_SPLITS
from backend.errors import InputError
from backend.paths import default_store
from backend.store.probe_queries import probe_scores
from backend.store.queries import (
    METRICS,
    baseline_scores,
    layer_curves,
    model_quality,
    published,
    runs,
)
from backend.store.reader import ResultStore
from backend.store.removal_queries import removal_scores
from backend.store.selection import Selection

TABLES = ("layers", "baselines", "runs", "quality", "probes", "removals", "published")
_OF_RUNS = ("dataset", "subject", "split", "evidence", "roi")
_SHOWN = [
    "run_id", "evidence", "dataset", "subject", "model", "compression", "split", "n_samples", "roi",
    "best_layer", "best_r", "created_at",
]  # fmt: skip


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both subcommands."""
    results = commands.add_parser(
        "results",
        help="list and filter what is in the store",
        description="List runs, newest first, each with its best layer; or what was measured of "
        "models.",
        epilog="examples:\n  python -m backend results --dataset demo-sentences\n"
        "  python -m backend results --evidence measured --split contiguous\n"
        "  python -m backend results --run RUN_ID\n"
        "  python -m backend results --quality --model cortexscale-7m\n"
        "  python -m backend results --probes --model cortexscale-7m\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_filters(results)
    results.add_argument(
        "--run", dest="run_id_wanted", metavar="RUN_ID", help="print one run's whole table"
    )
    results.add_argument(
        "--quality", action="store_true",
        help="print models' sizes, perplexities and speeds instead (--model and --compression "
        "filter)",
    )  # fmt: skip
    results.add_argument(
        "--probes", action="store_true",
        help="print what probes read of models' states instead (--model and --compression filter)",
    )  # fmt: skip
    results.add_argument(
        "--removals", action="store_true",
        help="print what predictivity loses without what probes read instead (--dataset, --split, "
        "--evidence, --roi, --model and --compression filter)",
    )  # fmt: skip
    results.set_defaults(run=list_results)
    export = commands.add_parser(
        "export",
        help="write results as CSV",
        description="Write a tidy CSV: a row per run, response and layer or baseline, each with "
        "its data set, n, split, evidence and citation; or a row per model, compression and "
        "held-out text (quality), or task and layer (probes), or removal (removals).",
        epilog="examples:\n  python -m backend export --table layers --out layers.csv\n"
        "  python -m backend export --table baselines --split shuffled > baselines.csv\n"
        "  python -m backend export --table quality --model cortexscale-7m > quality.csv\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_filters(export)
    export.add_argument("--table", choices=TABLES, default="layers", help="default: layers")
    export.add_argument("--metric", choices=METRICS, default="r", help="of the layers (default: r)")
    export.add_argument("--out", type=Path, help="file to write (default: standard output)")
    export.set_defaults(run=export_results)


def list_results(arguments: argparse.Namespace) -> int:
    """Print the runs that fit the filters."""
    store = shipped_store(arguments.store or default_store())
    if arguments.run_id_wanted:
        return _print_one(store, arguments.run_id_wanted)
    if arguments.quality:
        return _list_quality(store, arguments)
    if arguments.probes:
        return _list_probes(store, arguments)
    if arguments.removals:
        return _list_removals(store, arguments)
    table = runs(store, _selection(arguments))
    _report_problems(store)
    if table.empty:
        print("no runs fit; leave a filter out, or make some with: python -m backend encode --help")
        return 0
    table["created_at"] = table["created_at"].dt.strftime("%Y-%m-%d %H:%M")
    print(table[_SHOWN].to_string(index=False, float_format="{:.3f}".format))
    print(f"\n{len(table)} run(s); best_r is the mean over folds of the best layer and response")
    return 0


def export_results(arguments: argparse.Namespace) -> int:
    """Write the rows that fit the filters."""
    store = shipped_store(arguments.store or default_store())
    selection = _selection(arguments)
    frame = {
        "layers": lambda: layer_curves(store, selection, arguments.metric),
        "baselines": lambda: baseline_scores(store, selection),
        "runs": lambda: runs(store, selection),
        "quality": lambda: _of_models(model_quality(store), arguments),
        "probes": lambda: _of_models(probe_scores(store), arguments),
        "removals": lambda: _removals(store, arguments),
        "published": lambda: published(store).convert_dtypes().assign(evidence="published"),
    }[arguments.table]()
    _report_problems(store)
    frame = frame.rename(columns={"source": "citation"})
    if arguments.out is None:
        frame.to_csv(sys.stdout, index=False)
        return 0
    try:
        frame.to_csv(arguments.out, index=False)
    except OSError as error:
        raise InputError(f"{arguments.out} cannot be written: {error.strerror}.") from error
    print(f"{arguments.out}: {len(frame)} rows")
    return 0


def _add_filters(parser: argparse.ArgumentParser) -> None:
    filters = parser.add_argument_group("filters")
    filters.add_argument("--dataset")
    filters.add_argument("--model", action="append", default=[], help="may be repeated")
    filters.add_argument("--compression", action="append", default=[], help="may be repeated")
    filters.add_argument("--subject")
    filters.add_argument(
        "--split", choices=("contiguous", "grouped", *STORY_SPLITS[:2], "shuffled")
    )
    filters.add_argument("--evidence", choices=("measured", "simulated"))
    filters.add_argument("--roi", metavar="RESPONSE")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="default: $CORTEXSCALE_STORE or runs/; precomputed results are always there",
    )  # fmt: skip


def _selection(arguments: argparse.Namespace) -> Selection:
    return Selection(
        dataset=arguments.dataset,
        subjects=(arguments.subject,) if arguments.subject else (),
        rois=(arguments.roi,) if arguments.roi else (),
        split=arguments.split,
        models=tuple(arguments.model),
        compressions=tuple(arguments.compression),
        evidence=arguments.evidence,
    )


def _of_models(frame: pd.DataFrame, arguments: argparse.Namespace) -> pd.DataFrame:
    """Narrow what belongs to models and not to runs on recordings."""
    given = [f"--{name}" for name in _OF_RUNS if getattr(arguments, name)]
    if given:
        raise InputError(
            "what is measured of a model alone has no recording, so "
            f"{', '.join(given)} cannot narrow it; accepted are --model and --compression."
        )
    for column in ("model", "compression"):
        if wanted := getattr(arguments, column):
            frame = frame[frame[column].isin(wanted)]
    return frame


def _list_quality(store: ResultStore, arguments: argparse.Namespace) -> int:
    frame = _of_models(model_quality(store), arguments)
    _report_problems(store)
    if frame.empty:
        print("nothing fits; leave a filter out, or measure with: python -m backend quality --help")
    else:
        print_quality(frame)
    return 0


def _list_probes(store: ResultStore, arguments: argparse.Namespace) -> int:
    frame = _of_models(probe_scores(store), arguments)
    _report_problems(store)
    if frame.empty:
        print("nothing fits; leave a filter out, or probe with: python -m backend probe --help")
    else:
        print_probes(frame)
    return 0


def _list_removals(store: ResultStore, arguments: argparse.Namespace) -> int:
    frame = _removals(store, arguments)
    _report_problems(store)
    if frame.empty:
        print("nothing fits; leave a filter out, or measure with: python -m backend remove --help")
    else:
        print_removals(frame)
    return 0


def _removals(store: ResultStore, arguments: argparse.Namespace) -> pd.DataFrame:
    frame = removal_falls(removal_scores(store, arguments.dataset, arguments.split))
    for column in ("subject", "evidence", "roi"):
        if wanted := getattr(arguments, column):
            frame = frame[frame[column] == wanted]
    for column in ("model", "compression"):
        if wanted := getattr(arguments, column):
            frame = frame[frame[column].isin(wanted)]
    return frame


def _print_one(store: ResultStore, run_id: str) -> int:
    known = runs(store).set_index("run_id")
    if run_id not in known.index:
        raise InputError(f"there is no run {run_id!r}; list them with: python -m backend results")
    # Only words in a story have a context.
    of_stories = run_id in known.index[known["context_length"].notna()]
    (print_story_run if of_stories else print_run)(store, run_id)
    return 0


def _report_problems(store: ResultStore) -> None:
    for problem in store.problems:
        print(
            f"warning: {problem.place} cannot be read and was "
            f"left out ({problem.reason}). Delete it and compute the run again.",
            file=sys.stderr,
        )
