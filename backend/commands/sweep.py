"""``plan`` and ``run``: whole sweeps from one file."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from backend.errors import InputError
from backend.paths import default_store
from backend.sweeps.background import start_sweep
from backend.sweeps.config import read_sweep
from backend.sweeps.driver import Ended
from backend.sweeps.engine import Computers
from backend.sweeps.folder import LOG
from backend.sweeps.plan import Layout, SweepCost, cost_of, lay_against
from backend.sweeps.words import gigabytes

EXAMPLE = """an example:
  name: overnight
  models: [cortexscale-1m, cortexscale-1m:random, minilm-l6]
  compressions: [none, bnb-nf4, gptq-w4a16]       # or: all; those that do not apply are left out
  datasets:
  - demo-sentences
  - dataset: demo-cortex                            # a name, a table or a folder
    subjects: [sub-01, sub-02]                      # default: all
    targets: regions
    permutations: 0
  contexts: [64, 128]                               # of stories
  seeds: [0]
  first: [sub-02, bnb-nf4]                          # their runs come before all others
"""
_SHOWN = 12


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both subcommands."""
    plan = commands.add_parser(
        "plan",
        help="say what a sweep would do and take; compute nothing",
        description="Say which runs of a sweep are in the store, what there is to do, and what "
        "that takes in hours, disk and download, by what the store remembers of such runs.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run = commands.add_parser(
        "run",
        help="do what is missing of a sweep",
        description="Do what is missing of a sweep. Whatever stopped it, the same command goes on "
        "from there: nothing is computed twice.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for parser in (plan, run):
        parser.add_argument("sweep", type=Path, metavar="SWEEP.yaml")
        parser.add_argument("--store", type=Path, metavar="FOLDER")
        add_computers(parser)
    plan.set_defaults(run=run_plan)
    run.add_argument(
        "--retry-failed", action="store_true", help="try again what failed, and nothing else"
    )
    run.add_argument(
        "--background", action="store_true",
        help="go on without this terminal; watch with: python -m backend jobs",
    )  # fmt: skip
    run.set_defaults(run=run_run)


def add_computers(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where to compute."""
    group = parser.add_argument_group("where")
    group.add_argument(
        "--workers", type=int, metavar="N",
        help="processes (default: one for each GPU, else by processors and memory), Slurm jobs, or "
        "those that the scheduler has: a run is cut by layers where workers would stand idle",
    )  # fmt: skip
    group.add_argument("--memory", metavar="SIZE", help="that a worker may hold, such as 16GB")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler that runs")
    where.add_argument(
        "--slurm", action="store_true",
        help="as Slurm jobs, described in ~/.config/dask/jobqueue.yaml (needs dask-jobqueue)",
    )  # fmt: skip


def computers(arguments: argparse.Namespace) -> Computers:
    """Turn the options into what is computed on.

    Raises
    ------
    InputError
        If a number makes no sense.
    """
    if arguments.workers is not None and arguments.workers < 1:
        raise InputError(f"--workers {arguments.workers}: at least 1 is accepted.")
    if arguments.scheduler:
        return Computers("scheduler", arguments.workers, address=arguments.scheduler)
    return Computers("slurm" if arguments.slurm else "local", arguments.workers, arguments.memory)


def run_plan(arguments: argparse.Namespace) -> int:
    """Print a sweep's plan."""
    store = arguments.store or default_store()
    sweep = read_sweep(arguments.sweep)
    layout, tasks = lay_against(sweep, store, computers(arguments).n_workers())
    cost = cost_of(layout, tasks, store)
    print_layout(layout)
    print_cost(cost, len(layout.wanted))
    cost.require(sweep.name)
    return 0


def run_run(arguments: argparse.Namespace) -> int:
    """Run a sweep, here or without this terminal."""
    store = arguments.store or default_store()
    sweep = read_sweep(arguments.sweep)
    where = computers(arguments)
    if arguments.background:
        # Refused here rather than in a log.
        layout, tasks = lay_against(sweep, store)
        cost_of(layout, tasks, store).require(sweep.name)
        folder, pid = start_sweep(sweep, store, _places(arguments))
        print(
            f"{sweep.name} goes on as process {pid}, log in {folder.path / LOG}; watch it with: "
            f"python -m backend jobs --sweep {sweep.name}"
        )
        return 0
    # Importing dask takes a second, which a wrong file should not cost.
    from backend.sweeps.run import run_sweep

    ended = run_sweep(sweep, store, where, retry_failed=arguments.retry_failed, say=_say)
    return report(ended, f"python -m backend run {arguments.sweep} --retry-failed")


def _places(arguments: argparse.Namespace) -> list[str]:
    """Say again, as options, where to compute and what to try."""
    return [
        *(["--workers", str(arguments.workers)] if arguments.workers else []),
        *(["--memory", arguments.memory] if arguments.memory else []),
        *(["--scheduler", arguments.scheduler] if arguments.scheduler else []),
        *(["--slurm"] if arguments.slurm else []),
        *(["--retry-failed"] if arguments.retry_failed else []),
    ]


def report(ended: Ended, again: str) -> int:
    """Print how a sweep ended, with what failed and why.

    Returns
    -------
    int
        Exit code: 0 done, 1 something failed, 130 cancelled.
    """
    if ended.failures:
        print(f"\n{len(ended.failures)} failed; try them alone with: {again}")
        for piece, result in ended.failures:
            print(f"- {piece.kind} {piece.title}: {result.reason}")
    return {"done": 0, "failed": 1, "cancelled": 130}[ended.state]


def print_layout(layout: Layout) -> None:
    """Print what there is to do."""
    kinds = [piece.kind for piece in layout.pieces]
    print(f"sweep      {layout.sweep.name}: {layout.n_cells} runs")
    print(f"there      {len(layout.there)} in the store already")
    blocks = f", in {kinds.count('layers')} blocks of layers" if "layers" in kinds else ""
    print(
        f"to do      {kinds.count('model')} models to write compressed, {kinds.count('states')} "
        f"stories to read, {kinds.count('run')} runs to fit{blocks}"
    )
    _print_reasons("left out", "the compression does not apply to the model", layout.left_out)
    _print_reasons("wrong", "cannot be asked for", layout.wrong)


def print_cost(cost: SweepCost, n_runs: int) -> None:
    """Print what a sweep takes."""
    if n_runs == 0:
        return
    unit = "GPU hours" if cost.device == "cuda" else "hours of one worker without a GPU"
    unknown = f", and {cost.n_unknown} runs of which nothing tells" if cost.n_unknown else ""
    print(f"time       about {cost.seconds / 3600:.2f} {unit}{unknown}")
    sizes = f", and {cost.n_unknown_size} models of unknown size" if cost.n_unknown_size else ""
    print(f"download   {gigabytes(cost.download)}{sizes}")
    print(
        f"disk       {gigabytes(cost.disk)} (compressed models {gigabytes(cost.copies)}, states "
        f"{gigabytes(cost.states)}, results {gigabytes(cost.shards)}); {gigabytes(cost.free)} free"
    )
    _print_reasons("not here", "cannot be run on this machine", cost.problems)


def _print_reasons(name: str, what: str, reasons: Mapping[str, str]) -> None:
    if not reasons:
        return
    print(f"{name:<10} {len(reasons)} runs: {what}")
    for title, reason in list(reasons.items())[:_SHOWN]:
        print(f"           - {title}: {reason}")
    if len(reasons) > _SHOWN:
        print(f"           and {len(reasons) - _SHOWN} more")


def _say(line: str) -> None:
    print(line, flush=True)
