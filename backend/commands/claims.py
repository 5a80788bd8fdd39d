"""``claims``: what the store says of published claims."""

import argparse
import json
import textwrap
from pathlib import Path

from backend import catalog
from backend.catalog import published_claims
from backend.comparisons.claims import claims_table, decided_by, judge, summary
from backend.comparisons.claims_material import default_selection, sized_models
from backend.comparisons.claims_verdict import MARGIN, OwnSizes, Settings, Verdict
from backend.comparisons.claims_words import effect_line
from backend.figures.labels import SPLIT_TITLES, dataset_title
from backend.paths import PRECOMPUTED, address_of, default_store, shared_results
from backend.store.reader import ResultStore
from backend.store.selection import Selection

_WIDTH = 100


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "claims",
        help="test published claims on what is in the store",
        description="Test each published claim on one data set: supported, contradicted, "
        "undecided or no data, with effect, interval and n, and the run that would decide it.",
        epilog="examples:\n  python -m backend claims\n"
        "  python -m backend claims --dataset pereira2018-language-network --margin 0.01\n"
        "  python -m backend claims --own-sizes --json\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", help="default: a measured one where there is any")
    parser.add_argument(
        "--split", choices=tuple(SPLIT_TITLES), help="default: one that does not leak"
    )
    parser.add_argument(
        "--margin", type=float, default=MARGIN, metavar="R",
        help=f"the smallest difference in r that matters (default: {MARGIN:g})",
    )  # fmt: skip
    parser.add_argument(
        "--own-sizes", action="store_true",
        help="test the same at the sizes that the store has: another scale than the published one",
    )  # fmt: skip
    parser.add_argument("--small", metavar="MODEL", help="with --own-sizes; default: the smallest")
    parser.add_argument("--large", metavar="MODEL", help="with --own-sizes; default: the largest")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER",
        help="a folder, or an address such as s3://bucket/prefix (default: $CORTEXSCALE_STORE or "
        "runs/); precomputed results are always there",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the claims and their verdicts."""
    # A store that does not exist yet has an answer as well: no data.
    named = arguments.store or default_store()
    store = ResultStore(named, PRECOMPUTED, shared=address_of(named) or shared_results())
    selection = default_selection(store, arguments.dataset, arguments.split)
    settings = Settings(arguments.margin, _own_sizes(store, selection, arguments))
    verdicts = judge(store, selection, settings)
    if arguments.json:
        rows = json.loads(claims_table(verdicts, selection).to_json(orient="records"))
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for verdict in verdicts:
        _print(verdict)
    print(
        f"{summary(verdicts)}\nData set: {dataset_title(selection.dataset or '')}, "
        f"{SPLIT_TITLES[selection.split or '']}, {selection.evidence}; margin {settings.margin:g} r"
    )
    return 0


def _own_sizes(
    store: ResultStore, selection: Selection, arguments: argparse.Namespace
) -> OwnSizes | None:
    if not (arguments.own_sizes or arguments.small or arguments.large):
        return None
    names = list(sized_models(store, selection)["model"])
    small = arguments.small or (names[0] if names else None)
    return OwnSizes(small, arguments.large or (names[-1] if names else None))


def _print(verdict: Verdict) -> None:
    entry = published_claims()[verdict.key]
    own = " (at your own sizes)" if verdict.own_sizes else ""
    print(f"{verdict.status.upper()}{own}: {entry.title}")
    lines = [
        f"{entry.claim} {catalog.citations()[entry.citation].short}.",
        effect_line(verdict),
        verdict.sentence,
        f"Decided by: {decided_by(entry, verdict.margin)}",
    ]
    for line in filter(None, lines):
        print(textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="  "))
    if verdict.missing:
        # Not broken into lines: it is to be copied.
        print(f"  Next: {verdict.missing[0].command}")
    print()
