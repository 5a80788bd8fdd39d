"""What ``encode`` says of a run before it starts, and whether it starts."""

import argparse
from pathlib import Path

from backend.datasets import SentenceRecording
from backend.jobs.config import AnyTask
from backend.jobs.planner import Plan, plan_run
from backend.jobs.stories import StoryChoice
from backend.store.queries import has_run
from backend.store.reader import ResultStore
from backend.sweeps.words import gigabytes


def add_plan_option(parser: "argparse._ArgumentGroup") -> None:
    """Add ``--plan``."""
    parser.add_argument(
        "--plan", action="store_true",
        help="say what the run needs in memory, disk and time on this machine, compute nothing",
    )  # fmt: skip


def planned(
    task: AnyTask, data: SentenceRecording | StoryChoice, arguments: argparse.Namespace, store: Path
) -> bool:
    """Plan a run; print the plan where it was asked for; refuse what cannot be run here.

    Parameters
    ----------
    task : Task or StoryTask
    data : SentenceRecording or StoryChoice
    arguments : argparse.Namespace
        With ``plan`` and ``again``.
    store : Path

    Returns
    -------
    bool
        Whether the plan was all that was asked for.

    Raises
    ------
    ModelError
        If the run cannot be started here, unless its result is in the store already.
    """
    known = ResultStore(store)
    if not arguments.plan and has_run(known, task.config.run_id) and not arguments.again:
        return False
    plan = plan_run(task, data, known)
    if arguments.plan:
        print_plan(plan)
    plan.require()
    return bool(arguments.plan)


def print_plan(plan: Plan) -> None:
    """Print what a run needs, a line each.

    Parameters
    ----------
    plan : Plan
    """
    for name, value in plan_lines(plan):
        print(f"{name:<10}{value}")


def plan_lines(plan: Plan) -> list[tuple[str, str]]:
    """Put a plan into words: pairs of a name and what is said of it."""
    memory = "unknown before the model is downloaded"
    if plan.memory is not None:
        memory = (
            f"{gigabytes(plan.memory.peak)} at the peak, {gigabytes(plan.memory.needed)} of which "
            f"must be free; {gigabytes(plan.free)} are free on {plan.device}"
        )
    disk = plan.disk
    parts = [
        f"download {'of unknown size' if disk.download is None else gigabytes(disk.download)}",
        f"copy of the compressed model {gigabytes(disk.copy)}",
        f"states {'unknown' if disk.states is None else gigabytes(disk.states)}",
        f"{gigabytes(disk.free)} are free",
    ]
    seconds = plan.cost.seconds
    time = "unknown" if seconds is None else f"about {seconds:.0f} s"
    return [
        ("model", f"{plan.model}, compression {plan.compression}, on {plan.device}"),
        ("memory", memory),
        ("disk", ", ".join(parts)),
        ("time", f"{time} ({plan.cost.basis})"),
        ("fits", "unknown" if plan.cost.n_fits is None else f"{plan.cost.n_fits} ridge fits"),
        ("verdict", "can be run here" if plan.problem is None else "cannot be run here"),
    ]
