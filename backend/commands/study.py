"""``study``: the small models, their random twins and MiniLM, under every compression."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from backend import catalog
from backend.errors import CortexScaleError, InputError
from backend.jobs.config import AnyTask
from backend.jobs.request import DataChoice, choose_data
from backend.jobs.study import TRAINED, TWINS, Cell, StudyTasks, against, study_cells
from backend.paths import default_store
from backend.store.queries import has_run
from backend.store.reader import ResultStore

PEREIRA = "pereira2018_language_network.csv"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "study",
        help="small models and random twins under every compression, on sentences and stories",
        description="Encode the Pereira 2018 language network (measured) and the demo cortex "
        "(simulated) with every small model, its random twin and MiniLM, under every compression "
        "that applies. What is in the store already is not computed again, so that a study that "
        "was stopped goes on when the command is given again. Measure the models themselves with: "
        "python -m backend quality",
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {PEREIRA}")
    parser.add_argument("--model", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--compression", action="append", metavar="NAME", help="only this one; may be repeated"
    )
    parser.add_argument(
        "--subject", action="append", help="of the demo cortex; only this one, may be repeated"
    )
    parser.add_argument(
        "--only", choices=("sentences", "cortex"), help="one of the two data sets alone"
    )
    parser.add_argument("--store", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="say what there is to do, and stop")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compute what is missing, and list what failed."""
    cells = choose_cells(arguments)
    sentences = pereira_sentences(arguments.data)
    store = arguments.store or default_store()
    if arguments.list:
        print("\n".join(describe(cell) for cell in cells))
        return 0
    failures = run_cells(cells, sentences, store)
    if failures:
        print(f"\n{len(failures)} failed; the same command tries them again:")
        print("\n".join(f"- {cell.title}: {reason}" for cell, reason in failures))
    return 1 if failures else 0


def choose_cells(arguments: argparse.Namespace) -> list[Cell]:
    """Narrow the study to what was asked for.

    Raises
    ------
    InputError
        If a compression or a subject is unknown.
    """
    subjects = catalog.story_datasets()["demo-cortex"].subjects
    for name, given, known in (
        ("compression", arguments.compression, list(catalog.compressions())),
        ("subject", arguments.subject, list(subjects)),
    ):
        unknown = [each for each in given or [] if each not in known]
        if unknown:
            raise InputError(f"unknown {name} {unknown[0]!r}; accepted are {', '.join(known)}.")
    cells = study_cells(
        arguments.model or (*TRAINED, *TWINS), arguments.compression, arguments.subject
    )
    if arguments.only:
        wanted = arguments.only == "sentences"
        cells = [cell for cell in cells if (cell.subject is None) == wanted]
    return cells


def pereira_sentences(folder: Path) -> DataChoice:
    """Find the sentences, and make sure that they are the ones that results are filed under.

    Raises
    ------
    InputError
        If the file is not there, or is another.
    """
    data = choose_data(str(folder / PEREIRA))
    if data.entry is None:
        raise InputError(
            f"{PEREIRA} is not the file that the catalogue knows (its checksum differs), so its "
            "results cannot be filed under that data set."
        )
    return data


def describe(cell: Cell) -> str:
    """Say what a cell is, and why it is left out if it is."""
    reason = against(cell)
    return cell.title if reason is None else f"{cell.title}: does not apply ({reason})"


def run_cells(cells: Sequence[Cell], sentences: DataChoice, store: Path) -> list[tuple[Cell, str]]:
    """Compute the cells that a store lacks, one after the other, a line for each.

    Parameters
    ----------
    cells : sequence of Cell
    sentences : DataChoice
    store : Path

    Returns
    -------
    list of (Cell, str)
        Those that failed, and why.
    """
    # Importing torch takes seconds, which a wrong option should not cost.
    from backend.jobs.run import run_task
    from backend.jobs.shared_work import SharedWork

    tasks, shared, failures = StudyTasks(sentences, store), SharedWork(), list[tuple[Cell, str]]()
    known = ResultStore(store)
    for number, cell in enumerate(cells, 1):
        started, place = time.perf_counter(), f"[{number}/{len(cells)}] {cell.title}"
        try:
            reason = against(cell)
            if reason is not None:
                print(f"{place}: does not apply ({reason})", flush=True)
                continue
            task: AnyTask = tasks.task(cell)
            if not has_run(known, task.config.run_id):
                run_task(task, shared=shared)
                print(f"{place}: {time.perf_counter() - started:.0f} s", flush=True)
        except CortexScaleError as error:
            failures.append((cell, str(error)))
            print(f"{place}: FAILED, {error}", flush=True)
    return failures
