"""``simulate-store``: a large store of invented results, to measure the app with."""

import argparse
import time
from pathlib import Path

from backend.jobs.progress import Terminal
from backend.jobs.simulated_store import plan_store, simulate_store


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "simulate-store",
        help="make a large store of invented results, to measure the app with",
        description="Write a store of invented scores (evidence: simulated): 30 models, 12 "
        "compressions, 9 subjects, 8 regions in both hemispheres and 8 folds at full size, and "
        "maps of fsaverage5. Nothing in it was computed from any recording. Open it with: "
        "CORTEXSCALE_STORE=FOLDER streamlit run app.py",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new or empty")
    parser.add_argument(
        "--rows", type=int, default=10_000_000, help="of roi_scores (default: 10 million)"
    )
    parser.add_argument("--maps", type=int, default=20_000, help="of 20,484 targets each")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, write, and say what is there."""
    layout = plan_store(arguments.rows, arguments.maps, arguments.seed)
    started, progress = time.perf_counter(), Terminal()
    try:
        simulate_store(arguments.out, layout, progress)
    finally:
        progress.close()
    n_bytes = sum(path.stat().st_size for path in arguments.out.rglob("*.parquet"))
    print(
        f"{arguments.out}: {len(layout.runs()):,} runs, {layout.maps:,} maps, "
        f"{n_bytes / 1e9:.2f} GB, {time.perf_counter() - started:.0f} s"
    )
    return 0
